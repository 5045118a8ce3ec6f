"""Updates that a run has not answered: what `why` says of them, and an update whose time-out is over.

Which handlers a script has is known to whoever has the run in memory, or replays it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.message import UPDATE_PREFIX
from actorflow.node.suggest import did_you_mean
from actorflow.run import event as events
from actorflow.run.turn import OpenRun

_MARK: Final = UPDATE_PREFIX.encode()
_ACCEPTED: Final = "ack"


class Unanswered(NamedTuple):
    """An update: its id and name, and whether its run has accepted it."""

    id: str
    name: str
    accepted: bool


def unanswered(held: OpenRun) -> list[Unanswered]:
    """Return the updates that have come to a run, or are about to, and are not answered, oldest first."""
    names, said = dict(_arrived(held)), dict[str, Any]()
    for event in held.events:
        if event.kind == events.UPDATE_ANSWERED:
            answer = _decoded(event.payload)
            said[event.target] = answer[0] if isinstance(answer, list) and answer else None
    left = {**names, **{update: "" for update in said if update not in names}}
    return [
        Unanswered(update, name, update in said)
        for update, name in left.items()
        if update not in said or said[update] == _ACCEPTED
    ]


def reasons_of(held: OpenRun, handlers: Sequence[str] | None) -> Iterator[str]:
    """Yield a line for each update that is not answered; `handlers` are the names its script answers, if known."""
    for update in unanswered(held):
        if update.accepted:
            yield f"update {update.id} was accepted, and is not answered yet"
        elif handlers is None or update.name in handlers:
            yield f"update {update.name!r} ({update.id}) has come, and is not accepted yet"
        else:
            yield f"update {update.name!r} ({update.id}) waits: {no_handler(update.name, handlers)}"


def no_handler(name: str, handlers: Sequence[str]) -> str:
    """Say that nothing answers updates of a name, and which are answered."""
    if not handlers:
        return "its script has no handler of that name, and no other (`workflow.on_update`)"
    there = f"it has: {', '.join(sorted(handlers))}"
    return f"its script has no handler of that name{did_you_mean(name, handlers).rstrip('?')}; {there}"


def _arrived(held: OpenRun) -> Iterator[tuple[str, str]]:
    for event in held.events:
        if event.kind == events.MESSAGE_RECEIVED and _MARK in event.payload:
            told = _decoded(event.payload)
            if isinstance(told, list) and str(told[0]).startswith(UPDATE_PREFIX):
                yield told[0][len(UPDATE_PREFIX) : -1], event.target
    for row in held.inbox:
        if row.sender.startswith(UPDATE_PREFIX):
            yield row.sender[len(UPDATE_PREFIX) : -1], row.target


def _decoded(data: bytes) -> Any:
    try:
        return decode(data) if data else None
    except Error:  # what is sealed or damaged is said elsewhere
        return None
