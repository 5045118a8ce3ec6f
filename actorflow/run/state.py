"""Run states, the one table of transitions between them, and the verbs that ask for one from outside.

This file knows nothing of stores, hosts or scripts: it only says which change of state is allowed. Flips between
`pending`, `running` and `waiting` are read off the journal and never kept in the history; every other change is one
compare-and-set on the revision of the run. `docs/states.md` is drawn from here
(`run/diagram.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from actorflow.errors import CONFLICT, Error
from actorflow.run.view import STRICT, word_of

CREATED: Final = "created"
PENDING: Final = "pending"
RUNNING: Final = "running"
WAITING: Final = "waiting"
PAUSED: Final = "paused"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
DELETE_REQUESTED: Final = "delete_requested"
DATA_DELETED: Final = "data_deleted"

TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    CREATED: frozenset({PENDING, PAUSED, FAILED, CANCELLED}),
    PENDING: frozenset({RUNNING, WAITING, PAUSED, FAILED, CANCELLED}),
    RUNNING: frozenset({PENDING, WAITING, PAUSED, COMPLETED, FAILED, CANCELLED}),
    WAITING: frozenset({PENDING, RUNNING, PAUSED, FAILED, CANCELLED}),
    PAUSED: frozenset({PENDING, FAILED, CANCELLED}),
    COMPLETED: frozenset({DELETE_REQUESTED}),
    FAILED: frozenset({PENDING, DELETE_REQUESTED}),
    CANCELLED: frozenset({DELETE_REQUESTED}),
    DELETE_REQUESTED: frozenset({DATA_DELETED}),
    DATA_DELETED: frozenset({DELETE_REQUESTED}),
}
ENDED: Final = frozenset({COMPLETED, FAILED, CANCELLED})
"""How a run ends; the other terminal states follow one of these."""
TERMINAL: Final = ENDED | {DELETE_REQUESTED, DATA_DELETED}
OPEN: Final = frozenset(TRANSITIONS) - TERMINAL
STILL: Final = frozenset({CREATED, PAUSED})
"""Open states in which a run gets no turns: what arrives is stored."""


class Verb(NamedTuple):
    """What somebody may ask of a run: from which states, and the state it is to be in then."""

    froms: frozenset[str]
    to: str


VERBS: Final[Mapping[str, Verb]] = {
    "release": Verb(frozenset({CREATED}), PENDING),
    "pause": Verb(OPEN - {PAUSED}, PAUSED),
    "resume": Verb(frozenset({PAUSED}), PENDING),
    "repin": Verb(frozenset({PAUSED}), PENDING),
    "accept": Verb(frozenset({PAUSED}), PENDING),
    "cancel": Verb(OPEN, CANCELLED),
    "terminate": Verb(OPEN, CANCELLED),
    "expire": Verb(OPEN, FAILED),
    "retry": Verb(frozenset({FAILED}), PENDING),
    "delete-data": Verb(ENDED | {DATA_DELETED}, DELETE_REQUESTED),
    "scrub": Verb(frozenset({DELETE_REQUESTED}), DATA_DELETED),
    "purge": Verb(TERMINAL, ""),
}
"""`cancel` asks the script, which ends by itself; `expire` and `scrub` are asked by the engine alone; `purge` leaves no
run. A resumed run is `pending` until its next turn finds out what it waits for."""


def allows(verb: str, state: str, strict: str = "", revision: int = 0) -> bool:
    """Tell whether a run in `state` takes a verb; `strict` names the system whose narrower table holds for the run."""
    asked = VERBS[verb]
    if state not in asked.froms:
        return False
    if not strict or not asked.to:
        return True
    old = word_of(strict, state, revision)
    new = old if asked.to in {DELETE_REQUESTED, DATA_DELETED} and strict != "luno" else word_of(strict, asked.to, 2)
    return old == new or new in STRICT[strict].get(old, frozenset())


def refusal(  # noqa: PLR0913 - what was asked, of what, and what is known of it
    what: str, verb: str, state: str, strict: str = "", revision: int = 0, *, since: str = ""
) -> Error:
    """Return the error of a verb that a run does not take: kind Conflict, naming from, to and what it does take.

    `since` is when it came into that state, as people read it, "" when that is not known.
    """
    ways = ", ".join(name for name in VERBS if name not in _INTERNAL and allows(name, state, strict, revision))
    to = VERBS[verb].to or "nothing"
    table = f" by the strict table of {strict}" if strict else ""
    message = (
        f"cannot {verb} {what}: it is {state}{since and f', since {since},'} and would be {to}, which is not allowed"
        f"{table}; what is: {ways or 'nothing'}"
    )
    details = {"from": state, "to": to, "verb": verb, **({"since": since} if since else {})}
    return Error(message, CONFLICT, retryable=False, details=details)


_INTERNAL: Final = frozenset({"expire", "scrub"})


def check_transition(old: str, new: str) -> None:
    """Do nothing if a run may go from `old` to `new`.

    Raises:
        Error: kind Conflict, naming both states and where one may go from `old`.
    """
    if new not in TRANSITIONS.get(old, frozenset()):
        ways = ", ".join(sorted(TRANSITIONS.get(old, ()))) or "nowhere: it is final"
        message = f"a run cannot go from {old!r} to {new!r}; from {old!r} it may go to {ways}"
        raise Error(message, CONFLICT, retryable=False, details={"from": old, "to": new})
