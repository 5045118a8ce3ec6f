"""A run as it was after a position of its journal: what the journal says of it, without its script."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import Failure, not_found
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import JournalEvent, source_of
from actorflow.run.token import initial
from actorflow.store.capsule import Capsule
from actorflow.store.timeline import OPEN, decoded, timeline, upto
from actorflow.store.view import pid_of

_ENDED: Final = {
    events.RUN_COMPLETED: states.COMPLETED,
    events.RUN_FAILED: states.FAILED,
    events.RUN_CANCELLED: states.CANCELLED,
    events.RUN_CONTINUED: states.COMPLETED,
}
_ONE_COMMIT: Final = [events.RUN_REPINNED, events.RUN_ACCEPTED]
"""What an accept of another source writes: until its second event the run has not gone by that source."""


def past(capsule: Capsule, seq: int) -> dict[str, Any]:
    """Return a run as it was after the journal event `seq`.

    Raises:
        Error: kind NotFound, when its journal has no such event.
    """
    row, journal = capsule.held.row, capsule.held.events
    if not 1 <= seq <= len(journal):
        expected = f"expected 1 to {len(journal)}; `actorflow run history` lists them"
        raise not_found(f"run {row.workflow_id!r} has no event {seq}: {expected}")
    kept = list(upto(journal, seq))
    started: dict[str, Any] = decoded(journal[0]) or {}
    lines = timeline(replace(capsule.held, events=journal[:seq], calls=[]))
    return {
        "pid": pid_of(row),
        "workflow_id": row.workflow_id,
        "run_id": row.run_id,
        "entry": row.entry,
        "host": row.host,
        "seq": seq,
        "at": journal[seq - 1].at,
        "state": _state(capsule, kept),
        "args": started.get("args", []),
        **_ending(kept),
        **_said(started, kept),
        "versions": {event.target: decoded(event) for event in kept if event.kind == events.VERSION_MARKED},
        "steps": [line for line in lines if line["outcome"] != OPEN],
        "requests": [line for line in lines if line["outcome"] == OPEN],
    }


def until(capsule: Capsule, seq: int) -> Capsule:
    """Return a capsule as it was made after the event `seq`: a commit has a fact with all that it led to.

    Its source is the one of that time, if the capsule has that.
    """
    journal = capsule.held.events
    bundle = capsule.older.get(other_source(capsule, seq), capsule.bundle)
    end = next((event.seq - 1 for event in journal if event.seq > seq and event.kind in events.FACTS), len(journal))
    held = replace(capsule.held, events=journal[:end], inbox=[], calls=[])
    return replace(capsule, held=held, bundle=bundle)


def other_source(capsule: Capsule, seq: int) -> str:
    """Return the content hash of the source that a run went by after the event `seq`, "" for that of its capsule."""
    journal = capsule.held.events
    started: dict[str, Any] = decoded(journal[0]) or {}
    pinned = seq - 1 if [event.kind for event in journal[seq - 1 : seq + 1]] == _ONE_COMMIT else seq
    source = source_of(str(started.get("source", "")), journal[:pinned])
    return "" if source in {"", capsule.bundle.hash} else source


def _state(capsule: Capsule, kept: list[JournalEvent]) -> str:
    ends = [_ENDED[event.kind] for event in kept if event.kind in _ENDED]
    if ends:
        return ends[-1]
    at = kept[-1].at
    changes = [change.state for change in capsule.states if change.at <= at]
    if changes and changes[-1] == states.PAUSED:
        return states.PAUSED
    return states.PENDING if len(kept) == 1 else states.WAITING


def _ending(kept: list[JournalEvent]) -> dict[str, Any]:
    ended = next((decode(event.payload) for event in kept if event.kind in _ENDED and event.payload), None)
    failed = isinstance(ended, Failure)
    return {"result": None if failed else ended, "error": ended if failed else None}


def _said(started: dict[str, Any], kept: list[JournalEvent]) -> dict[str, Any]:
    """Return what the run has said of itself: search attributes, memo and tokens."""
    options = started.get("options", {})
    search, memo = dict(options.get("search") or {}), dict(options.get("memo") or {})
    tokens = {key: known[-1]["value"] for key, known in initial(started, kept[0].at).items()}
    for event in kept:
        payload = decoded(event)
        if event.kind == events.ATTRIBUTES_SET and payload:
            search |= payload["search"]
            memo |= payload["memo"]
        elif event.kind == events.TOKEN_SET and payload:
            tokens[event.target] = payload["value"]
    return {
        "search_attributes": {name: value for name, value in search.items() if value is not None},
        "memo": {name: value for name, value in memo.items() if value is not None},
        "tokens": tokens,
    }
