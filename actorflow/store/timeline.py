"""The timeline of a run: one line for each step, call, timer, signal and child, read off its journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import Error, Failure
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, superseded
from actorflow.run.step import step_of
from actorflow.run.turn import CallRow, OpenRun

OPEN: Final = "open"
_KINDS: Final = {
    events.FUNCTION_CALLED: "call",
    events.OPERATION_PERFORMED: "operation",
    events.TIMER_STARTED: "timer",
    events.PROCESS_SPAWNED: "child",
    events.STEP_STARTED: "step",
    events.STEP_COMPLETED: "step",
    events.APPROVAL_ASKED: "approval",
    events.STATE_AWAITED: "wait",
    events.RUN_SUSPENDED: "suspended",
    events.MESSAGE_SENT: "message out",
    events.MESSAGE_RECEIVED: "signal",
    events.CANCEL_REQUESTED: "cancel",
}
_AT_ONCE: Final = {events.MESSAGE_RECEIVED: "received", events.CANCEL_REQUESTED: "received"}
_ANSWERS: Final = frozenset(
    {
        *(events.FUNCTION_COMPLETED, events.FUNCTION_FAILED, events.TIMER_FIRED, events.REQUEST_SETTLED),
        *(events.PROCESS_EXITED, events.REQUEST_DROPPED, events.STEP_COMPLETED),
    }
)
_FAILED_HOW: Final = (1, 2)


def timeline(held: OpenRun) -> list[dict[str, Any]]:
    """Return the lines of a run in the order of their beginning.

    Each has `seq` and `ref` of what began it, its `kind` and `name`, `start` and `end` (Unix nanoseconds; `end` None
    while it is open), `duration` in seconds, `attempts`, None where there are none, and its `outcome`.
    """
    gone, calls = superseded(held.events), {call.ref: call for call in held.calls}
    lines: dict[int, dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    for event in held.events:
        if event.kind in _ANSWERS and (line := lines.get(event.ref)) is not None and line["end"] is None:
            line.update(_ending(event))
        elif event.kind in _KINDS:
            line = _line(event, calls)
            found.append(line)
            if event.ref and event.kind not in _AT_ONCE:
                lines[event.ref] = line
        if event.kind in events.TAKE_BACK:
            lines = {ref: line for ref, line in lines.items() if line["seq"] not in gone}
    return [_timed(line, taken_back=line["seq"] in gone) for line in found]


def _line(event: JournalEvent, calls: Mapping[int, CallRow]) -> dict[str, Any]:
    payload, kind = decoded(event), _KINDS[event.kind]
    name = step_of(event.kind, event.target, payload)
    attempts = 1 if event.kind in events.CALLS else None
    if event.ref in calls:
        attempts = calls[event.ref].attempt
    line = {
        "seq": event.seq,
        "ref": event.ref,
        "kind": "step" if kind == "call" and name else kind,
        "name": name or event.target or _topic(event, payload),
        "start": event.at,
        "end": None,
        "attempts": attempts,
        "outcome": OPEN,
    }
    if event.kind in _AT_ONCE:
        line |= {"end": event.at, "outcome": _AT_ONCE[event.kind]}
    elif event.kind == events.STEP_COMPLETED:
        line |= _ending(event)
    return line


def _topic(event: JournalEvent, payload: Any) -> str:
    if event.kind == events.MESSAGE_SENT and isinstance(payload, list) and payload:
        return str(payload[0])
    return f"timer {event.ref}" if event.kind == events.TIMER_STARTED else ""


def _ending(event: JournalEvent) -> dict[str, Any]:
    payload = decoded(event)
    ended: dict[str, Any] = {"end": event.at, "outcome": _outcome(event, payload)}
    if event.kind in {events.FUNCTION_COMPLETED, events.FUNCTION_FAILED} and event.target:
        ended["attempts"] = _told(event.target)
    if event.kind == events.STEP_COMPLETED and isinstance(payload, dict):
        ended["attempts"] = payload.get("attempt")
    return ended


def _told(target: str) -> int | None:
    """Return how often a call was attempted, from what its answer keeps of that."""
    try:
        told = json.loads(target)
    except ValueError:
        return None
    return told.get("attempts") if isinstance(told, dict) else None


def _outcome(event: JournalEvent, payload: Any) -> str:
    if event.kind == events.TIMER_FIRED:
        return "fired"
    if event.kind == events.REQUEST_DROPPED:
        return "given up"
    failure = _failure(event, payload)
    return f"failed: {failure}" if failure else "completed"


def _failure(event: JournalEvent, payload: Any) -> str:
    found = payload
    if event.kind == events.REQUEST_SETTLED and isinstance(payload, list):
        found = payload[-1]
    elif event.kind == events.PROCESS_EXITED and isinstance(payload, dict):
        found = (payload.get("result") or {}).get("error")
    elif event.kind == events.STEP_COMPLETED and isinstance(payload, dict):
        found = payload.get("value") if payload.get("how") in _FAILED_HOW else None
    if isinstance(found, Failure):
        return found.message
    return str(found) if event.kind == events.STEP_COMPLETED and found is not None else ""


def _timed(line: dict[str, Any], *, taken_back: bool) -> dict[str, Any]:
    end = line["end"]
    took = None if end is None else max(end - line["start"], 0) / 1e9
    return {**line, "duration": took, "outcome": "taken back" if taken_back else line["outcome"]}


def decoded(event: JournalEvent) -> Any:
    """Return what an event holds, None for nothing that can be read."""
    try:
        return decode(event.payload) if event.payload else None
    except Error:
        return None


def upto(held: Sequence[JournalEvent], seq: int) -> Iterator[JournalEvent]:
    """Yield the events of a journal up to a position that no retry before that position took back."""
    kept = [event for event in held if event.seq <= seq]
    gone = superseded(kept)
    return (event for event in kept if event.seq not in gone)
