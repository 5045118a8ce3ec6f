"""Runs that are due in one moment are read together; what cannot be read like that is read alone, and fails alone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.codec import encode
from actorflow.machine.op import Op
from actorflow.ports import SpawnRequest
from actorflow.run.event import MESSAGE_RECEIVED, TIMER_FIRED
from actorflow.run.state import PAUSED
from actorflow.run.turn import Delivery, OpenRun, StartRun
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.sql import SqlStore
from hosts.workflow.engine import Engine
from hosts.workflow.gathering import Gathering
from hosts.workflow.live import Fact
from hosts.workflow.resident import Resident
from tests.conformance.process.rig import until
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_schedules import TrioClock
from tests.crash.kept import PATIENCE, Ops, parked, reach, sqlite_rig

RUNS = 1_000
LONG = 250


class Counting(MemoryStore):
    """A store that counts how it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()
        self.most = 0
        self.runs: list[int] = []

    def load(self, run: int, *, lazy: bool = False) -> OpenRun:
        self.reads["one"] += 1
        return super().load(run, lazy=lazy)

    def load_many(self, runs: Sequence[int], longest: int, *, lazy: bool = False) -> list[OpenRun]:
        found = super().load_many(runs, longest, lazy=lazy)
        self.reads["one"] -= len(found)  # it reads them by `load`
        self.reads["many"] += 1
        self.most = max(self.most, len(found))
        self.runs += runs
        return found


@pytest.mark.mock_clock
async def test_runs_due_in_one_moment_are_read_together() -> None:
    def sleeper(number: int) -> Ops:
        yield (Op.SLEEP, 10_000_000_000)
        return number

    store = Counting()
    rig = Durable(lambda: store, {"cache": {"runs": 2}})
    rig.clock = TrioClock()
    rig.add("app:sleeper", sleeper)
    async with rig.node() as node:
        engine = engine_of(node)
        pids = [await node.spawn("app:sleeper", host=WORKFLOWS, args=[number]) for number in range(RUNS)]
        await trio.sleep(5)
        assert len(engine.residents) <= 2
        results = [await node.wait(pid, timeout=PATIENCE) for pid in pids]
        assert not engine.residents
    assert results == list(range(RUNS))
    assert store.reads["one"] + store.reads["many"] <= RUNS / 20, (
        "ten at best; a machine that stalls has them come apart"
    )
    assert 100 <= store.most <= 500, "as many as one statement is worth, and no more than memory is"


@pytest.mark.mock_clock
async def test_runs_due_in_one_moment_are_rebuilt_in_the_order_of_their_rows_whatever_their_timers_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sleeper(number: int) -> Ops:
        yield (Op.SLEEP, 100_000_000_000)
        return number

    store = Counting()
    rig = Durable(lambda: store, {"cache": {"runs": 0}})
    rig.clock = TrioClock()
    rig.add("app:sleeper", sleeper)
    monkeypatch.setattr("hosts.workflow.gathering._AT_ONCE", 20)
    async with rig.node() as node:
        engine = engine_of(node)
        pids = [await node.spawn("app:sleeper", host=WORKFLOWS, args=[number]) for number in range(60)]
        await trio.sleep(5)
        assert not engine.residents
        runs = [row.run for row in store.open_runs(WORKFLOWS)]
        store.runs.clear()
        engine.timers.firing = True  # as it is until all that came in this moment are there, however long that takes
        for place in range(60):
            engine.fact(runs[place * 7 % 60], Fact(TIMER_FIRED, 1, "", encode(None), engine.clock.now()))
        while len(engine.gathering) < 60:
            await trio.lowlevel.checkpoint()
        engine.timers.firing = False
        assert [await node.wait(pid, timeout=PATIENCE) for pid in pids] == list(range(60))
    assert store.runs == sorted(runs)


async def test_runs_are_put_in_order_when_all_timers_of_the_moment_have_fired() -> None:
    rig = Durable(MemoryStore)
    taken: list[Resident] = []
    async with rig.node() as node, trio.open_nursery() as nursery:
        engine = engine_of(node)
        gathering = Gathering(engine)

        async def take() -> None:
            taken.extend(await gathering.following())

        engine.timers.firing = True
        gathering.want(Resident(5))
        nursery.start_soon(take)
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        gathering.want(Resident(3))
        assert not taken
        engine.timers.firing = False
    assert [resident.run for resident in taken] == [3, 5]


async def test_who_comes_while_many_wait_is_rebuilt_after_them_and_not_for_ever_behind_lower_numbers() -> None:
    rig = Durable(MemoryStore)
    async with rig.node() as node:
        gathering = Gathering(engine_of(node))
        for run in (*range(1_000, 0, -1), 2_000):
            gathering.want(Resident(run))
        taken = [resident.run for resident in await gathering.following()]
        gathering.want(Resident(0))
        while gathering:
            taken += [resident.run for resident in await gathering.following()]
    assert taken == [*range(1, 1_001), 2_000, 0]


async def test_short_journals_are_read_at_once_and_where_others_write_too_by_the_thread_that_reads() -> None:
    def sleeper() -> Ops:
        yield (Op.SLEEP, 3_600_000_000_000)

    store = Counting()
    rig = Durable(lambda: store, {"cache": {"runs": 0}})
    rig.add("app:sleeper", sleeper)
    far: list[Any] = []
    async with rig.node() as node:
        engine = engine_of(node)
        for number in range(3):
            await node.spawn("app:sleeper", host=WORKFLOWS, options={"workflow.id": f"s/{number}"})
        runs = [(await reach(node, f"s/{number}", "waiting", 2)).run for number in range(3)]
        read, me = engine.writer.read, trio.lowlevel.current_task()

        async def counted(what: Any) -> Any:
            if trio.lowlevel.current_task() is me:  # the engine looks at its store by itself, too
                far.append(what)
            return await read(what)

        engine.writer.read = counted  # type: ignore[method-assign, assignment]
        assert sorted(await engine.gathering.read(runs)) == runs
        assert not far
        store.shared = True
        assert sorted(await engine.gathering.read(runs)) == runs
        assert len(far) == 1
        store.shared = False
        engine.writer.read = read  # type: ignore[method-assign]


@pytest.mark.mock_clock
async def test_a_long_history_is_read_beside_the_others() -> None:
    def main(number: int) -> Ops:
        for _ in range(LONG if number == 0 else 1):
            yield (Op.CALL, "app:double", (1,), {})
        yield (Op.SLEEP, 10_000_000_000)
        return number

    store = Counting()
    rig = Durable(lambda: store, {"cache": {"runs": 0}})
    rig.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    rig.clock = TrioClock()
    rig.add("app:main", main)
    async with rig.node() as node:
        pids = [await node.spawn("app:main", host=WORKFLOWS, args=[number]) for number in range(5)]
        await trio.sleep(5)
        assert not engine_of(node).residents
        store.reads.clear()
        assert [await node.wait(pid, timeout=PATIENCE) for pid in pids] == list(range(5))
    assert store.reads["one"] == 1


async def test_one_that_cannot_be_read_pauses_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    rig = sqlite_rig(path)
    rig.add("app:parked", parked)
    async with rig.node() as node:
        ids = [f"p/{number}" for number in range(6)]
        options = ({"workflow.id": name} for name in ids)
        pids = [await node.spawn("app:parked", host=WORKFLOWS, args=[1], options=each) for each in options]
        rows = [await reach(node, name, "waiting", 3) for name in ids]
    with closing(SqlStore(Sqlite(path))) as store:
        payload = encode(["", [7]])
        told = [Delivery("", MESSAGE_RECEIVED, "go", "", payload, 1, run=row.run) for row in rows]
        assert all(answer.accepted for answer in store.commit(told))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE inbox SET payload = x'80' WHERE run = ?", (rows[2].run,))
    async with rig.node() as node:
        done = [await node.wait(pid, timeout=PATIENCE) for place, pid in enumerate(pids) if place != 2]
        assert done == [[2, 14]] * 5
        row = await reach(node, ids[2], PAUSED)
    assert "corrupt" in row.reason


class Damaged(MemoryStore):
    """A store in which the second event of some journals is not what it was."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: set[int] = set()

    def load(self, run: int, *, lazy: bool = False) -> OpenRun:
        found = super().load(run, lazy=lazy)
        if run in self.damaged:
            found.events[1] = found.events[1]._replace(at=found.events[1].at + 1)
        return found


@pytest.mark.mock_clock
async def test_what_is_wrong_with_one_of_many_is_found_and_the_others_wake() -> None:
    naps = dict.fromkeys(range(7), 10_000_000_000)

    def sleeper(number: int) -> Ops:
        yield (Op.SLEEP, naps[number])
        return number

    store = Damaged()
    rig = Durable(lambda: store, {"cache": {"runs": 0}})
    rig.clock = TrioClock()
    rig.add("app:sleeper", sleeper)
    async with rig.node() as node:
        ids = [f"s/{number}" for number in range(7)]
        options = ({"workflow.id": name} for name in ids)
        pids = [
            await node.spawn("app:sleeper", host=WORKFLOWS, args=[number], options=each)
            for number, each in enumerate(options)
        ]
        rows = [await reach(node, name, "waiting", 2) for name in ids]
        await trio.sleep(5)
        assert not engine_of(node).residents
        store.damaged.add(rows[2].run)
        naps[4] += 1
        well = [place for place in range(7) if place not in {2, 4}]
        assert [await node.wait(pids[place], timeout=PATIENCE) for place in well] == well
        damaged, differs = [await reach(node, ids[place], PAUSED) for place in (2, 4)]
    assert "corrupt" in damaged.reason
    assert "TimerStarted" in differs.reason


async def test_who_waits_behind_parents_is_rebuilt_when_the_starts_they_are_held_for_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their children are there, so nobody has anything to do then: what waits for their turns hears of it all the same."""

    def child() -> Ops:
        inbox = yield (Op.INBOX,)
        yield (Op.RECEIVE, inbox)

    def parent() -> Ops:
        return (yield (Op.EXEC, SpawnRequest("app:child")))

    rig = sqlite_rig(tmp_path / "runs.db")
    rig.add("app:child", child)
    rig.add("app:parent", parent)
    async with rig.node() as node:
        for number in range(6):
            await node.spawn("app:parent", host=WORKFLOWS, options={"workflow.id": f"p/{number}"})
        rows = [await reach(node, f"p/{number}", "running", 2) for number in range(6)]
        for number in range(6):
            await reach(node, f"p/{number}/1", "waiting")
    under_way: list[Any] = []
    submit = Engine.submit

    def late(engine: Engine, item: Any, callback: Any) -> None:
        if isinstance(item, StartRun):
            under_way.append((item, callback))
        else:
            submit(engine, item, callback)

    monkeypatch.setattr("hosts.workflow.gathering._AT_ONCE", 2)
    monkeypatch.setattr(Engine, "submit", late)
    async with rig.node() as node:
        engine = engine_of(node)
        await until(lambda: len(under_way) == 4)
        monkeypatch.setattr(Engine, "submit", submit)
        for item, callback in under_way:
            engine.submit(item, callback)
        residents = engine.residents
        with trio.fail_after(30):  # without that something else comes along after a minute
            await until(lambda: all(row.run in residents and residents[row.run].live is not None for row in rows))
