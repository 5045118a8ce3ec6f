"""Between the two loops: the SDK lives in the node's asyncio thread, scripts and functions in its trio thread.

Workflow code runs in the trio thread, but for what feeds no machine (`activating`): machines share runtimes with those
of every other host, and whatever they ask of the node they ask in its own thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final

import trio

from actorflow.errors import Failure, failure_of
from actorflow.ports import Outcome, Reply

_GONE: Final = "the node has stopped"


class Lane:
    """Calls that one thread has another make, in order: one wake-up serves all that wait.

    Each wake-up of a loop is a system call or two, and under load several calls wait for it.
    """

    __slots__ = ("_calls", "_wake", "_woken")

    def __init__(self, wake: Callable[[Callable[[], None]], Any]) -> None:
        """Wake the other thread with `wake`, which has it call something soon."""
        self._wake = wake
        self._calls: deque[Callable[[], None]] = deque()
        self._woken = False

    def put(self, call: Callable[[], None]) -> None:
        """Have something called, which must raise nothing; raises what `wake` does when the other loop has ended."""
        self._calls.append(call)
        if not self._woken:  # else whoever is woken has not looked yet, and finds this call too
            self._woken = True
            try:
                self._wake(self._make)
            except BaseException:
                self._woken = False
                raise

    def _make(self) -> None:
        """Make the calls that wait; those that are put meanwhile have a wake-up of their own."""
        self._woken = False
        for _ in range(len(self._calls)):
            self._calls.popleft()()


class TrioExecutor(ThreadPoolExecutor):
    """Runs what is submitted in the thread of a trio loop, in the order of submission; it has no thread of its own.

    What it returns is a future of the asyncio loop that submits, which is all that `run_in_executor` wants of it.
    """

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        """Run in the loop of this token."""
        super().__init__(max_workers=1)
        self._there = Lane(token.run_sync_soon)
        self._back: tuple[asyncio.AbstractEventLoop, Lane] | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Have a function called soon; when the loop has ended, that is what the future says."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        back = self.back(loop)

        def run() -> None:
            if future.cancelled():
                return
            try:
                told = partial(_succeeded, future, fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it belongs to who submitted
                told = partial(_failed, future, error)
            put_back(back, told)

        try:
            self._there.put(run)
        except trio.RunFinishedError:
            future.set_exception(RuntimeError(_GONE))
        return future

    def soon(self, call: Callable[[], None]) -> None:
        """Have something called that raises nothing.

        Raises:
            RuntimeError: when the loop has ended.
        """
        try:
            self._there.put(call)
        except trio.RunFinishedError:
            raise RuntimeError(_GONE) from None

    def back(self, loop: asyncio.AbstractEventLoop) -> Lane:
        """Return the way back to the loop that asks."""
        if self._back is None or self._back[0] is not loop:
            self._back = (loop, Lane(loop.call_soon_threadsafe))
        return self._back[1]


class _Asked:
    """What asyncio code asks of the trio thread, until it is replied."""

    __slots__ = ("_back", "_give_up", "_over", "_start", "answer")

    def __init__(self, start: Callable[[Reply], Callable[[], None]], back: Lane) -> None:
        self._start, self._back = start, back
        self._give_up: Callable[[], None] | None = None
        self._over = False
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def begin(self) -> None:
        """Ask, in the trio thread."""
        try:
            give_up = self._start(self._reply)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it; the loop would end by it
            self._reply(Outcome(failure=failure_of(error)))
            return
        if not self._over:
            self._give_up = give_up

    def end(self) -> None:
        """Give up, in the trio thread."""
        self._over = True
        if self._give_up is not None:
            self._give_up()

    def _reply(self, outcome: Outcome) -> None:
        self._over = True
        put_back(self._back, partial(_succeeded, self.answer, outcome))


class TrioSide:
    """What asyncio code asks of the trio thread."""

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        """Reach the loop of this token."""
        self.token = token
        self.executor = TrioExecutor(token)

    async def ask(self, start: Callable[[Reply], Callable[[], None]], *, patient: bool = False) -> Outcome:
        """Call `start` in the trio thread and return what it replies; when cancelled, call what `start` returned.

        Whoever is `patient` is cancelled when there is a reply to that, and not before.
        """
        asked = _Asked(start, self.executor.back(asyncio.get_running_loop()))
        self.executor.soon(asked.begin)
        try:
            return await (asyncio.shield(asked.answer) if patient else asked.answer)
        except asyncio.CancelledError:
            self.executor.soon(asked.end)
            if patient:
                await asked.answer
            raise

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in the trio thread and return its result, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, partial(function, *args))

    async def run(self, nursery: trio.Nursery, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Await a trio function in a task of a nursery and return its result, or raise the `Error` it raises."""

        def start(reply: Reply) -> Callable[[], None]:
            scope = trio.CancelScope()

            async def work() -> None:
                with scope:
                    try:
                        reply(Outcome(await function(*args)))
                    except Exception as error:  # noqa: BLE001 - it belongs to who asked
                        reply(Outcome(failure=failure_of(error)))

            nursery.start_soon(work)
            return scope.cancel

        return (await self.ask(start)).unwrap()


def put_back(lane: Lane, told: Callable[[], None]) -> None:
    """Tell an asyncio loop something; one that has ended is told nothing."""
    with suppress(RuntimeError):  # it is closed: nobody waits any more
        lane.put(told)


def _succeeded(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _failed(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def stopped(what: str) -> Failure:
    """Return the failure of something that a node which stops does no more."""
    return Failure(f"{what}: {_GONE}")
