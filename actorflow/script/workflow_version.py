"""Versions of workflow code: which branch a run takes, and continuing as a new run."""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import Any, NoReturn

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.script.current import CURRENT, ask, identity
from actorflow.script.record import plain_args


def version(change: str, least: int, most: int) -> int:
    """Return the version of a change that this run goes through, from `least` to `most`.

    A run that comes here for the first time takes `most` and keeps it, also when `most` grows later. A run whose
    history was recorded before the call was in the script takes -1, or `least` if that is higher. Outside of a
    durable run it is `most`. It never waits.

    Raises:
        Error: kind Invalid, for an empty `change`, for `least` above `most`, and for a run that goes through a version
            out of these bounds.
    """
    if not isinstance(change, str) or not change:
        raise invalid(f"workflow.version: got {change!r:.80} as the id of a change, expected a non-empty text")
    if not _is_integer(least) or not _is_integer(most) or least > most:
        raise invalid(f"workflow.version: got min {least!r:.40} and max {most!r:.40}, expected integers, min <= max")
    if CURRENT.get(None) is None or not identity().durable:
        return most
    answer: int = ask((Op.PERFORM, "workflow.version", (change, least, most)))
    return answer


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@types.coroutine
def continue_as_new(*args: Any) -> Generator[tuple[Any, ...], Any, NoReturn]:
    """Go on as a new run of the same entry with these arguments: what `process.upgrade(None, *args)` does.

    The new run has the same workflow id and PID; monitors, links, names and whoever waits for the result stay, and it
    gets the messages that were not received. Open calls and timers are given up, children stay. Never returns.

    Raises:
        Error: kind Invalid or NotFound, when the code that is registered now cannot be started: this run goes on.
    """
    yield (Op.PERFORM, "upgrade", ("", *plain_args(args)))
    raise invalid("workflow.continue_as_new: the host let the old code go on")
