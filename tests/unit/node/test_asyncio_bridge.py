"""The asyncio thread beside trio."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest
import trio

from actorflow.node.asyncio_bridge import AsyncioThread
from tests.conformance.process.rig import until


@pytest.fixture
def bridge() -> AsyncioThread:
    return AsyncioThread()


async def test_results_and_exceptions_come_back(bridge: AsyncioThread) -> None:
    async def work(number: int) -> tuple[int, str]:
        await asyncio.sleep(0)
        if number < 0:
            raise ValueError("negative")
        return number * 2, threading.current_thread().name

    assert await bridge.run(work, 4) == (8, "asyncio")
    with pytest.raises(ValueError, match="negative"):
        await bridge.run(work, -1)
    await bridge.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "asyncio"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
async def test_what_ends_programs_does_not_end_the_loop(bridge: AsyncioThread, kind: type[BaseException]) -> None:
    async def leave() -> None:
        raise kind

    async def work() -> int:
        return 1

    with pytest.raises(kind):
        await bridge.run(leave)
    assert await bridge.run(work) == 1
    await bridge.stop()


async def test_context_variables_go_along(bridge: AsyncioThread) -> None:
    variable: ContextVar[str] = ContextVar("variable")

    async def work() -> str:
        return variable.get()

    variable.set("here")
    assert await bridge.run(work) == "here"
    await bridge.stop()


async def test_cancelling_the_trio_task_cancels_the_asyncio_task_and_waits_for_it(bridge: AsyncioThread) -> None:
    trace: list[str] = []

    with trio.CancelScope() as scope:
        token = trio.lowlevel.current_trio_token()

        async def work() -> None:
            try:
                token.run_sync_soon(scope.cancel)
                await asyncio.sleep(1_000)
            finally:
                await asyncio.sleep(0.01)
                trace.append("cleaned up")

        await bridge.run(work)
    assert trace == ["cleaned up"]
    await bridge.stop()


async def test_stopping_ends_what_runs_and_a_stopped_thread_starts_again(bridge: AsyncioThread) -> None:
    begun = threading.Event()

    async def forever() -> None:
        begun.set()
        await asyncio.sleep(1_000)

    async def number() -> int:
        return 1

    async def run_forever() -> None:
        with pytest.raises(asyncio.CancelledError):
            await bridge.run(forever)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_forever)
        await until(begun.is_set)
        await bridge.stop()
    assert await bridge.run(number) == 1
    await bridge.stop()
    await bridge.stop()


async def test_a_function_runs_once(bridge: AsyncioThread) -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        await asyncio.sleep(0)

    await bridge.run(work)
    await bridge.stop()
    assert runs == [1]
