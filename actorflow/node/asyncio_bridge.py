"""asyncio beside trio: one thread with its own asyncio loop, for code that needs one, and what serves either loop.

Guest modes were not chosen: they tie the life of one loop to the other.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import Any, Final, TypeVar

import sniffio
import trio

T = TypeVar("T")

_CANCEL_SECONDS: Final = 5.0
_JOIN_SECONDS: Final = 5.0


class AsyncioThread:
    """A thread that runs asyncio code for trio tasks. It starts when first used and is a daemon."""

    def __init__(self) -> None:
        """Make a thread that has not started."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run an asyncio function with the caller's context variables and return its result, or raise its exception.

        When the waiting trio task is cancelled, so is the asyncio task, and its end is waited for, a few seconds at
        most.
        """
        loop = self._started()
        token = trio.lowlevel.current_trio_token()
        done = trio.Event()
        context = copy_context()
        tasks: list[asyncio.Task[Any]] = []

        def finished(_task: asyncio.Task[Any]) -> None:
            token.run_sync_soon(done.set)

        def begin() -> None:
            task = loop.create_task(_awaited(function, args), context=context)
            tasks.append(task)
            task.add_done_callback(finished)

        def cancel() -> None:
            tasks[0].cancel()

        loop.call_soon_threadsafe(begin)
        try:
            await done.wait()
        except trio.Cancelled:
            loop.call_soon_threadsafe(cancel)
            with trio.move_on_after(_CANCEL_SECONDS, shield=True):
                await done.wait()
            if done.is_set() and not tasks[0].cancelled():
                tasks[0].exception()  # seen, so that asyncio does not complain about it
            raise
        value, raised = tasks[0].result()
        if raised is not None:
            raise raised
        return value

    async def stop(self) -> None:
        """Cancel what runs, stop the loop and wait for the thread, a few seconds at most."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(thread.join, _JOIN_SECONDS)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_serve, args=(self._loop,), name="asyncio", daemon=True)
            self._thread.start()
        return self._loop


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await `work` for at most `seconds` in whichever loop runs, trio's or asyncio's.

    Raises:
        TimeoutError: when it takes longer; it is cancelled then.
    """
    if sniffio.current_async_library() == "asyncio":
        return await asyncio.wait_for(work, seconds)
    with trio.move_on_after(seconds):
        return await work
    raise TimeoutError


async def _awaited(function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
    """Return the value and the exception that no asyncio task may raise: either of these would end the loop."""
    try:
        return await function(*args), None
    except (SystemExit, KeyboardInterrupt) as error:
        return None, error


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
