"""Run states and the one table of transitions between them.

This file knows nothing of stores, hosts or scripts: it only says which change of state is allowed. Flips between
`running` and `waiting` are read off the journal and never stored; every other change is one compare-and-set.
"""

from __future__ import annotations

from typing import Final

from actorflow.errors import CONFLICT, Error

CREATED: Final = "created"
PENDING: Final = "pending"
RUNNING: Final = "running"
WAITING: Final = "waiting"
PAUSED: Final = "paused"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"

TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    CREATED: frozenset({PENDING, PAUSED, CANCELLED}),
    PENDING: frozenset({RUNNING, PAUSED, CANCELLED}),
    RUNNING: frozenset({PENDING, WAITING, PAUSED, COMPLETED, FAILED, CANCELLED}),
    WAITING: frozenset({PENDING, RUNNING, PAUSED, CANCELLED}),
    PAUSED: frozenset({PENDING, WAITING, CANCELLED}),
    COMPLETED: frozenset(),
    FAILED: frozenset({PENDING}),
    CANCELLED: frozenset(),
}
TERMINAL: Final = frozenset({COMPLETED, FAILED, CANCELLED})
OPEN: Final = frozenset(TRANSITIONS) - TERMINAL


def check_transition(old: str, new: str) -> None:
    """Do nothing if a run may go from `old` to `new`.

    Raises:
        Error: kind Conflict, naming both states and where one may go from `old`.
    """
    if new not in TRANSITIONS.get(old, frozenset()):
        ways = ", ".join(sorted(TRANSITIONS.get(old, ()))) or "nowhere: it is final"
        message = f"a run cannot go from {old!r} to {new!r}; from {old!r} it may go to {ways}"
        raise Error(message, CONFLICT, retryable=False, details={"from": old, "to": new})
