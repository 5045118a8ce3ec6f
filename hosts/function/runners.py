"""Runners: trio tasks that run function calls, one after another.

A task for each call costs more than most calls do. A runner that is done with one call goes on with the next; when a
call has to wait for something, another runner takes what is behind it. So a call that never waits costs no turn of
trio's loop.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from time import perf_counter
from typing import Any, Final, TypeAlias

import trio

Work: TypeAlias = "Callable[[Runner], Coroutine[Any, Any, None]]"
"""A call: it runs in a context of its own, and raises nothing but trio's cancellation and what ends the node."""

_IDLE: Final = 64
"""Runners without a call that are kept for the next ones."""
_SLICE: Final = 0.002
"""Seconds of calls that never wait after which the rest of the node has its turn."""


class Runners:
    """The runners of one function host; they live in the node's nursery.

    At most one of them attends to the queue at any time: it was woken for that, or is running what it took from it.
    """

    def __init__(self, nursery: Callable[[], trio.Nursery]) -> None:
        """Begin with none; `nursery` is asked whenever another one is needed."""
        self._nursery = nursery
        self._context = copy_context()
        self._idle: list[trio.lowlevel.Task] = []
        self._attended = False
        self.queue: deque[Work] = deque()

    def submit(self, work: Work) -> None:
        """Run a call soon, after those submitted before it."""
        self.queue.append(work)
        if not self._attended:
            self._summon()

    def leave(self) -> None:
        """Let somebody else attend to the queue."""
        self._attended = False
        if self.queue:
            self._summon()

    def context(self) -> Context:
        """Return a fresh context: what one call sets in it is not seen by the next one."""
        return self._context.copy()

    async def idle(self) -> bool:
        """Wait to be woken to attend to the queue; False when there are enough that wait."""
        if len(self._idle) >= _IDLE:
            return False
        task = trio.lowlevel.current_task()
        self._idle.append(task)

        def stop(_raise_cancel: Any) -> trio.lowlevel.Abort:
            self._idle.remove(task)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(stop)
        return True

    def _summon(self) -> None:
        self._attended = True
        if self._idle:
            trio.lowlevel.reschedule(self._idle.pop())
        else:
            self._nursery().start_soon(Runner(self).serve)


class Runner:
    """One task. Giving up the call that it runs ends it: `scope` is what to cancel for that.

    It is `closing` when Python drops its coroutine: a GeneratorExit that a call meets before is the call's own.
    """

    __slots__ = ("_attends", "_pool", "closing", "context", "scope")

    def __init__(self, pool: Runners) -> None:
        """Make a runner that has been called to the queue."""
        self._pool = pool
        self._attends = True
        self.closing = False
        self.scope = trio.CancelScope()
        self.context = pool.context()

    async def serve(self) -> None:
        """Run calls until there are more runners than work, or until a call is given up."""
        try:
            with self.scope:
                while self._attends or await self._pool.idle():
                    self._attends = True
                    await self._run_queue()
                    if self.scope.cancel_called:
                        return
        finally:
            self._leave()

    async def _run_queue(self) -> None:
        """Run what is in the queue until it is empty, or until a call had to wait."""
        pool, since = self._pool, perf_counter()
        while self._attends and pool.queue and not self.scope.cancel_called:
            work = pool.queue.popleft()
            self.context = pool.context()
            await self._within(work(self))
            if perf_counter() - since > _SLICE:
                await trio.lowlevel.checkpoint()
                since = perf_counter()
        self._leave()

    def _leave(self) -> None:
        if self._attends:
            self._attends = False
            self._pool.leave()

    @types.coroutine
    def _within(self, work: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        """Await a call in its own context; leave the queue when it first has to wait."""
        step: Callable[[Any], Any] = work.send
        answer, run = None, self.context.run
        while True:
            try:
                trap = run(step, answer)
            except StopIteration:
                return
            self._leave()
            try:
                step, answer = work.send, (yield trap)
            except BaseException as error:  # noqa: BLE001 - trio throws in what a foreign await yields
                self.closing = self.closing or isinstance(error, GeneratorExit)
                step, answer = work.throw, error
