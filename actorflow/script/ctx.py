"""Context: values that travel from caller to callee and from spawner to child, and the facts of a function's call.

In a process: `ctx.get("tenant")`. In a function also `ctx.invocation_id` (the same for all attempts of a call: key
your side effects by it), `ctx.attempt` (1, 2, …), `ctx.heartbeat`, `ctx.deadline` and `ctx.cancelled()`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.errors import invalid, not_found
from actorflow.likeness import close_names
from actorflow.script.current import CURRENT, identity


def note_to_logging(level: str, text: str, fields: Mapping[str, Any]) -> None:
    """Write a log line with the standard library: what a call without a host of its own does."""
    suffix = "".join(f" {key}={value!r}" for key, value in fields.items() if key != "location")  # logging has its own
    logging.getLogger("actorflow.script").log(getattr(logging, level.upper(), logging.INFO), "%s%s", text, suffix)


def unheard(_details: Any) -> None:
    """Take a heartbeat that nobody listens for."""


def never() -> bool:
    """Tell that nobody cancelled."""
    return False


async def no_operations(name: str, _args: tuple[Any, ...]) -> Any:
    """Refuse an operation: what a call without a node beside it does."""
    raise invalid(f"{name} is not available in a function with `run: process`; use run: trio, asyncio or thread")


class CallContext(NamedTuple):
    """One attempt of one function call. A function host sets it in `CALL` around the function.

    Attributes:
        invocation_id: the same for all attempts of a call; a key for side effects.
        attempt: 1 for the first.
        values: what the caller passed on with `with_context`.
        function: registry id of the function.
        caller: PID of who called, or "".
        cancelled: tells whether the caller gave the call up; may be called from any thread.
        note: takes the function's log lines: level, text, fields; may be called from any thread.
        perform: does an operation of the node: name, arguments.
        heartbeat: what an earlier attempt last told with `activity.heartbeat`, or None.
        deadline: when this attempt is given up, in Unix seconds, or None for never.
        beat: takes a heartbeat; may be called from any thread.
    """

    invocation_id: str
    attempt: int = 1
    values: Mapping[str, Any] = MappingProxyType({})
    function: str = ""
    caller: str = ""
    cancelled: Callable[[], bool] = never
    note: Callable[[str, str, Mapping[str, Any]], None] = note_to_logging
    perform: Callable[[str, tuple[Any, ...]], Awaitable[Any]] = no_operations
    heartbeat: Any = None
    deadline: float | None = None
    beat: Callable[[Any], None] = unheard


CALL: Final[ContextVar[CallContext]] = ContextVar("actorflow.call")

if TYPE_CHECKING:  # `__getattr__` below gives them
    invocation_id: str
    attempt: int
    heartbeat: Any
    deadline: float | None

HIDDEN: Final = "@"
"""How the keys begin that scripts neither see nor set."""
_FACTS: Final = ("invocation_id", "attempt", "heartbeat", "deadline")


def get(key: str) -> Any:
    """Return a context value; in a function also `invocation_id`, `attempt`, `heartbeat` and `deadline`.

    Raises:
        Error: kind Invalid for an empty key, NotFound for one that is not set.
    """
    if not isinstance(key, str) or not key:
        raise invalid(f"ctx.get: got {key!r}, expected a non-empty text")
    values = all()
    if key in values:
        return values[key]
    call = _call()
    if call is not None and key in _FACTS:
        return getattr(call, key)
    close = close_names(key, values)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise not_found(f"ctx.get: no value {key!r} in the context, it has {sorted(values)}{hint}")


def all() -> dict[str, Any]:  # noqa: A001 - the name scripts know
    """Return all context values, as a map of your own."""
    return {key: value for key, value in hidden().items() if not key.startswith(HIDDEN)}


def hidden() -> Mapping[str, Any]:
    """Return the whole context, with what actorflow keeps there itself."""
    call = _call()
    return identity().context if call is None else call.values


def passed_on(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return values that a script passes on, if it may.

    Raises:
        Error: kind Invalid, for a key that is no text or begins with `@`.
    """
    for key in values:
        if not isinstance(key, str) or key.startswith(HIDDEN):
            raise invalid(f"with_context: got the key {key!r}, expected a text that does not begin with {HIDDEN}")
    return values


def _call() -> CallContext | None:
    return None if CURRENT.get(None) is not None else CALL.get(None)


def cancelled() -> bool:
    """Tell whether the caller of this function gave up; in a process always False."""
    call = _call()
    return call is not None and call.cancelled()


def __getattr__(name: str) -> Any:
    """Return the facts of a call, e.g. `ctx.invocation_id`, which exist in a function only."""
    if name not in _FACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    call = _call()
    if call is None:
        raise not_found(f"ctx.{name}: only a function has it; a process is no call")
    return getattr(call, name)
