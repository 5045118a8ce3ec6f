"""Retention: ended runs go when their time has come, whole, oldest first; what is still needed stays."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from actorflow.duration import SECOND
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.run import state as states
from actorflow.run.document import PutDocument
from actorflow.store.approval import APPROVAL
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.port import Reader, RunFilter
from actorflow.store.relocate.move import move_runs
from tests.conformance.process.rig import until
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.crash.kept import PATIENCE, Ops, parked, paused, reach, sqlite_rig

ALL: Final = 10_000


def brief(number: int) -> Ops:
    """Return at once."""
    return number
    yield


def failing(number: int) -> Ops:
    """Fail."""
    raise ValueError(number)
    yield


def rig_of(path: Path, **retention: Any) -> Durable:
    rig = sqlite_rig(path, {"retention": retention})
    rig.add("app:brief", brief)
    rig.add("app:failing", failing)
    rig.add("app:parked", parked)
    return rig


async def run(node: Node, entry: str, name: str) -> None:
    pid = await node.spawn(entry, host=WORKFLOWS, args=[1], options={"workflow.id": name})
    try:
        await node.wait(pid, timeout=PATIENCE)
    except Error:
        assert entry == "app:failing"


def age(path: Path, seconds: int) -> None:
    """Let everything have happened so many seconds earlier."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET updated = updated - ?", (seconds * SECOND,))
        connection.execute("UPDATE state_history SET at = at - ?", (seconds * SECOND,))


async def kept(node: Node) -> list[str]:
    def read(reader: Reader) -> list[str]:
        return sorted(row.workflow_id for row in reader.runs(RunFilter(), ALL))

    return await engine_of(node).writer.read(read)


def left_of(path: Path) -> dict[str, int]:
    tables = ("run", "journal", "state_history", "inbox", "document", "blob")
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


async def test_each_way_to_end_has_its_time_and_the_newest_stay(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    rig = rig_of(path, completed=60 * SECOND, failed=600 * SECOND, keep=2)
    async with rig.node() as node:
        for name in ("first", "second"):
            await run(node, "app:brief", name)
        await run(node, "app:failing", "broken")
        await node.spawn("app:parked", host=WORKFLOWS, args=[1], options={"workflow.id": "open"})
        await reach(node, "open", states.WAITING, events=3)
        for name in ("third", "fourth", "fifth"):
            await run(node, "app:brief", name)
    age(path, 100)
    async with rig.node() as node:
        remover = engine_of(node).remover
        await run(node, "app:brief", "new")
        assert await remover.sweep() == 4, "first to fourth: the fifth is among the newest two"
        assert await kept(node) == ["broken", "fifth", "new", "open"]
        assert await remover.sweep() == 0
    assert left_of(path)["run"] == 4
    assert list(examine(Sqlite(path))) == []
    age(path, 1000)
    async with rig.node() as node:
        assert await engine_of(node).remover.sweep() == 1, "the failed one; the newest stay"
        assert await kept(node) == ["fifth", "new", "open"]


async def test_without_retention_everything_stays(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "runs.db")
    async with rig.node() as node:
        await run(node, "app:brief", "first")
    age(tmp_path / "runs.db", 10**9)
    async with rig.node() as node:
        assert await engine_of(node).remover.sweep() == 0
        assert await kept(node) == ["first"]


async def test_documents_of_a_run_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    rig = rig_of(path, completed=60 * SECOND)
    async with rig.node() as node:
        await run(node, "app:brief", "first")
        writer = engine_of(node).writer
        row = await writer.read(lambda store: store.find("first"))
        await writer.write(PutDocument(APPROVAL, f"{row.run_id}/pay/000001", b"\xf6"))
        await writer.write(PutDocument(APPROVAL, "another/pay/000001", b"\xf6"))
    age(path, 100)
    async with rig.node() as node:
        assert await engine_of(node).remover.sweep() == 1
    assert left_of(path) == {"run": 0, "journal": 0, "state_history": 0, "inbox": 0, "document": 1, "blob": 0}


async def test_ended_runs_that_a_move_has_brought_go_too(tmp_path: Path) -> None:
    path, other = tmp_path / "runs.db", tmp_path / "other.db"
    async with rig_of(other).node() as node:
        await run(node, "app:brief", "moved")
    age(other, 100)
    async with rig_of(path, completed=60 * SECOND).node() as node:
        remover = engine_of(node).remover
        await run(node, "app:brief", "new")
        assert await remover.sweep() == 0
        await trio.to_thread.run_sync(move_runs, Sqlite(other), Sqlite(path))
        assert await kept(node) == ["moved", "new"]
        assert await remover.sweep() == 1
        assert await kept(node) == ["new"]


async def test_a_child_stays_as_long_as_its_parent_is_open(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    rig = rig_of(path, completed=60 * SECOND)
    async with rig.node() as node:
        await node.spawn("app:parked", host=WORKFLOWS, args=[1], options={"workflow.id": "parent"})
        parent = await reach(node, "parent", states.WAITING, events=3)
        await run(node, "app:brief", "child")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET parent_run = ? WHERE workflow_id = 'child'", (parent.run,))
    age(path, 100)
    async with rig.node() as node:
        remover = engine_of(node).remover
        assert await remover.sweep() == 0
        await node.send(f"{{local@{WORKFLOWS}|parent}}", "go", 1)
        await reach(node, "parent", states.COMPLETED)
        assert await remover.sweep() == 1, "the child; its parent has just ended"
        assert await kept(node) == ["parent"]


@asynccontextmanager
async def limited(path: Path, history: dict[str, int]) -> AsyncIterator[tuple[Durable, Node]]:
    rig = sqlite_rig(path, {"limits": {"history": history}})
    rig.add("app:parked", parked)
    async with rig.node() as node:
        await node.spawn("app:parked", host=WORKFLOWS, args=[1], options={"workflow.id": "long"})
        await reach(node, "long", states.WAITING, events=3)
        yield rig, node


@pytest.mark.parametrize("size", [20_000, 200])
async def test_a_history_of_many_bytes_is_noticed_and_then_stops_its_run(tmp_path: Path, size: int) -> None:
    async with limited(tmp_path / "runs.db", {"bytes": 25_000}) as (rig, node):
        await node.send(f"{{local@{WORKFLOWS}|long}}", "other", "x" * size)
        if size < 1000:
            await reach(node, "long", states.COMPLETED)
            assert paused(rig.notices) == []
            return
        row = await reach(node, "long", states.PAUSED)
        await until(lambda: paused(rig.notices))
        assert "bytes, the limit is 25000" in row.reason
        assert "process.upgrade" in row.reason
