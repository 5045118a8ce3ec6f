"""The calls of a run as people look at them, read off its journal: a plain call writes nothing for this."""

from __future__ import annotations

import json
from typing import Any

from actorflow.codec import decode
from actorflow.errors import Error, Failure
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, superseded
from actorflow.run.step import step_of
from actorflow.store.port import Reader
from actorflow.store.view import find

_ENDS = {
    events.FUNCTION_COMPLETED: "completed",
    events.FUNCTION_FAILED: "failed",
    events.REQUEST_DROPPED: "given up",
}


def calls(reader: Reader, reference: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest calls of a run, at most `limit`, in the order in which they were asked for.

    Each has `ref`, `step` (its name, or ""), `target`, `state`, `attempts`, `started` and `ended` (Unix nanoseconds, of
    the call with all its attempts), and `failure`, the message of its last one. The state is `completed`, `failed`,
    `given up`, `retrying`, `open`, or `superseded` when a retry of the run took the call back.

    Raises:
        Error: kind NotFound.
    """
    held = reader.load(find(reader, reference).run)
    gone = superseded(held.events)
    found: dict[int, dict[str, Any]] = {}
    for event in held.events:
        if event.kind in events.CALLS:
            found[event.ref] = _asked(event)
        elif event.ref in found and event.kind in _ENDS:
            _end(found[event.ref], event)
        if event.seq in gone and event.ref in found:
            found[event.ref]["state"] = "superseded"
    for row in held.calls:
        if row.ref in found and found[row.ref]["state"] == "open":
            state = "open" if row.begun else "retrying"
            found[row.ref] |= {"state": state, "attempts": row.attempt, "failure": _message(row.failure)}
    return list(found.values())[-limit:]


def _asked(event: JournalEvent) -> dict[str, Any]:
    step = step_of(event.kind, event.target, decode(event.payload)) if event.payload else ""
    plain = {"ref": event.ref, "step": step, "target": event.target, "state": "open"}
    return {**plain, "attempts": 1, "started": event.at, "ended": None, "failure": ""}


def _end(call: dict[str, Any], event: JournalEvent) -> None:
    call["state"], call["ended"] = _ENDS[event.kind], event.at
    told = json.loads(event.target) if event.target.startswith("{") else {}
    call["attempts"], call["failure"] = told.get("attempts", 1), told.get("message", "")
    if event.kind == events.FUNCTION_FAILED:
        call["failure"] = _message(event.payload) or call["failure"]


def _message(data: bytes) -> str:
    """Return the message of a failure as it is stored; what was deleted or cannot be read has none."""
    try:
        failure = decode(data) if data else None
    except Error:
        return ""
    return failure.message if isinstance(failure, Failure) else ""
