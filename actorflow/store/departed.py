"""Runs that have moved to another store: what is kept of them here, and what whoever asks for them is told.

`MOVED`: by run id, and by `id/` and the workflow id. `MOVED_OPEN`: by workflow id, those that were open when they left.
`DEPARTURES`: by number, the last groups of runs that were fenced off or have left, for nodes that have them in memory.
"""

from __future__ import annotations

from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import NOT_FOUND, Failure
from actorflow.store.port import Documents

MOVED: Final = "moved"
MOVED_OPEN: Final = "moved_open"
DEPARTURES: Final = "departures"
NEWEST: Final = "departures_newest"
"""The kind of the one document that has the number of the last of them."""
BY_ID: Final = "id/"
MOVED_TO: Final = "moved_to"
"""The detail of the failure that says where a run is."""


def key_of(number: int) -> str:
    """Return the key of a departure: they are in the order of their numbers."""
    return f"{number:020d}"


def departures(reader: Documents, after: int) -> list[tuple[int, list[int]]]:
    """Return the departures behind a number, each with its own and those of its runs."""
    found: list[tuple[int, list[int]]] = []
    while page := reader.documents(DEPARTURES, after=key_of(after)):
        for row in page:
            runs: Any = decode(row.value)
            found.append((int(row.key), runs))
        after = found[-1][0]
    return found


def left(reader: Documents, reference: str) -> Failure | None:
    """Return what to say about a run that has moved to another store, None for any other."""
    row = reader.document(MOVED, reference) or reader.document(MOVED, BY_ID + reference)
    if row is None:
        return None
    value: Any = decode(row.value)
    run_id, workflow_id, place, at = value
    text = f"run {workflow_id!r} has moved to {place}: ask there, with the registry whose hosts name that database"
    details = {MOVED_TO: place, "run_id": run_id, "workflow_id": workflow_id, "at": at}
    return Failure(text, NOT_FOUND, retryable=False, details=details)
