"""Other systems' words for the states of a run, and their own narrower tables of transitions.

The words are those of luno/workflow, Pikku and Laravel Workflowable. A run begun with `strict` is held to the table of
one of them, in its words: what that system refuses is refused, whatever ours would allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actorflow.errors import invalid

LUNO: Final = "luno"
PIKKU: Final = "pikku"
WORKFLOWABLE: Final = "workflowable"
VIEWS: Final = (LUNO, PIKKU, WORKFLOWABLE)

_LUNO: Final[Mapping[str, str]] = {
    "created": "Initiated",
    "pending": "Running",
    "running": "Running",
    "waiting": "Running",
    "paused": "Paused",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "delete_requested": "RequestedDataDeleted",
    "data_deleted": "DataDeleted",
}
_PIKKU: Final[Mapping[str, str]] = {
    "created": "running",
    "pending": "running",
    "running": "running",
    "waiting": "running",
    "paused": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_WORKFLOWABLE: Final[Mapping[str, str]] = {
    "created": "Created",
    "pending": "Pending",
    "running": "Running",
    "waiting": "Pending",
    "paused": "Paused",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {LUNO: _LUNO, PIKKU: _PIKKU, WORKFLOWABLE: _WORKFLOWABLE}
_NUMBERS: Final[Mapping[str, Mapping[str, int]]] = {
    LUNO: {
        "Initiated": 1,
        "Running": 2,
        "Paused": 3,
        "Completed": 4,
        "Cancelled": 5,
        "DataDeleted": 6,
        "RequestedDataDeleted": 7,
    },
    PIKKU: {},
    WORKFLOWABLE: {
        "Created": 1,
        "Pending": 2,
        "Dispatched": 3,
        "Running": 4,
        "Paused": 5,
        "Failed": 6,
        "Completed": 7,
        "Cancelled": 8,
    },
}
STRICT: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    LUNO: {
        "Initiated": frozenset({"Running", "Paused"}),
        "Running": frozenset({"Completed", "Paused", "Cancelled"}),
        "Paused": frozenset({"Running", "Cancelled"}),
        "Completed": frozenset({"RequestedDataDeleted"}),
        "Cancelled": frozenset({"RequestedDataDeleted"}),
        "RequestedDataDeleted": frozenset({"DataDeleted"}),
        "DataDeleted": frozenset({"RequestedDataDeleted"}),
    },
    WORKFLOWABLE: {
        "Created": frozenset({"Pending", "Dispatched"}),
        "Pending": frozenset({"Dispatched", "Running", "Paused", "Cancelled"}),
        "Running": frozenset({"Completed", "Pending", "Failed"}),
        "Paused": frozenset({"Pending"}),
    },
}
"""What those systems allow; neither knows a way out of `Failed`."""


def word_of(view: str, state: str, revision: int, ended: str = "completed") -> str:
    """Return a system's word for a state.

    Args:
        view: one of `VIEWS`.
        state: our state.
        revision: of the run: luno calls one that has never been written since its start Initiated.
        ended: how a run ended whose data are deleted: some systems go on showing that.
    """
    if view == LUNO and state == "pending" and revision <= 1:
        return "Initiated"
    words = _WORDS[view]
    return words.get(state) or words[ended]


def check_view(view: str) -> None:
    """Do nothing if `view` is one of `VIEWS` or empty.

    Raises:
        Error: kind Invalid otherwise.
    """
    if view and view not in VIEWS:
        message = f"view: got {view!r}, expected one of {', '.join(VIEWS)}"
        raise invalid(message)


def seen_as(
    view: str, state: str, revision: int, ended: str = "completed", *, suspended: bool = False
) -> dict[str, str | int]:
    """Return a state as another system prints it: `state`, its `number` where it has numbers, for Pikku its `wait`.

    Args:
        view: one of `VIEWS`.
        state: our state.
        revision: as in `word_of`.
        ended: as in `word_of`.
        suspended: whether the run waits for somebody to let it go on: Pikku's `wait` says so, as of a paused one.
    """
    word = word_of(view, state, revision, ended)
    shown: dict[str, str | int] = {"state": word}
    if word in _NUMBERS[view]:
        shown["number"] = _NUMBERS[view][word]
    if view == PIKKU:
        shown["wait"] = "suspended" if suspended or state == "paused" else ""
    return shown
