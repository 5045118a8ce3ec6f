"""Stores of earlier releases: they open, are brought up to date whenever the process dies meanwhile, and finish."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from actorflow import app
from actorflow.errors import CONFLICT, Error
from actorflow.run import state as states
from actorflow.store.dialect import Sqlite
from actorflow.store.migrate.run import migrations
from actorflow.store.port import Reader, RunFilter
from actorflow.store.sql import SqlStore

KEPT: Final = Path(__file__).parents[1] / "vectors" / "stores"
FILES: Final = sorted(KEPT.glob("schema-*.db.gz"))
HOST: Final = "app:flows"
PATIENCE: Final = 20
DIED: Final = 77
LANGUAGES: Final = ("py", "lua")
ALL: Final = 1000


def unpacked(kept: Path, path: Path) -> Path:
    """Lay a kept store down."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.decompress(kept.read_bytes()))
    return path


def make_due(path: Path) -> None:
    """Let the timers and retries of a store be due, whatever the clock says."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE timer SET due = 1")
        connection.execute("UPDATE call SET due = 1")


def faults(reader: Reader) -> list[str]:
    rows = reader.runs(RunFilter(), ALL)
    assert len(rows) >= len(LANGUAGES) * 7
    return [f"{row.workflow_id}: {text}" for row in rows for text in reader.verify(row.run)]


def schema(path: Path) -> set[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT type, name, tbl_name FROM sqlite_schema"))


@pytest.mark.parametrize("kept", FILES, ids=lambda path: path.name)
async def test_a_store_of_an_earlier_schema_is_opened_and_its_runs_finish(tmp_path: Path, kept: Path) -> None:
    make_due(unpacked(kept, tmp_path / "data" / "runs.db"))
    async with app.boot(KEPT / "registry", data=tmp_path / "data") as booted:
        assert await booted.stores.each(faults) == [[]]
        results: dict[str, Any] = {}
        for language in LANGUAGES:
            for name in ("waiting", "parent"):
                child = f"{name}-{language}" + ("/1" if name == "parent" else "")
                await booted.node.send(f"{{local@{HOST}|{child}}}", "go", "later")
            for name in ("done", "waiting", "sleeping", "retrying", "parent"):
                pid = f"{{local@{HOST}|{name}-{language}}}"
                results[f"{name}-{language}"] = await booted.node.wait(pid, timeout=PATIENCE)
            for name in ("failed", "cancelled"):
                with pytest.raises(Error):
                    await booted.node.wait(f"{{local@{HOST}|{name}-{language}}}", timeout=PATIENCE)
        assert await booted.stores.each(faults) == [[]]
    expected = {
        "done": [2, "now", 3, 36],
        "waiting": [11, "later", 12, 36],
        "sleeping": 21,
        "retrying": 130,
        "parent": ["child", [41, "later", 42, 36]],
    }
    assert results == {f"{name}-{language}": value for name, value in expected.items() for language in LANGUAGES}


def test_the_oldest_schema_is_among_the_kept_stores() -> None:
    versions = {int(path.name.removesuffix(".db.gz").partition("-")[2]) for path in FILES}
    assert 1 in versions


def die_at(path: Path, statement: int) -> bool:
    """Open a store in a process of its own that dies after so many statements; tell whether it got that far."""
    child = os.fork()
    if child == 0:
        _open_and_die(path, statement)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, DIED}
    return code == DIED


def _open_and_die(path: Path, statement: int) -> None:
    """Die without any of the manners of a Python process: what has not been synced by SQLite is not."""
    left = [statement]

    def traced(_text: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(DIED)

    connect = sqlite3.connect

    def traced_connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(traced)
        return connection

    sqlite3.connect = traced_connect  # type: ignore[assignment] - only in this process
    try:
        Sqlite(path).connect().close()
    finally:
        os._exit(0)


def fresh(path: Path) -> None:
    """Begin without a store."""
    path.unlink(missing_ok=True)


def old(path: Path) -> None:
    """Begin with the oldest one."""
    unpacked(FILES[0], path)


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("begin", [fresh, old])
def test_a_process_may_die_at_every_statement_of_a_migration(
    tmp_path: Path, begin: Callable[[Path], None], stride: int, seed: int
) -> None:
    """`kill -9` while the schema is made or brought up to date: the next start does what is missing."""
    whole = tmp_path / "whole" / "runs.db"
    whole.parent.mkdir()
    begin(whole)
    Sqlite(whole).connect().close()
    expected, statement, path = schema(whole), seed % stride, tmp_path / "died.db"
    while True:
        for file in tmp_path.glob("died.db*"):
            file.unlink()
        begin(path)
        died = die_at(path, statement)
        with closing(SqlStore(Sqlite(path))) as store:
            assert schema(path) == expected, f"died after {statement} statements"
            if begin is old:
                assert faults(store) == []
        if not died:
            break
        statement += stride
    assert statement > len(migrations("sqlite"))


def test_a_store_of_a_newer_schema_is_refused_by_name(tmp_path: Path) -> None:
    path = unpacked(FILES[0], tmp_path / "runs.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO migration (version, name, checksum) VALUES (99, 'future', 'x')")
    before = path.read_bytes()
    with pytest.raises(
        Error, match=r"runs\.db: got a store of schema 99, expected at most .* newer actorflow"
    ) as caught:
        Sqlite(path).connect()
    assert caught.value.kind == CONFLICT
    assert path.read_bytes() == before, "nothing is written to it"


def test_open_runs_of_a_kept_store_are_of_every_kind(tmp_path: Path) -> None:
    with closing(SqlStore(Sqlite(unpacked(FILES[0], tmp_path / "runs.db")))) as store:
        found = {row.state for row in store.runs(RunFilter(), ALL)}
    assert found >= {states.WAITING, states.RUNNING, states.COMPLETED, states.FAILED, states.CANCELLED}
