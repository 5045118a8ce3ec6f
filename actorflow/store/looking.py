"""Runs as an operator lists and shows them, over all stores of a node, also in the words of other systems.

The words are those of `run/view.py`. What a view needs of a run beside its state is read here: how a run ended whose
data are deleted, and whether one that waits has suspended itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actorflow.clock import instant_of
from actorflow.run import event as events
from actorflow.run.state import STILL, TERMINAL, WAITING
from actorflow.run.turn import RunRow
from actorflow.run.view import PIKKU, check_view, seen_as
from actorflow.store import token, view
from actorflow.store.control import ended_as
from actorflow.store.port import Reader, RunFilter
from actorflow.store.stores import Stores

_SUSPENDING: Final = {
    events.RUN_SUSPENDED: "it has suspended itself: `actorflow run wake` lets it go on",
    events.APPROVAL_ASKED: "it asks for an approval: `actorflow approve` answers it",
}
"""What Pikku calls suspended, waiting for a person; and what that person does."""


async def runs(stores: Stores, which: RunFilter, limit: int, seen: str = "") -> list[dict[str, Any]]:
    """Return the newest runs of all stores that match, at most `limit`; `seen` is a view, "" for our own words.

    Raises:
        Error: kind Invalid, when there is no such view.
    """
    check_view(seen)
    lists = await stores.each(lambda reader: _lines(reader, which, limit, seen))
    lines = [line for lines in lists for line in lines]
    lines.sort(key=lambda line: line["created"], reverse=True)
    return lines[:limit]


def show(reader: Reader, reference: str, seen: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one run in our own words, and what a view has in place of some of it; nothing without a view.

    Raises:
        Error: kind NotFound; Invalid, when there is no such view.
    """
    check_view(seen)
    shown = token.shown(reader, reference)
    if not seen:
        return shown, {}
    row = view.find(reader, reference)
    ended = ended_as(row.waits, row.state)
    states = [
        {**change, "state": seen_as(seen, change["state"], moved, ended)["state"]}
        for moved, change in enumerate(shown["states"], start=1)
    ]
    return shown, {**_words(reader, row, seen), "states": states}


def _lines(reader: Reader, which: RunFilter, limit: int, seen: str) -> list[dict[str, Any]]:
    rows = reader.runs(which, limit)
    return [{**view.line(row), **(_words(reader, row, seen) if seen else {})} for row in rows]


def _words(reader: Reader, row: RunRow, seen: str) -> Mapping[str, Any]:
    suspended = seen == PIKKU and bool(way_on(reader, row))
    return seen_as(seen, row.state, row.revision, ended_as(row.waits, row.state), suspended=suspended)


def since(reader: Reader, run: int, state: str) -> str:
    """Return when a run came into the state it is in, as people read it; "" for states that the history leaves out."""
    kept = reader.history(run) if state in TERMINAL | STILL else []
    return instant_of(kept[-1].at) if kept and kept[-1].state == state else ""


def way_on(reader: Reader, row: RunRow) -> str:
    """Return how somebody lets a run go on that has suspended itself or asks for an approval; "" for any other."""
    return _way_on(reader.load(row.run).events) if row.state == WAITING else ""


def _way_on(journal: Sequence[events.JournalEvent]) -> str:
    gone, asked = events.superseded(journal), dict[int, str]()
    for event in journal:
        if event.seq in gone:
            continue
        if event.kind in _SUSPENDING:
            asked[event.ref] = _SUSPENDING[event.kind]
        elif event.kind in {events.REQUEST_SETTLED, events.REQUEST_DROPPED}:
            asked.pop(event.ref, None)
    return next(iter(asked.values()), "")
