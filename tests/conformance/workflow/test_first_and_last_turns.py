"""What a run does first goes with its start where it can, and its end is one turn: what is written, and what goes on."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio

from actorflow.duration import MINUTE, SECOND
from actorflow.errors import CANCELED
from actorflow.machine.op import Op
from actorflow.ports import Outcome, SpawnRequest
from actorflow.run import event as events
from actorflow.run.last_turn import LastTurn
from actorflow.run.state import CANCELLED, COMPLETED, CREATED, FAILED, WAITING
from actorflow.run.turn import Item, Turn
from actorflow.store.memory import MemoryStore
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_schedules import Ops, TrioClock

pytestmark = pytest.mark.mock_clock
BEGUN = [events.RUN_STARTED, events.TIMER_STARTED]
DOUBLE = "async def main(x):\n    return x * 2\n"


class Watched(MemoryStore):
    """A store that keeps the items it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []

    def commit(self, batch: Any) -> Any:
        self.items += batch
        return super().commit(batch)

    @property
    def turns(self) -> list[type]:
        return [type(item) for item in self.items if isinstance(item, Turn)]


def naps(delay: int) -> Ops:
    yield (Op.SLEEP, delay)
    return "rested"


def calls_and_naps() -> Ops:
    timer = yield (Op.AFTER, MINUTE)
    first = yield (Op.CALL, "app:double", (4,), {})
    return [first, (yield (Op.RECEIVE, timer))[1]]


def fails_later() -> Ops:
    yield (Op.SLEEP, SECOND)
    raise ValueError("no more")


def naps_twice() -> Ops:
    yield (Op.SLEEP, SECOND)
    yield (Op.SLEEP, SECOND)
    return "rested twice"


def leaves_a_timer() -> Ops:
    yield (Op.AFTER, MINUTE)
    yield (Op.SLEEP, SECOND)
    return "gone"


def rig() -> tuple[Durable, Watched]:
    store = Watched()
    durable = Durable(lambda: store)
    durable.clock = TrioClock()
    for script in (naps, calls_and_naps, fails_later, naps_twice, leaves_a_timer):
        durable.add(f"app:{script.__name__}", script)
    durable.registry.add_python("app:double", DOUBLE)
    return durable, store


async def test_a_run_that_sleeps_first_starts_with_its_timer_and_outlives_its_node() -> None:
    durable, store = rig()
    async with durable.node() as node:
        pid = await node.spawn("app:naps", host=WORKFLOWS, args=[MINUTE], options={"workflow.id": "n"})
        held = store.load(1)
        assert [event.kind for event in held.events] == BEGUN
        assert (held.row.state, held.row.revision) == (WAITING, 1)
        assert held.timers == [(1, held.events[0].at + MINUTE)]
        assert not store.turns
    async with durable.node() as node:
        await trio.sleep(2 * MINUTE / SECOND)
        assert await node.wait(pid, timeout=30) == "rested"
    assert store.turns == [LastTurn]


async def test_what_is_called_beside_a_first_timer_is_called_once_and_both_are_answered() -> None:
    durable, store = rig()
    async with durable.node() as node:
        pid = await node.spawn("app:calls_and_naps", host=WORKFLOWS)
        assert [event.kind for event in store.load(1).events] == [*BEGUN, events.FUNCTION_CALLED]
        doubled, _ = await node.wait(pid, timeout=2 * MINUTE / SECOND)
        assert doubled == 8
    kinds = [event.kind for event in store.load(1).events]
    assert (kinds.count(events.FUNCTION_CALLED), kinds.count(events.TIMER_FIRED)) == (1, 1)


async def test_a_first_timer_that_is_given_up_before_anything_was_written_is_not_set() -> None:
    def gives_up() -> Ops:
        timer = yield (Op.TIMER, MINUTE)
        yield (Op.TIMER_STOP, timer)
        yield (Op.SLEEP, SECOND)

    durable, store = rig()
    durable.add("app:gives_up", gives_up)
    async with durable.node() as node:
        pid = await node.spawn("app:gives_up", host=WORKFLOWS)
        await trio.sleep(0.5)
        assert len(store.load(1).timers) == 1
        await node.wait(pid, timeout=60)


@pytest.mark.parametrize(
    ("script", "state", "turns", "end"),
    [
        ("naps", COMPLETED, [LastTurn], events.RUN_COMPLETED),
        ("fails_later", FAILED, [LastTurn], events.RUN_FAILED),
        ("naps_twice", COMPLETED, [Turn, LastTurn], events.RUN_COMPLETED),
        ("leaves_a_timer", COMPLETED, [Turn], events.RUN_COMPLETED),
    ],
)
async def test_a_run_ends_in_one_turn_and_leaves_nothing(script: str, state: str, turns: list[type], end: str) -> None:
    durable, store = rig()
    async with durable.node() as node:
        args = [SECOND] if script == "naps" else []
        pid = await node.spawn(f"app:{script}", host=WORKFLOWS, args=args, options={"workflow.id": "same"})
        outcomes = []
        node.router.watch(pid, outcomes.append)
        await trio.sleep(10)
        held = store.load(1)
        assert (held.row.state, held.events[-1].kind, held.timers) == (state, end, [])
        assert [change.state for change in store.history(1)][-1] == state
        assert held.row.reason == ("" if state == COMPLETED else outcomes[0].failure.message)
        assert len(outcomes) == 1
        assert store.turns == turns
        again = await node.spawn(f"app:{script}", host=WORKFLOWS, args=args, options={"workflow.id": "same"})
        assert again == pid  # its id is free
        await trio.sleep(10)
    assert store.load(2).row.state == state
    assert not store.due_timers(WORKFLOWS, math.inf, 10)


async def test_a_run_that_is_cancelled_while_its_last_turn_is_due_ends_once() -> None:
    durable, store = rig()
    async with durable.node() as node:
        pid = await node.spawn("app:naps", host=WORKFLOWS, args=[MINUTE])
        await node.terminate(pid)
        await trio.sleep(2 * MINUTE / SECOND)
    held = store.load(1)
    assert held.row.state == CANCELLED
    assert [event.kind for event in held.events] == [*BEGUN, events.RUN_CANCELLED]


@pytest.mark.parametrize("policy", ["terminate", "request_cancel"])
async def test_a_child_that_goes_with_its_parent_hears_of_its_last_turn_at_once(policy: str) -> None:
    def parent() -> Ops:
        options = {"workflow.id": "child", "workflow.parent_close_policy": policy}
        yield (Op.SPAWN, SpawnRequest("app:naps", args=(60 * MINUTE,), options=options))
        yield (Op.SLEEP, SECOND)
        return "over"

    durable, store = rig()
    durable.add("app:parent", parent)
    async with durable.node() as node:
        pid = await node.spawn("app:parent", host=WORKFLOWS)
        ends: list[Outcome] = []
        await trio.sleep(0.5)
        node.router.watch(engine_of(node).hosts[WORKFLOWS].pid_of("child"), ends.append)
        assert await node.wait(pid, timeout=10) == "over"
        await trio.sleep(1)  # of a clock that is moved: nobody looks around so soon
        assert LastTurn in store.turns
        assert [end.failure.kind for end in ends if end.failure is not None] == [CANCELED]
        assert store.load(2).row.state == CANCELLED
        assert 2 not in engine_of(node).residents


async def test_who_stands_in_line_for_an_id_begins_with_the_last_turn_of_who_held_it() -> None:
    durable, store = rig()
    async with durable.node() as node:
        options = {"workflow.id": "same"}
        await node.spawn("app:naps", host=WORKFLOWS, args=[SECOND], options=options)
        options["workflow.on_conflict"] = "queue"
        await node.spawn("app:naps", host=WORKFLOWS, args=[SECOND], options=options)
        assert [store.load(run).row.state for run in (1, 2)] == [WAITING, CREATED]
        await trio.sleep(5)  # of a clock that is moved: nobody looks around so soon
        assert [store.load(run).row.state for run in (1, 2)] == [COMPLETED, COMPLETED]
        assert store.turns[0] is LastTurn
