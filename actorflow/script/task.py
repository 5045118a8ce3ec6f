"""Tasks: several threads of control inside one process, and scopes that bound how long they wait."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from actorflow.duration import format_duration
from actorflow.errors import Cancelled, Error, invalid
from actorflow.machine import task as machine
from actorflow.machine.op import Op
from actorflow.script.channel import WaitFor
from actorflow.script.current import ask
from actorflow.script.errors import Expired
from actorflow.script.time import Duration, nanoseconds
from actorflow.value import Opaque

T = TypeVar("T")

_JOIN: Final = Op.JOIN


class Task(Opaque, Generic[T]):
    """A task that was started: `await` it for its result."""

    __slots__ = ("_task",)

    def __init__(self, started: machine.Task) -> None:
        self._task = started

    def __await__(self) -> WaitFor[T]:
        value: T = yield (_JOIN, self._task)
        return value

    def cancel(self) -> None:
        """Interrupt it, and the tasks it started, at their waits; one that has ended is left alone."""
        ask((Op.CANCEL_TASK, self._task))

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._task.outcome is not None


@types.coroutine
def start(function: Callable[..., Awaitable[T]], *args: Any, owned: bool = False) -> WaitFor[Task[T]]:
    """Start `function(*args)` as a task of this process; it runs at once, until it first waits.

    When it fails the whole process fails, unless it is `owned`: then whoever awaits it gets the error, and nobody
    does if nobody awaits it. All tasks end when `main` returns.

    Raises:
        Error: kind Invalid, when `function` is not an async function.
    """
    return Task((yield (Op.SPAWN_TASK, _coroutine(function, args), owned)))


def _coroutine(function: Any, args: tuple[Any, ...]) -> Any:
    made = function(*args) if callable(function) else function
    if not isinstance(made, types.CoroutineType | types.GeneratorType):
        if not hasattr(type(made), "__await__"):
            raise invalid(f"process.start: got {function!r:.80}, expected an async function and its arguments")
        made = _awaiting(made)
    return made


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def gather(*awaitables: Awaitable[Any]) -> list[Any]:
    """Run all at the same time, wait for all, and return their results in order.

    When some fail, the first error in order is raised after all have ended. When the wait is interrupted (cancelled,
    timed out), they are interrupted too and waited for.

    Raises:
        Error: kind Invalid, before any has begun, when one of them cannot be awaited; what the first of them raised.
    """
    _check_awaitable(awaitables)
    errors: list[Exception | None] = [None] * len(awaitables)
    tasks: list[Task[Any]] = []
    try:
        for index, awaitable in enumerate(awaitables):
            tasks.append(await start(_caught, index, awaitable, errors, owned=True))
        results = [await task for task in tasks]
    except GeneratorExit:  # dropped: nobody answers any more, and nobody will await what has not been started
        for awaitable in awaitables:
            if isinstance(awaitable, types.CoroutineType):
                awaitable.close()
        raise
    except BaseException as interruption:
        if type(interruption) is not Cancelled:  # a cancellation has reached them already
            for task in tasks:
                task.cancel()
        await _ended(tasks)
        raise
    for error in errors:
        if error is not None:
            raise error
    return results


def _check_awaitable(awaitables: tuple[Any, ...]) -> None:
    for awaitable in awaitables:
        if not hasattr(type(awaitable), "__await__") and not isinstance(awaitable, types.GeneratorType):
            raise invalid(f"process.gather: got {awaitable!r:.80}, expected what can be awaited")


async def _caught(index: int, awaitable: Awaitable[Any], errors: list[Exception | None]) -> Any:
    """Keep the exception itself: a failure handed over by the machine would have lost its class."""
    try:
        return await awaitable
    except Exception as error:  # noqa: BLE001 - raised again by `gather`
        errors[index] = error
        return None


async def _ended(tasks: list[Task[Any]]) -> None:
    """Wait until all have ended, however they do: their cleanup may take its time, a second cancellation with it."""
    for task in tasks:
        while not task.done:
            with suppress(Error, Cancelled):
                await task


@types.coroutine
def checkpoint() -> Generator[tuple[Any, ...], Any, None]:
    """Let every other task that is ready run first. Long computations await this now and then."""
    yield (Op.YIELD,)


class timeout:  # noqa: N801 - used like a function: `async with process.timeout(5):`
    """A scope that bounds how long its body may wait: `async with process.timeout("5s"):`.

    When the time is over, what the body waits for is given up, its cleanup runs, and `TimeoutError` is raised at the
    end of the scope. Waits in cleanup code are not bounded.
    """

    __slots__ = ("_delay", "_scope")

    def __init__(self, duration: Duration) -> None:
        """Take the duration: seconds, a timedelta or text.

        Raises:
            Error: kind Invalid, when it is no duration.
        """
        self._delay = nanoseconds(duration)
        self._scope: Any = None

    @types.coroutine
    def __aenter__(self) -> Generator[tuple[Any, ...], Any, timeout]:
        self._scope = yield (Op.TIMEOUT_ENTER, self._delay)
        return self

    @types.coroutine
    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object
    ) -> Generator[tuple[Any, ...], Any, None]:
        if kind is GeneratorExit:  # dropped: nobody answers any more
            return
        fired = yield (Op.TIMEOUT_EXIT, self._scope)
        if fired and (error is None or isinstance(error, Expired)):
            raise TimeoutError(f"timed out after {format_duration(self._delay)}") from None
