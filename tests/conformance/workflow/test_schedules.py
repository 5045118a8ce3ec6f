"""Schedules on a mock clock: what is due, overlap, catch-up, and a slot that is dealt with twice."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import trio

from actorflow.duration import HOUR, SECOND
from actorflow.errors import UNAVAILABLE, Error
from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.registry.kinds.workflow_schedule import WorkflowSchedule
from actorflow.run.turn import Committed, Item
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter
from hosts.workflow.schedule.schedule import Schedule
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of

Ops = Generator[tuple[Any, ...], Any, Any]
T0 = 1_799_999_000 * SECOND // HOUR * HOUR


class TrioClock:
    """The wall clock follows trio's, which a test moves; `ahead` is how far it is moved beside that."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return T0 + int(trio.current_time() * SECOND) + self.ahead

    def monotonic(self) -> int:
        return int(trio.current_time() * SECOND)


def quick(*_args: Any) -> Ops:
    return (yield (Op.NOW,))


def patient(*_args: Any) -> Ops:
    inbox = yield (Op.INBOX,)
    yield (Op.RECEIVE, inbox)
    return "told"


def rig() -> tuple[Durable, MemoryStore, TrioClock]:
    store, clock = MemoryStore(), TrioClock()
    durable = Durable(lambda: store)
    durable.clock = clock
    durable.add("app:quick", quick)
    durable.add("app:patient", patient)
    return durable, store, clock


def schedule_of(node: Node, **fields: Any) -> Schedule:
    given = {"target": "app:quick", "host": WORKFLOWS, "cron": "0 * * * *", **fields}
    return Schedule("app:hourly", WorkflowSchedule.model_validate(given, context={"namespace": "app"}), node)


def started(store: MemoryStore) -> list[int]:
    """Return the hours at which runs were started, the first first."""
    return [round((row.created - T0) / HOUR, 2) for row in reversed(store.runs(RunFilter()))]


@pytest.mark.mock_clock
async def test_each_slot_starts_one_run() -> None:
    durable, store, _ = rig()
    async with durable.node() as node:
        schedule = schedule_of(node)
        await schedule.start()
        await trio.sleep(2.5 * 3600)
        assert started(store) == [1, 2]
        await schedule.stop(0)
        await trio.sleep(3600)
        assert started(store) == [1, 2]


@pytest.mark.mock_clock
@pytest.mark.parametrize(
    ("policy", "expected"), [("none", [1, 5]), ("once", [1, 4.5, 5]), ("all", [1, 4.5, 4.5, 4.5, 5])]
)
async def test_slots_that_passed_while_no_node_ran(policy: str, expected: list[float]) -> None:
    durable, store, _ = rig()
    async with durable.node() as node:
        schedule = schedule_of(node, catch_up=policy)
        await schedule.start()
        await trio.sleep(1.5 * 3600)
        await schedule.stop(0)
    await trio.sleep(3 * 3600)
    async with durable.node() as node:
        schedule = schedule_of(node, catch_up=policy)
        await schedule.start()
        await trio.sleep(3600)
        assert started(store) == expected
        await schedule.stop(0)


@pytest.mark.mock_clock
async def test_a_clock_that_is_set_forward_is_caught_up_and_backward_repeats_nothing() -> None:
    durable, store, clock = rig()
    async with durable.node() as node:
        schedule = schedule_of(node, catch_up="none")
        await schedule.start()
        await trio.sleep(1.5 * 3600)
        clock.ahead = 24 * HOUR
        await trio.sleep(3600)
        clock.ahead = 0
        await trio.sleep(2 * 3600)
        assert len(started(store)) == 2
        await schedule.stop(0)


@pytest.mark.mock_clock
async def test_a_start_that_was_not_noted_is_not_made_twice() -> None:
    durable, store, _ = rig()
    async with durable.node() as node:
        schedule = schedule_of(node)
        await schedule.start()
        writer = engine_of(node).writer
        write, refused = writer.write, []

        async def failing(item: Item) -> Committed:
            if started(store) and not refused:
                refused.append(item)
                raise Error("disk full", UNAVAILABLE)
            return await write(item)

        writer.write = failing
        await trio.sleep(1.5 * 3600)
        assert len(refused) == 1
        assert started(store) == [1]
        assert (await schedule.line())["starts"] == 1
        await schedule.stop(0)


@pytest.mark.mock_clock
async def test_two_nodes_start_a_slot_once() -> None:
    durable, store, _ = rig()
    async with durable.node() as node:
        both = [schedule_of(node), schedule_of(node)]
        for schedule in both:
            await schedule.start()
        await trio.sleep(3.5 * 3600)
        assert started(store) == [1, 2, 3]
        for schedule in both:
            await schedule.stop(0)


@pytest.mark.mock_clock
async def test_other_times_begin_at_the_present() -> None:
    durable, store, _ = rig()
    async with durable.node() as node:
        schedule = schedule_of(node)
        await schedule.start()
        await trio.sleep(1.5 * 3600)
        await schedule.stop(0)
        await trio.sleep(2 * 3600)
        schedule = schedule_of(node, cron="30 * * * *", catch_up="all")
        await schedule.start()
        await trio.sleep(0.75 * 3600)
        assert started(store) == [1]
        await trio.sleep(0.5 * 3600)
        assert len(started(store)) == 2
        await schedule.stop(0)


@pytest.mark.mock_clock
async def test_a_filter_leaves_slots_out() -> None:
    durable, store, _ = rig()
    durable.registry.add_python("app:even", "async def main(slot):\n    return int(slot['slot'][11:13]) % 2 == 0\n")
    async with durable.node() as node:
        schedule = schedule_of(node, filter="app:even")
        await schedule.start()
        await trio.sleep(4.5 * 3600)
        line = await schedule.line()
        assert (line["starts"], line["skips"]) == (2, 2)
        assert len(started(store)) == 2
        await schedule.stop(0)
