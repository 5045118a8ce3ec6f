"""What recovery promises: evicted runs come back, limits pause, and what arrives meanwhile is kept."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import trio

from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.run.event import FUNCTION_COMPLETED, MESSAGE_RECEIVED
from actorflow.run.state import PAUSED, RUNNING
from actorflow.run.turn import StateChange, Turn
from actorflow.store.control import pause_of
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter
from actorflow.store.sql import SqlStore
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.crash.kept import PATIENCE, Ops, parked, reach, read_until, sqlite_rig

# ---- eviction ------------------------------------------------------------------------------------------------------


@pytest.mark.mock_clock
async def test_evicted_runs_come_back_and_finish() -> None:
    store = MemoryStore()
    rig = Durable(lambda: store, {"cache": {"runs": 2}})
    rig.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    rig.add("app:parked", parked)
    async with rig.node() as node:
        engine = engine_of(node)
        pids = [await node.spawn("app:parked", host=WORKFLOWS, args=[number]) for number in range(40)]
        await trio.sleep(3)
        assert len(engine.residents) <= 2
        assert len(engine.open_ids) == 40
        for number, pid in enumerate(pids):
            await node.send(pid, "go", number)
        results = [await node.wait(pid, timeout=PATIENCE) for pid in pids]
    assert results == [[2 * number, 2 * number] for number in range(40)]
    assert rig.notices == []


@pytest.mark.mock_clock
async def test_runs_that_rest_too_long_are_evicted_with_their_timers_kept() -> None:
    def sleeper() -> Ops:
        yield (Op.SLEEP, 3_000_000_000)
        return "slept"

    store = MemoryStore()
    rig = Durable(lambda: store, {"cache": {"runs": 100, "bytes": 1}})
    rig.add("app:sleeper", sleeper)
    async with rig.node() as node:
        pid = await node.spawn("app:sleeper", host=WORKFLOWS)
        await trio.sleep(2)
        assert not engine_of(node).residents
        assert len(store.due_timers(WORKFLOWS, 2**62)) == 1
        await node.terminate(pid)
        assert store.due_timers(WORKFLOWS, 2**62) == []


# ---- limits --------------------------------------------------------------------------------------------------------


async def test_a_long_history_warns_and_then_pauses(tmp_path: Path) -> None:
    def main() -> Ops:
        while True:
            yield (Op.CALL, "app:double", (1,), {})

    rig = sqlite_rig(tmp_path / "runs.db", {"limits": {"history": {"warn": 20, "pause": 40}}})
    rig.add("app:main", main)
    async with rig.node() as node:
        await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        row = await reach(node, "m", PAUSED)
    assert [notice.code for notice in rig.notices] == ["history-long", "run-paused"]
    assert 40 <= row.last_seq <= 42
    assert "the limit is 40" in row.reason
    assert list(pause_of(row.waits).reasons) == [row.reason]


async def resume(path: Path, workflow_id: str) -> None:
    """Do to the store what resuming a run does."""
    with closing(SqlStore(Sqlite(path))) as store:
        row = store.find(workflow_id)
        assert row is not None
        turn = Turn(row.run, row.revision, row.lease, RUNNING, change=StateChange(RUNNING, row.updated, "resumed"))
        (answer,) = store.commit([turn])
        assert answer.accepted


async def test_what_arrives_while_paused_is_stored_and_fed_at_resume(tmp_path: Path) -> None:
    release = tmp_path / "release"

    def main() -> Ops:
        go = yield (Op.LISTEN, "go", False)
        slow = yield (Op.ASYNC, "app:slow", (str(release),), {})
        for _ in range(30):
            yield (Op.CALL, "app:double", (1,), {})
        result, _ = yield (Op.RECEIVE, slow.channel)
        message, _ = yield (Op.RECEIVE, go)
        return [result, message]

    path = tmp_path / "runs.db"
    rig = sqlite_rig(path, {"limits": {"history": {"warn": 20, "pause": 40}}})
    rig.add("app:main", main)
    async with rig.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        run = (await reach(node, "m", PAUSED)).run
        await node.send(pid, "go", "on")
        release.touch()
        kept = await read_until(node, lambda store: len(found := store.inbox(run)) == 2 and found)
        assert {row.kind for row in kept} == {MESSAGE_RECEIVED, FUNCTION_COMPLETED}
        await reach(node, "m", PAUSED)
    release.unlink()  # a second attempt of the slow function would hang
    await resume(path, "m")
    rig.config = {}
    async with rig.node() as node:
        assert await node.wait(pid, timeout=PATIENCE) == ["slow", "on"]


# ---- after a hard stop ---------------------------------------------------------------------------------------------


def copied(path: Path, copy: Path) -> Path:
    """Return a copy of a database that is in use, as it would be found after its node was killed."""
    copy.mkdir()
    for file in (path, Path(f"{path}-wal")):
        (copy / file.name).write_bytes(file.read_bytes())
    return copy / path.name


async def spawn_all(node: Node, entry: str, count: int) -> list[str]:
    """Start runs all at once, as a busy node would; return their PIDs by number."""
    pids = [""] * count

    async def spawn(number: int) -> None:
        pids[number] = await node.spawn(entry, host=WORKFLOWS, args=[number])

    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(spawn, number)
    return pids


async def test_a_thousand_runs_in_flight_are_taken_over(tmp_path: Path) -> None:
    release = tmp_path / "release"

    def main(number: int) -> Ops:
        """Be at one of three places when the node dies: in a call, in a sleep, or waiting for a signal."""
        inbox = yield (Op.INBOX,)
        doubled = yield (Op.CALL, "app:double", (number,), {})
        if number % 3 == 0:
            return [doubled, (yield (Op.CALL, "app:slow", (str(release),), {}))]
        if number % 3 == 1:
            yield (Op.SLEEP, 4_000_000_000)
            return [doubled, "slept"]
        message, _ = yield (Op.RECEIVE, inbox)
        return [doubled, message.value]

    ends = ["slow", "slept", "signalled"]
    path = tmp_path / "runs.db"
    rig = sqlite_rig(path)
    rig.add("app:main", main)
    async with rig.node() as node:
        pids = await spawn_all(node, "app:main", 1000)
        copy = copied(path, tmp_path / "copy")
        release.touch()  # the first node is not what is tested: let it stop
    release.unlink()
    again = sqlite_rig(copy)
    again.boots = rig.boots
    again.add("app:main", main)
    async with again.node() as node:
        taken = set(engine_of(node).open_ids)  # before the others are read: a sleeper may end between the two
        ended = await engine_of(node).writer.read(lambda store: store.runs(RunFilter(state="completed"), 1000))
        assert len(taken | {row.workflow_id for row in ended}) == 1000
        release.touch()
        for number, pid in enumerate(pids):
            if number % 3 == 2:
                await node.send(pid, "go", "signalled")
        results = [await node.wait(pid, timeout=PATIENCE) for pid in pids]
        rows = await engine_of(node).writer.read(lambda store: [store.verify(run) for run in range(1, 1001)])
    assert results == [[2 * number, ends[number % 3]] for number in range(1000)]
    assert rows == [[]] * 1000
    assert again.notices == []
