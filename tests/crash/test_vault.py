"""Values under keys and values kept apart: nothing is readable in the files, everything is what it was, keys change."""

from __future__ import annotations

import base64
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from actorflow import app
from actorflow.errors import CONFLICT, INVALID, Error
from actorflow.run.document import PutDocument
from actorflow.run.turn import ChangeRun
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.keyring import Keyring
from actorflow.store.port import Reader
from actorflow.store.rotate import rotate
from actorflow.store.sql import SqlStore
from actorflow.store.vault import Vault
from tests.crash.test_old_store import FILES, KEPT, unpacked

HOST: Final = "app:flows"
WORDS: Final = "nobody else may read this"
PATIENCE: Final = 20
ONE: Final = bytes(range(32))
TWO: Final = bytes(range(32, 64))
LARGE: Final = 10_000
BOTH: Final = ("py", "lua")


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KEY_ONE", base64.b64encode(ONE).decode())
    (tmp_path / "two.key").write_text(TWO.hex() + "\n")


def encryption(tmp_path: Path, active: str, *ids: str) -> list[str]:
    places = {"one": "env:KEY_ONE", "two": f"file:{tmp_path / 'two.key'}"}
    keys = ", ".join(f"{name}: '{places[name]}'" for name in ids)
    return [f"app:flows:encryption={{keys: {{{keys}}}, active: {active}}}"]


def database(path: Path, active: str, *ids: str) -> Sqlite:
    keys = {"one": ONE, "two": TWO}
    return Sqlite(path, Vault(Keyring({name: keys[name] for name in ids}, active)))


def files(place: Path) -> Iterator[bytes]:
    return (file.read_bytes() for file in place.glob("runs.db*"))


def pid_of(name: str) -> str:
    return f"{{local@{HOST}|{name}}}"


async def begin(place: Path, overrides: list[str], value: Any = WORDS) -> None:
    """Have a run that has ended, with a secret result, and one that waits, in each language."""
    async with app.boot(KEPT / "registry", data=place, overrides=overrides) as booted:
        for language in BOTH:
            for name in ("ended", "open"):
                options = {"workflow.id": f"{name}-{language}"}
                await booted.node.spawn(f"app:waiting_{language}", host=HOST, args=[1], options=options)
            await booted.node.send(pid_of(f"ended-{language}"), "go", value)
            await booted.node.wait(pid_of(f"ended-{language}"), timeout=PATIENCE)


async def finish(place: Path, overrides: list[str], value: Any = WORDS) -> list[Any]:
    async with app.boot(KEPT / "registry", data=place, overrides=overrides) as booted:
        for language in BOTH:
            await booted.node.send(pid_of(f"open-{language}"), "go", value)
        names = [f"{name}-{language}" for name in ("ended", "open") for language in BOTH]
        return [await booted.node.wait(pid_of(name), timeout=PATIENCE) for name in names]


def in_the_clear(place: Path) -> bool:
    return any(WORDS.encode() in data for data in files(place))


async def test_nothing_of_a_value_is_readable_in_the_files(tmp_path: Path) -> None:
    await begin(tmp_path / "plain", [])
    assert in_the_clear(tmp_path / "plain"), "the test would see it"
    place, keys = tmp_path / "closed", encryption(tmp_path, "one", "one")
    await begin(place, keys)
    assert not in_the_clear(place)
    assert await finish(place, keys) == [[2, WORDS, 3, 36]] * 4
    assert not in_the_clear(place)
    assert list(examine(database(place / "runs.db", "one", "one"))) == []


async def test_a_missing_key_is_named_and_nothing_is_served(tmp_path: Path) -> None:
    place = tmp_path / "data"
    await begin(place, encryption(tmp_path, "one", "one"))
    for overrides in ([], encryption(tmp_path, "two", "two")):
        async with app.boot(KEPT / "registry", data=place, overrides=overrides) as booted:
            (report,) = [line for line in booted.node.services() if line.id == HOST]
            assert "under key 'one'" in str(report)
    faults = list(examine(Sqlite(place / "runs.db")))
    assert any("under key 'one'" in fault.what for fault in faults)
    assert await finish(place, encryption(tmp_path, "two", "two", "one")) == [[2, WORDS, 3, 36]] * 4, "old values open"


async def test_rotation_beside_a_node_that_stops_anywhere_and_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "data"
    path = unpacked(FILES[0], place / "runs.db")
    await begin(place, encryption(tmp_path, "one", "one"))
    with closing(SqlStore(database(path, "one", "one"))) as store:
        store.commit([PutDocument("token", "a", WORDS.encode())])
    both = encryption(tmp_path, "two", "one", "two")
    target = database(path, "two", "one", "two")
    stops = 0

    class StopError(Exception):
        pass

    def stop(_count: int) -> None:
        raise StopError

    async with app.boot(KEPT / "registry", data=place, overrides=both) as booted:
        while True:
            try:
                await trio.to_thread.run_sync(rotate, target, stop)
            except StopError:
                stops += 1
                await booted.node.spawn("app:waiting_py", host=HOST, args=[stops])
            else:
                break
    assert stops >= 3, "journal, run, document: it is stopped in each"
    only = encryption(tmp_path, "two", "two")
    assert list(examine(database(path, "two", "two"))) == []
    with closing(SqlStore(database(path, "two", "two"))) as store:
        document = store.document("token", "a")
        assert document is not None
        assert document.value == WORDS.encode()
    assert await finish(place, only) == [[2, WORDS, 3, 36]] * 4
    assert not in_the_clear(place)
    assert rotate(database(path, "two", "two")) == 0


def columns(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql).fetchall()


async def test_a_value_under_a_key_belongs_where_it_is(tmp_path: Path) -> None:
    await begin(tmp_path, encryption(tmp_path, "one", "one"))
    path = tmp_path / "runs.db"
    columns(
        path,
        "UPDATE run SET result = (SELECT result FROM run WHERE workflow_id = 'ended-lua') WHERE workflow_id = 'ended-py'",
    )
    with closing(SqlStore(database(path, "one", "one"))) as store, pytest.raises(Error, match="corrupt: a value under"):
        store.find("ended-py")


def test_nonces_are_never_the_same() -> None:
    ring = Keyring({"one": ONE}, "one")
    closed = {ring.close_value(b"same", "here") for _ in range(1000)}
    assert len(closed) == 1000
    assert {ring.open_value(value, "here") for value in closed} == {b"same"}
    with pytest.raises(Error, match="is not what was written there"):
        ring.open_value(closed.pop(), "there")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"one": "env:NOT_THERE"}, "env:NOT_THERE cannot be read"),
        ({"one": "file:/not/there"}, "file:/not/there cannot be read"),
        ({"one": "env:SHORT"}, "got 3 bytes, expected 32"),
        ({"one": "env:ODD"}, "neither base64 nor hexadecimal"),
    ],
)
async def test_a_key_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], message: str
) -> None:
    monkeypatch.setenv("SHORT", "AAAA")
    monkeypatch.setenv("ODD", "a key: !")
    (place,) = keys.values()
    overrides = [f"app:flows:encryption={{keys: {{one: '{place}'}}, active: one}}"]
    async with app.boot(KEPT / "registry", data=tmp_path, overrides=overrides) as booted:
        (report,) = [line for line in booted.node.services() if line.id == HOST]
        assert message in str(report)


# ---- large values ----------------------------------------------------------------------------------------------


def events(reader: Reader, name: str, *, lazy: bool) -> list[int]:
    row = reader.find(name)
    assert row is not None
    journal = reader.load(row.run).events if lazy else reader.journal(row.run)
    return [len(event.payload) for event in journal]


@pytest.mark.parametrize("closed", [False, True])
async def test_large_values_are_kept_apart_once_a_run(tmp_path: Path, *, closed: bool) -> None:
    overrides = [f"app:flows:limits={{offload: {LARGE}}}"] + (encryption(tmp_path, "one", "one") if closed else [])
    large = os.urandom(LARGE * 20).hex()
    await begin(tmp_path, overrides, large)
    path = tmp_path / "runs.db"
    ((count, size),) = columns(path, "SELECT count(*), sum(length(value)) FROM blob")
    assert count == 4, "the message and the result, in two runs"
    assert size > 4 * len(large)
    ((most,),) = columns(path, "SELECT max(length(payload)) FROM journal")
    assert most < LARGE
    kept = database(path, "one", "one") if closed else Sqlite(path)
    with closing(SqlStore(kept)) as store:
        assert max(events(store, "ended-py", lazy=False)) > len(large)
    assert list(examine(kept)) == []
    results = await finish(tmp_path, overrides, large)
    assert results == [[2, large, 3, 36]] * 4, "open runs are replayed with them"

    columns(path, "UPDATE blob SET value = zeroblob(length(value)) WHERE id = 1")
    assert any("corrupt" in fault.what for fault in examine(kept))
    with closing(SqlStore(kept)) as store:
        for name in ("ended-py", "open-lua"):
            row = columns(path, f"SELECT run FROM run WHERE workflow_id = '{name}'")  # noqa: S608
            assert store.commit([ChangeRun("purge", run=row[0][0], workflow_id="")])[0].accepted
    ((left,),) = columns(path, "SELECT count(*) FROM blob WHERE run IN (SELECT run FROM run)")
    assert columns(path, "SELECT count(*) FROM blob") == [(left,)], "they go with their runs"


def test_errors_have_kinds() -> None:
    with pytest.raises(Error) as caught:
        Keyring({"one": ONE}, "two")
    assert caught.value.kind == INVALID
    with pytest.raises(Error) as caught:
        Vault().check({"keys": "one"})
    assert caught.value.kind == CONFLICT
