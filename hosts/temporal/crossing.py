"""Between the two loops: the SDK lives in the node's asyncio thread, scripts and functions in its trio thread.

Workflow code runs in the trio thread, as on every other host: its machines share runtimes with theirs, and whatever
they ask of the node they ask in its own thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import trio

from actorflow.errors import Failure, failure_of
from actorflow.ports import Outcome, Reply

_GONE: Final = "the node has stopped"


class TrioExecutor(ThreadPoolExecutor):
    """Runs what is submitted in the thread of a trio loop, in the order of submission; it has no thread of its own."""

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        """Run in the loop of this token."""
        super().__init__(max_workers=1)
        self._token = token

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called soon; a loop that has ended cancels it."""
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it belongs to who submitted
                future.set_exception(error)

        try:
            self._token.run_sync_soon(run)
        except trio.RunFinishedError:
            future.set_exception(RuntimeError(_GONE))
        return future


class TrioSide:
    """What asyncio code asks of the trio thread."""

    def __init__(self, token: trio.lowlevel.TrioToken) -> None:
        """Reach the loop of this token."""
        self.token = token
        self._executor = TrioExecutor(token)

    async def ask(self, start: Callable[[Reply], Callable[[], None]], *, patient: bool = False) -> Outcome:
        """Call `start` in the trio thread and return what it replies; when cancelled, call what `start` returned.

        Whoever is `patient` is cancelled when there is a reply to that, and not before.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()
        giving_up: list[Callable[[], None]] = []
        state = {"over": False}

        def reply(outcome: Outcome) -> None:
            state["over"] = True
            _tell(loop, answer, outcome)

        def begin() -> None:
            try:
                give_up = start(reply)
            except Exception as error:  # noqa: BLE001 - whoever asked gets it; the loop would end by it
                reply(Outcome(failure=failure_of(error)))
                return
            if not state["over"]:
                giving_up.append(give_up)

        def end() -> None:
            state["over"] = True
            for give_up in giving_up:
                give_up()

        self._soon(begin)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            self._soon(end)
            if patient:
                await answer
            raise

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in the trio thread and return its result, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(function, *args))

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

    def _soon(self, action: Callable[[], None]) -> None:
        try:
            self.token.run_sync_soon(action)
        except trio.RunFinishedError:
            raise RuntimeError(_GONE) from None


def _tell(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Outcome], outcome: Outcome) -> None:
    def told() -> None:
        if not answer.done():
            answer.set_result(outcome)

    if not loop.is_closed():
        loop.call_soon_threadsafe(told)


def stopped(what: str) -> Failure:
    """Return the failure of something that a node which stops does no more."""
    return Failure(f"{what}: {_GONE}")
