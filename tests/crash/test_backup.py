"""Backups under load: what was acknowledged before is in them, and nothing of a copy runs before it is activated."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from actorflow import app
from actorflow.cli import backup as cli
from actorflow.cli.failing import end_of
from actorflow.errors import CONFLICT, Error
from actorflow.node.control_client import Client
from actorflow.node.node import Node
from actorflow.run import state as states
from actorflow.store.backup import back_up, restore
from actorflow.store.dialect import Sqlite
from actorflow.store.epoch import activate
from actorflow.store.examine import examine
from actorflow.store.port import Reader, RunFilter
from actorflow.store.sql import SqlStore
from tests.crash.living import HOST, REGISTRY, pid_of
from tests.crash.test_old_store import FILES, unpacked

RATE: Final = 200
"""Runs started a second."""
BEFORE: Final = 40
AFTER: Final = 10
PATIENCE: Final = 30
DIED: Final = 77
ALL: Final = 10_000


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "effects").mkdir()
    monkeypatch.setenv("CRASH_PLACE", str(tmp_path))


async def start_runs(node: Node, acknowledged: list[str], patience: str) -> None:
    """Start runs at the rate until cancelled."""
    for number in range(ALL):
        workflow_id = f"run-{number}"
        options = {"workflow.id": workflow_id}
        language = ("py", "lua")[number % 2]
        await node.spawn(f"app:approval_{language}", host=HOST, args=[workflow_id, patience], options=options)
        acknowledged.append(workflow_id)
        await trio.sleep(1 / RATE)


async def until_started(acknowledged: list[str], count: int) -> None:
    with trio.fail_after(PATIENCE):
        while len(acknowledged) < count:  # noqa: ASYNC110 - any of them may fail
            await trio.sleep(0.01)


def states_of(path: Path) -> dict[str, str]:
    with closing(SqlStore(Sqlite(path))) as store:
        return {row.workflow_id: row.state for row in store.runs(RunFilter(), ALL)}


def rows(reader: Reader) -> dict[str, str]:
    return {row.workflow_id: row.state for row in reader.runs(RunFilter(), ALL)}


def effects(place: Path) -> set[str]:
    return {file.name for file in (place / "effects").iterdir()}


async def test_a_copy_made_under_load_is_whole_and_runs_only_when_activated(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    copy = tmp_path / "copies" / "one.db"
    async with app.boot(REGISTRY, data=tmp_path / "data") as booted, trio.open_nursery() as nursery:
        nursery.start_soon(start_runs, booted.node, acknowledged, "10ms")
        await until_started(acknowledged, BEFORE)
        before = list(acknowledged)
        async with Client(tmp_path / "data") as client:
            sizes = await client.backup(copy)
        assert sizes == {str(copy): copy.stat().st_size}
        await until_started(acknowledged, len(before) + AFTER)
        nursery.cancel_scope.cancel()

    restore(copy, tmp_path / "again" / "runs.db")
    assert list(examine(Sqlite(tmp_path / "again" / "runs.db"))) == []
    held = states_of(tmp_path / "again" / "runs.db")
    assert set(before) <= set(held) < set(acknowledged) | {f"run-{len(acknowledged)}"}
    still_open = {name for name, state in held.items() if state not in states.TERMINAL}
    assert still_open, "a copy made under load has runs under way"

    happened = effects(tmp_path)
    async with app.boot(REGISTRY, data=tmp_path / "again") as booted:
        with pytest.raises(Error, match="not running"):
            await booted.node.spawn("app:approval_py", host=HOST, args=["new", "1h"])
        await trio.sleep(0.1)
        (seen,) = await booted.stores.each(rows)
        assert seen == held, "reads work, and nothing runs"
        (report,) = [line for line in booted.node.services() if line.id == HOST]
        assert "restore --activate" in str(report)
    assert effects(tmp_path) == happened

    assert activate(Sqlite(tmp_path / "again" / "runs.db"))
    async with app.boot(REGISTRY, data=tmp_path / "again") as booted:
        for name in still_open:
            assert await booted.node.wait(pid_of(name), timeout=PATIENCE) == {"by": "nobody"}
    assert list(examine(Sqlite(tmp_path / "again" / "runs.db"))) == []


def sound(path: Path) -> Path:
    return unpacked(FILES[0], path / "runs.db")


def run(verb: Any, **arguments: Any) -> int:
    try:
        verb(directory=REGISTRY, **arguments)
    except Exception as error:  # noqa: BLE001 - as the command line does
        return end_of(error)
    return 0


def test_the_verbs_copy_verify_and_activate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound(tmp_path / "data")
    assert run(cli.backup, target=tmp_path / "copies", data=tmp_path / "data", as_json=True) == 0
    copy = tmp_path / "copies" / "runs.db"
    assert json.loads(capsys.readouterr().out) == [{"file": str(copy), "bytes": copy.stat().st_size}]
    assert run(cli.backup, target=tmp_path / "copies", data=tmp_path / "data") == 4, "nothing is overwritten"
    assert run(cli.restore, source=tmp_path / "copies", data=tmp_path / "new") == 0
    assert run(cli.restore, source=tmp_path / "copies", data=tmp_path / "new") == 4
    assert "before `actorflow restore --activate`" in capsys.readouterr().err
    assert run(cli.restore, activate=True, data=tmp_path / "new") == 0
    assert "activated" in capsys.readouterr().out
    assert not activate(Sqlite(tmp_path / "new" / "runs.db")), "it is by now"
    assert run(cli.restore, source=copy, data=tmp_path / "third", activate=True) == 0
    assert run(cli.restore, source=tmp_path / "nowhere", data=tmp_path / "fourth") == 3
    assert run(cli.restore, data=tmp_path / "fourth") == 2


def test_a_damaged_backup_is_not_activated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sound(tmp_path / "data")
    with closing(Sqlite(path).connect()) as connection:
        connection.execute("UPDATE journal SET payload = X'01' WHERE run = 4 AND seq = 2")
    back_up(Sqlite(path), tmp_path / "copy.db")
    assert run(cli.restore, source=tmp_path / "copy.db", data=tmp_path / "new", activate=True) == 1
    assert "does not match its digest" in capsys.readouterr().out
    assert activate(Sqlite(tmp_path / "new" / "runs.db")), "it was not"


def test_a_copy_of_a_copy_is_another_epoch(tmp_path: Path) -> None:
    path = sound(tmp_path)
    epochs = []
    for number in range(3):
        with closing(SqlStore(Sqlite(path))) as store:
            epochs.append(store.info().get("epoch", "1"))
        back_up(Sqlite(path), tmp_path / f"{number}.db")
        path = tmp_path / f"{number}.db"
        assert activate(Sqlite(path))
    assert epochs == ["1", "2", "3"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_backup_whose_process_dies_leaves_no_file_or_a_whole_one(tmp_path: Path, when: str) -> None:
    path = sound(tmp_path)
    child = os.fork()
    if child == 0:
        rename = Path.rename

        def dying(part: Path, file: Path) -> Path:
            if when == "after":
                rename(part, file)
            os._exit(DIED)

        Path.rename = dying  # type: ignore[method-assign, assignment] - only in this process
        try:
            back_up(Sqlite(path), tmp_path / "copy.db")
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == DIED
    assert (tmp_path / "copy.db").exists() == (when == "after")
    if when == "before":
        back_up(Sqlite(path), tmp_path / "copy.db")
    assert list(examine(Sqlite(tmp_path / "copy.db"))) == []
    assert activate(Sqlite(tmp_path / "copy.db")), "no copy is ever active"


def test_what_is_no_store_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(Error, match=r"text\.db: not an SQLite database"):
        restore(tmp_path / "text.db", tmp_path / "runs.db")
    assert not (tmp_path / "runs.db").exists()
    (tmp_path / "runs.db").touch()
    with pytest.raises(Error, match="is there already") as caught:
        restore(sound(tmp_path / "other"), tmp_path / "runs.db")
    assert caught.value.kind == CONFLICT
