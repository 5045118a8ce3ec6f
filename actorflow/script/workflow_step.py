"""Named steps and sleeps of a workflow.

    total = await workflow.step("total", lambda: sum(prices))
    paid = await workflow.step("charge", "shop:charge", order, retries=3, delay="2s")
    await workflow.sleep("cooling off", "24h")

The name stands in the history of the run; the second step of a name is `name#1`, the third `name#2`. On a durable host
what a step gave is recorded: a closure that asked for nothing (no call, no sleep, no channel, no randomness) is not
entered again on a replay; one that did is, and the journal answers what it asks. On a process host a step just runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from actorflow.errors import CANCELED, Cancelled, Error, Failure, failure_of, invalid
from actorflow.machine.op import Op
from actorflow.run.step import call_options, check_name, closure_wait
from actorflow.script import process, time
from actorflow.script.current import ask, identity, running
from actorflow.script.funcs import Executor
from actorflow.script.operation import perform
from actorflow.script.options import prepared
from actorflow.script.record import build, plain
from actorflow.value import copy_value

_VALUE, _RAISED = 0, 2
_NANOSECOND: Final = 1e-9
_USED: Final[ContextVar[dict[str, int] | None]] = ContextVar("actorflow.steps")


def numbered(name: str) -> str:
    """Return the name of a step with the number of its repetition in this process: `name#1` is the second."""
    used = _USED.get(None)
    if used is None:
        used = {}
        _USED.set(used)
    before = used.get(name, 0)
    used[name] = before + 1
    return f"{name}#{before}" if before else name


async def step(name: str, what: str | Callable[..., Any], *args: Any, returns: Any = None, **options: Any) -> Any:
    """Do a step: call the function `what` (`namespace:name`), or run the closure `what`, with `args`.

    Args:
        name: what the step is called in the history.
        what: registry id of a function, or a function of this script, `async` or not.
        args: its positional arguments.
        returns: a type to build the value as, e.g. a dataclass.
        options: `retries` (further attempts), `backoff` ("fixed", "exponential"), `delay` and `max_delay` between them,
            `timeout` (seconds, a timedelta or text; of a call with all its attempts, of one attempt of a closure),
            `on_exhausted` ("fail", "pause"; calls only), `options` (further options of the call, as of
            `funcs.with_options`). Without `retries` a call is retried as its host does it, and a closure is not.

    Raises:
        Error: what the function or closure failed with; kind Invalid for a wrong name or option.
    """
    check_name(name)
    if "compensate" in options:
        raise invalid(f"workflow.step {name}: compensate is an option of the steps of a saga: use saga.step")
    return await run_step(name, what, args, prepared(options), returns)


async def run_step(name: str, what: Any, args: tuple[Any, ...], options: Mapping[str, Any], returns: Any = None) -> Any:
    """Do a step whose name was checked, with options that were prepared."""
    made = call_options(options, name)
    if callable(what):
        if made.get("on_exhausted") == "pause":
            raise invalid(f"workflow.step {name}: on_exhausted='pause' is for steps that call a function")
        value = await _closure(numbered(name), what, args, options)
        return value if returns is None else build(returns, value, "result")
    if not isinstance(what, str):
        _close(what)
        raise invalid(f"step {name}: got {what!r:.80}, expected a function id or a function, not its coroutine")
    made["step"] = numbered(name)
    return await Executor(made).call(what, *args, returns=returns)


def _close(what: Any) -> None:
    if inspect.iscoroutine(what):
        what.close()


async def _closure(name: str, function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    attempt = 1
    while True:
        try:
            if "timeout" not in options:
                return await _attempt(name, attempt, function, args)
            return await _limited(name, attempt, function, args, options["timeout"])
        except Error as error:
            wait = closure_wait(options, attempt, error.failure)
            if wait is None:
                raise
        await _slept(numbered(f"{name}:retry"), wait)
        attempt += 1


async def _limited(name: str, attempt: int, function: Callable[..., Any], args: tuple[Any, ...], limit: Any) -> Any:
    try:
        async with process.timeout(limit):
            return await _attempt(name, attempt, function, args)
    except TimeoutError:
        raise Error(f"step {name} timed out", "Timeout") from None


async def _attempt(name: str, attempt: int, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    if not identity().durable:
        return await _unrecorded(function, args)
    step, recorded, drawn = ask((Op.PERFORM, "workflow.step_begin", (name, attempt)))
    if recorded:
        return _given(ask((Op.PERFORM, "workflow.step_end", (step,))))
    process = running()
    before = (process.asked, process.progress)
    try:
        value = plain(await entered(function, args))
    except (Exception, Cancelled) as error:  # noqa: BLE001 - it is recorded, and raised again
        drawn = drawn if before == (process.asked, process.progress) else -1
        failure = failure_of(error)
        ask((Op.PERFORM, "workflow.step_end", (step, name, attempt, drawn, 0, _RAISED, failure)))
        _raise(failure, error)
    drawn = drawn if before == (process.asked, process.progress) else -1
    return _given(ask((Op.PERFORM, "workflow.step_end", (step, name, attempt, drawn, 0, _VALUE, value))))


async def _unrecorded(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return copy_value(plain(await entered(function, args)))
    except Exception as error:  # noqa: BLE001 - it is raised again, as on a host that records it
        _raise(failure_of(error), error)


async def entered(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call a function of the script, `async` or not, and return its value."""
    value = function(*args)
    return await value if inspect.isawaitable(value) else value


def _raise(failure: Failure, error: BaseException) -> NoReturn:
    """Raise what a replay will raise: the class of a script's own exception is not recorded."""
    if (isinstance(error, Error) and error.failure == failure) or not isinstance(error, Exception):
        raise error
    raise Error(failure) from error


def _given(ended: list[Any]) -> Any:
    how, value, _ = ended
    if how == _VALUE:
        return value
    if value.kind == CANCELED and how == _RAISED:
        raise Cancelled(value.message)
    raise Error(value)


async def _slept(name: str, delay: int) -> None:
    if delay <= 0:
        return
    if identity().durable:
        await perform("workflow.sleep", name, delay)
    else:
        await time.sleep(delay * _NANOSECOND)


async def sleep(name: str, duration: time.Duration) -> None:
    """Wait for a duration (seconds, a timedelta or text), under a name that the history and `run why` show.

    Zero and less return at once. On a durable host it outlives restarts.

    Raises:
        Error: kind Invalid, for a wrong name or when it is no duration.
    """
    check_name(name, "workflow.sleep")
    await _slept(numbered(name), time.nanoseconds(duration))


async def sleep_until(when: datetime, name: str = "sleep_until") -> None:
    """Wait until a time, which has a zone; one that is past returns at once.

    Raises:
        Error: kind Invalid, for a wrong name or when it is no time with a zone.
    """
    check_name(name, "workflow.sleep_until")
    if not isinstance(when, datetime) or when.tzinfo is None:
        raise invalid(f"workflow.sleep_until: got {when!r:.80}, expected a datetime with a zone, e.g. in UTC")
    past = when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    due = (past.days * 86_400 + past.seconds) * 1_000_000_000 + past.microseconds * 1_000
    await _slept(numbered(name), due - time.now_ns())
