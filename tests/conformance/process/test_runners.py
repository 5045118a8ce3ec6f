"""Runners: function calls that share tasks do not see each other, nor wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import trio
import trio.testing

from hosts.function.runners import Runner, Runners

VARIABLE: ContextVar[str] = ContextVar("variable")


class Log:
    """What calls did, in order."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def call(self, name: str, *waits: trio.Event) -> Callable[[Runner], Any]:
        async def work(runner: Runner) -> None:
            self.lines.append((name, VARIABLE.get("unset"), id(trio.lowlevel.current_task())))
            VARIABLE.set(name)
            for event in waits:
                await event.wait()
                self.lines.append((f"{name} goes on", VARIABLE.get(), id(trio.lowlevel.current_task())))
            del runner

        return work

    @property
    def names(self) -> list[str]:
        return [line[0] for line in self.lines]


async def test_calls_that_do_not_wait_share_one_task_and_no_context() -> None:
    log = Log()
    async with trio.open_nursery() as nursery:
        runners = Runners(lambda: nursery)
        for name in "abc":
            runners.submit(log.call(name))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [line[:2] for line in log.lines] == [("a", "unset"), ("b", "unset"), ("c", "unset")]
    assert len({task for _, _, task in log.lines}) == 1


async def test_a_call_that_waits_holds_up_nobody_and_keeps_its_task_and_context() -> None:
    log, event, again = Log(), trio.Event(), trio.Event()
    async with trio.open_nursery() as nursery:
        runners = Runners(lambda: nursery)
        for work in (log.call("slow", event, again), log.call("a"), log.call("slow too", event), log.call("b")):
            runners.submit(work)
        await trio.testing.wait_all_tasks_blocked()
        assert log.names == ["slow", "a", "slow too", "b"]
        event.set()
        await trio.testing.wait_all_tasks_blocked()
        again.set()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    slow = [line for line in log.lines if line[0] in {"slow", "slow goes on"}]
    assert [line[1] for line in slow] == ["unset", "slow", "slow"]
    assert len({task for _, _, task in slow}) == 1


async def test_giving_one_call_up_leaves_those_behind_it_alone() -> None:
    log, held = Log(), []

    async def waiting(runner: Runner) -> None:
        held.append(runner)
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        runners = Runners(lambda: nursery)
        runners.submit(waiting)
        runners.submit(log.call("a"))
        await trio.testing.wait_all_tasks_blocked()
        held[0].scope.cancel()
        runners.submit(log.call("b"))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert log.names == ["a", "b"]


async def test_a_call_that_gives_itself_up_before_it_waits_leaves_the_rest_to_others() -> None:
    log = Log()

    async def cancelled_at_once(runner: Runner) -> None:
        runner.scope.cancel()

    async with trio.open_nursery() as nursery:
        runners = Runners(lambda: nursery)
        runners.submit(cancelled_at_once)
        runners.submit(log.call("a"))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert log.names == ["a"]


async def test_calls_that_never_wait_let_others_run_now_and_then() -> None:
    began = trio.Event()
    turns = 0

    async def busy(_runner: Runner) -> None:
        began.set()
        end = trio.current_time() + 0.005
        while trio.current_time() < end:
            pass

    async def other() -> None:
        nonlocal turns
        await began.wait()
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        runners = Runners(lambda: nursery)
        for _ in range(8):
            runners.submit(busy)
        while runners.queue:
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert turns >= 5
