"""Calls over a restart of their node."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from actorflow.clock import SystemClock
from actorflow.duration import SECOND
from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.store.memory import MemoryStore
from tests.conformance.process.rig import until
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of

Ops = Generator[tuple[Any, ...], Any, Any]
SLOW = """
import trio
begun = []
async def main():
    begun.append(1)
    if len(begun) < 3:
        await trio.sleep(60)
    return len(begun)
"""


class Shifted(SystemClock):
    """A wall clock that tests move."""

    shift = 0

    def now(self) -> int:
        return super().now() + self.shift


@pytest.fixture
def durable() -> Durable:
    store = MemoryStore()
    made = Durable(lambda: store)
    made.clock = Shifted()
    return made


@pytest.mark.parametrize(("option", "seconds"), [("timeout", 100), ("activity.schedule_to_close_timeout", 100)])
async def test_the_time_of_a_call_counts_from_its_record(durable: Durable, option: str, seconds: int) -> None:
    def main() -> Ops:
        return (yield (Op.CALL, "app:slow", (), {option: f"{seconds}s"}))

    durable.add("app:main", main)
    durable.registry.add_python("app:slow", SLOW)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        await until(lambda: engine_of(node).calls.running == 1)
        await node.stop_host(WORKFLOWS, 0)
    assert isinstance(durable.clock, Shifted)
    durable.clock.shift = (seconds + 1) * SECOND
    async with durable.node() as node:
        with pytest.raises(Error) as caught:
            await node.wait(pid, timeout=30)
    assert caught.value.kind == "Timeout"
    assert (caught.value.details or {})["timeout_type"] == "schedule_to_close"


async def test_the_time_of_an_attempt_begins_with_the_attempt(durable: Durable) -> None:
    def main() -> Ops:
        return (
            yield (
                Op.CALL,
                "app:slow",
                (),
                {"activity.start_to_close_timeout": "100ms", "retry": {"initial_delay": "1ms"}},
            )
        )

    durable.add("app:main", main)
    durable.registry.add_python("app:slow", SLOW)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        await until(lambda: engine_of(node).calls.running == 1)
        await node.stop_host(WORKFLOWS, 0)
    assert isinstance(durable.clock, Shifted)
    durable.clock.shift = 1000 * SECOND
    async with durable.node() as node:
        assert await node.wait(pid, timeout=30) == 3


@pytest.mark.parametrize("way", ["fail", "ask"])
async def test_a_call_that_was_running_when_its_node_ended(durable: Durable, way: str) -> None:
    def main() -> Ops:
        return (yield (Op.CALL, "app:slow", (), {"on_unknown": way}))

    durable.add("app:main", main)
    durable.registry.add_python("app:slow", SLOW)
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        await until(lambda: any(call.row for call in engine_of(node).calls.all()))
        await node.stop_host(WORKFLOWS, 0)
    async with durable.node() as node:
        if way == "fail":
            with pytest.raises(Error, match="was running") as caught:
                await node.wait(pid, timeout=30)
            assert (caught.value.kind, caught.value.retryable) == ("Unknown", False)
        else:
            await until(lambda: any(notice.code == "run-paused" for notice in durable.notices))
            (text,) = [notice.text for notice in durable.notices if notice.code == "run-paused"]
            assert "call 1 of app:slow" in text
            assert "actorflow run resolve RUN 1 --retry" in text


@pytest.mark.parametrize("way", ["fail", "ask"])
async def test_a_call_that_had_not_begun_is_not_unknown(durable: Durable, way: str) -> None:
    durable.config["concurrency"] = 1

    def main() -> Ops:
        yield (Op.ASYNC, "app:slow", (), {})
        return (yield (Op.CALL, "app:quick", (), {"on_unknown": way}))

    durable.add("app:main", main)
    durable.registry.add_python("app:slow", SLOW)
    durable.registry.add_python("app:quick", "async def main():\n    return 'done'\n")
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "m"})
        await until(lambda: engine_of(node).calls.running == 1)
        await node.stop_host(WORKFLOWS, 0)
    durable.registry.add_python("app:slow", "async def main():\n    return 1\n")
    async with durable.node() as node:
        assert await node.wait(pid, timeout=30) == "done"
