"""What a function can tell and know about the call that it serves.

    for number, row in enumerate(rows[activity.heartbeat_details() or 0:]):
        ...
        activity.heartbeat(number)

A workflow that calls with `activity.heartbeat_timeout` gives an attempt up that is silent for that long. What was told
last is given to the next attempt, also after a crash; it is then at most about a second old.
"""

from __future__ import annotations

from typing import Any

from actorflow.errors import invalid
from actorflow.script.ctx import CALL, CallContext
from actorflow.script.record import plain


def heartbeat(details: Any = None) -> None:
    """Say that this attempt goes on, and how far it is. Never waits, and may be called from any thread of it.

    Where nobody listens, as for a call by a process that is not durable, it does nothing.

    Args:
        details: plain data or dataclasses; None keeps what was told before.

    Raises:
        Error: kind Invalid for details that cannot be sent, and outside of a function.
    """
    _call("heartbeat").beat(plain(details))


def heartbeat_details() -> Any:
    """Return what an earlier attempt of this call told last, None if it told nothing.

    Raises:
        Error: kind Invalid, outside of a function.
    """
    return _call("heartbeat_details").heartbeat


def cancelled() -> bool:
    """Tell whether the caller has given this attempt up: for functions in threads, which nobody can interrupt.

    Raises:
        Error: kind Invalid, outside of a function.
    """
    return _call("cancelled").cancelled()


def info() -> dict[str, Any]:
    """Return the facts of the attempt: function, invocation_id, attempt, caller, heartbeat, deadline (Unix seconds).

    Raises:
        Error: kind Invalid, outside of a function.
    """
    call = _call("info")
    return {
        "function": call.function,
        "invocation_id": call.invocation_id,
        "attempt": call.attempt,
        "caller": call.caller,
        "heartbeat": call.heartbeat,
        "deadline": call.deadline,
    }


def _call(name: str) -> CallContext:
    call = CALL.get(None)
    if call is None:
        raise invalid(f"activity.{name}: only a function serves a call; a process or workflow is none")
    return call
