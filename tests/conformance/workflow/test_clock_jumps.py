"""A wall clock that is set forward and backward under open runs: no timer is early or fires twice, no call is cut short."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import trio

from actorflow.codec import decode
from actorflow.duration import HOUR, MINUTE, SECOND
from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.run import event as events
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter
from actorflow.testing.invariant import Ledger, violations
from tests.conformance.process.rig import FakeLanguage
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_schedules import Ops, TrioClock

DAY = 24 * HOUR
JUMPS = (HOUR, -HOUR, DAY, -DAY, SECOND, -SECOND, 37 * MINUTE)
NOTICED = 61
"""Seconds after which a clock that was set forward is noticed."""
SLEEPERS = 12
pytestmark = pytest.mark.mock_clock


def sleeps(*delays: int) -> Ops:
    """Sleep, and return what time it was each time."""
    times = [(yield (Op.NOW,))]
    for delay in delays:
        yield (Op.SLEEP, delay)
        times.append((yield (Op.NOW,)))
    return times


def calls(function: str, seconds: float, options: dict[str, Any]) -> Ops:
    return (yield (Op.CALL, function, (seconds,), options))


def rig() -> tuple[Durable, MemoryStore, TrioClock]:
    store, clock = MemoryStore(), TrioClock()
    durable = Durable(lambda: store)
    durable.clock = clock
    durable.add("app:sleeps", sleeps)
    durable.add("app:calls", calls)
    durable.registry.add_python(
        "app:slow", "import trio\nasync def main(seconds):\n    await trio.sleep(seconds)\n    return seconds\n"
    )
    return durable, store, clock


async def asleep(node: Node, name: str, *delays: int) -> str:
    pid = await node.spawn("app:sleeps", host=WORKFLOWS, args=delays, options={"workflow.id": name})
    await trio.sleep(1)
    return pid


def state(store: MemoryStore, name: str) -> str:
    row = store.find(name)
    assert row is not None
    return row.state


async def test_a_timer_fires_soon_after_the_clock_was_set_beyond_it() -> None:
    durable, store, clock = rig()
    async with durable.node() as node:
        for name, delay in (("near", 30 * MINUTE), ("far", 3 * HOUR)):
            await asleep(node, name, delay)
        clock.ahead += HOUR
        await trio.sleep(NOTICED)
        assert (state(store, "near"), state(store, "far")) == ("completed", "waiting")


async def test_a_timer_waits_for_its_time_when_the_clock_was_set_back() -> None:
    durable, store, clock = rig()
    async with durable.node() as node:
        pid = await asleep(node, "one", 10 * MINUTE, 5 * MINUTE)
        clock.ahead -= DAY
        await trio.sleep(15 * 60)
        assert state(store, "one") == "waiting"
        clock.ahead += DAY
        await trio.sleep(NOTICED)
        clock.ahead -= HOUR  # it sleeps for the second time
        await trio.sleep(10 * 60)
        assert state(store, "one") == "waiting"
        clock.ahead += HOUR
        began, woke, again = await node.wait(pid)
        assert woke - began >= 10 * MINUTE, "the clock of a run never goes back"
        assert again - woke >= 5 * MINUTE


async def test_whatever_the_clock_does_timers_fire_once_and_not_before_it_says_so(seed: int) -> None:
    random = Random(seed)
    durable, store, clock = rig()
    fired: dict[tuple[int, int], list[int]] = {}
    """What the clock said, each time that a run was told of a timer: one that is read again may be told twice."""
    async with durable.node() as node:
        timers = engine_of(node).timers
        fire = timers._fire  # noqa: SLF001 - what the clock says when it does

        def noted(run: int, ref: int, is_call: bool) -> None:  # noqa: FBT001 - its port
            fired.setdefault((run, ref), []).append(clock.now())
            fire(run, ref, is_call)

        timers._fire = noted  # noqa: SLF001
        names = [f"run {number}" for number in range(SLEEPERS)]
        for name in names:
            await asleep(node, name, *(random.randrange(SECOND, 3 * HOUR) for _ in range(3)))
        for _ in range(30):
            await trio.sleep(random.uniform(1, 90))
            clock.ahead += random.choice(JUMPS)
        for _ in range(3):
            clock.ahead = max(clock.ahead, 0) + 40 * DAY
            await trio.sleep(NOTICED)
        assert {state(store, name) for name in names} == {"completed"}
    languages = {"test": FakeLanguage(durable.registry)}
    assert [str(found) for found in violations(store, Ledger(names, names), languages=languages)] == []
    for row in store.runs(RunFilter()):
        journal = store.journal(row.run, limit=100)
        dues = {event.ref: event.at + decode(event.payload) for event in journal if event.kind == events.TIMER_STARTED}
        assert len(dues) == 3
        for ref, due in dues.items():
            assert min(fired[row.run, ref]) >= due


@pytest.mark.parametrize("jump", [HOUR, -DAY])
async def test_an_attempt_has_its_time_whatever_the_clock_does(jump: int) -> None:
    durable, _, clock = rig()
    once = {"activity.start_to_close_timeout": "10s", "activity.retry_policy": {"maximum_attempts": 1}}
    async with durable.node() as node:
        quick = await node.spawn("app:calls", host=WORKFLOWS, args=["app:slow", 9, once])
        slow = await node.spawn("app:calls", host=WORKFLOWS, args=["app:slow", 11, once])
        await trio.sleep(1)
        clock.ahead += jump
        assert await node.wait(quick) == 9
        with pytest.raises(Error, match="timed out"):
            await node.wait(slow)
