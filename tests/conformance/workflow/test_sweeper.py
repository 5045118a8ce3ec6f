"""The sweeper: every way to lose a run's wake-up is found and mended; what is well is left alone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import trio

from actorflow.codec import encode
from actorflow.duration import SECOND
from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.run.event import MESSAGE_RECEIVED
from actorflow.run.turn import Delivery
from actorflow.store.memory import MemoryStore
from hosts.workflow.sweeper import INTERVAL, Lost
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of

Ops = Generator[tuple[Any, ...], Any, Any]
T0 = 1_800_000_000 * SECOND


class TrioClock:
    def now(self) -> int:
        return T0 + self.monotonic()

    def monotonic(self) -> int:
        return int(trio.current_time() * SECOND)


def sleeps() -> Ops:
    yield (Op.SLEEP, 5 * SECOND)
    return "slept"


def receives() -> Ops:
    inbox = yield (Op.INBOX,)
    message, _ = yield (Op.RECEIVE, inbox)
    return message.value


def calls() -> Ops:
    return (yield (Op.CALL, "app:slow", (), {}))


def retries() -> Ops:
    return (yield (Op.CALL, "app:flaky", (), {"retry": {"initial_delay": "5s"}}))


def rig() -> Durable:
    store = MemoryStore()
    durable = Durable(lambda: store)
    durable.clock = TrioClock()
    for name, script in {"sleeps": sleeps, "receives": receives, "calls": calls, "retries": retries}.items():
        durable.add(f"app:{name}", script)
    durable.registry.add_python(
        "app:slow", "import trio\nasync def main():\n    await trio.sleep(8)\n    return 'done'\n"
    )
    flaky = "tries = []\nasync def main():\n    tries.append(1)\n    assert len(tries) > 1\n    return 'again'\n"
    durable.registry.add_python("app:flaky", flaky)
    return durable


def forget_timers(node: Node, _run: int) -> None:
    engine_of(node).timers._heap.clear()  # noqa: SLF001 - what is lost is lost inside


def forget_run(node: Node, run: int) -> None:
    engine = engine_of(node)
    engine.calls.close_run(run)
    engine.residents.pop(run)


def forget_call(node: Node, run: int) -> None:
    engine_of(node).calls.close_run(run)


@pytest.mark.mock_clock
@pytest.mark.parametrize(
    ("entry", "lose", "fault", "result"),
    [
        ("app:sleeps", forget_timers, "timer 1 was due and has not fired", "slept"),
        ("app:retries", forget_timers, "attempt 2 of call 1 was due and has not begun", "again"),
        ("app:calls", forget_run, "it is running, and nothing is under way for it", "done"),
        ("app:calls", forget_call, "call 1 of app:slow is open, and nobody attempts it", "done"),
    ],
)
async def test_what_is_lost_is_found_and_mended(
    entry: str, lose: Callable[[Node, int], None], fault: str, result: str
) -> None:
    durable = rig()
    async with durable.node() as node:
        pid = await node.spawn(entry, host=WORKFLOWS)
        await trio.sleep(0.5)
        (run,) = engine_of(node).residents
        lose(node, run)
        await trio.sleep(12)
        assert await engine_of(node).sweeper.sweep() == [], "seen once it may be on its way"
        assert [lost.fault for lost in await engine_of(node).sweeper.sweep()] == [fault]
        assert await node.wait(pid, timeout=20) == result
        assert engine_of(node).sweeper.healed == 1


@pytest.mark.mock_clock
@pytest.mark.parametrize("options", [{"workflow.start_delay": "5s"}, {"workflow.cron_schedule": "* * * * *"}])
async def test_a_run_whose_alarm_is_lost_begins_all_the_same(options: dict[str, Any]) -> None:
    durable = rig()
    async with durable.node() as node:
        pid = await node.spawn("app:receives", host=WORKFLOWS, options={"workflow.id": "w", **options})
        await node.send(pid, "topic", "go")
        forget_timers(node, 0)
        assert await engine_of(node).sweeper.sweep() == [], "it is not due yet"
        await trio.sleep(100)
        assert engine_of(node).sweeper.healed == 1
        assert any("timer 0 was due and has not fired" in line for line in durable.logs)
        shown = await engine_of(node).writer.read(lambda reader: reader.journaled(1, ["MessageReceived"]))
        assert len(shown) == 1, "it has begun"


@pytest.mark.mock_clock
async def test_what_nobody_serves_is_not_lost() -> None:
    durable = rig()
    durable.config = {"queues": ["default"]}
    async with durable.node() as node:
        await node.spawn("app:receives", host=WORKFLOWS, options={"workflow.queue": "night"})
        await trio.sleep(60)
        assert engine_of(node).sweeper.healed == 0


@pytest.mark.mock_clock
async def test_a_fact_that_nobody_was_told_of_is_taken_by_itself() -> None:
    durable = rig()
    async with durable.node() as node:
        pid = await node.spawn("app:receives", host=WORKFLOWS, options={"workflow.id": "w"})
        payload = encode(["", ["psst"]])
        await engine_of(node).writer.write(Delivery("w", MESSAGE_RECEIVED, "topic", "", payload, T0))
        assert await node.wait(pid, timeout=3 * INTERVAL) == "psst"
        assert any("a run was woken up" in line for line in durable.logs)


@pytest.mark.mock_clock
async def test_what_mending_does_not_help_is_told() -> None:
    durable = rig()
    async with durable.node() as node:
        await node.spawn("app:receives", host=WORKFLOWS)
        engine = engine_of(node)
        lost = Lost(next(iter(engine.residents)), "it is bewitched")
        engine.sweeper._unattended = lambda: iter([lost])  # noqa: SLF001 - a fault that nothing helps
        for _ in range(6):
            await engine.sweeper.sweep()
        alarms = [notice for notice in durable.notices if notice.code == "run-stuck"]
        assert len(alarms) == 1
        assert "it is bewitched; waking it up 2 times did not help" in alarms[0].text


@pytest.mark.mock_clock
async def test_what_is_well_is_left_alone() -> None:
    durable = rig()
    async with durable.node() as node:
        for entry in ("app:sleeps", "app:receives", "app:calls", "app:retries") * 5:
            await node.spawn(entry, host=WORKFLOWS)
        for _ in range(40):
            assert await engine_of(node).sweeper.sweep() == []
            await trio.sleep(0.5)
        assert engine_of(node).sweeper.healed == 0
