"""Runs as people look at them: what `actorflow runs` and `actorflow run …` print, as plain data.

Each function is one question to a reader, so that the rows of one answer are of one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import Error, Failure, not_found
from actorflow.names import Pid
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, superseded, taken_back
from actorflow.run.state import CREATED, PAUSED, PENDING, TERMINAL
from actorflow.run.step import step_of
from actorflow.run.turn import NEVER, CallRow, OpenRun, RunRow
from actorflow.store.control import pause_of
from actorflow.store.port import Reader

_PAGE: Final = 1000
_PAGE_BYTES: Final = 4 * 1024 * 1024
"""About how many bytes of payloads one page of a history holds, at least one event."""
_DUMP_ABOVE: Final = 64
"""Bytes longer than this are shown by their size."""
_NAMED: Final = 5
_HIDDEN: Final = frozenset({"seed"})
"""Fields of the start event that nobody should copy around: who knows the seed knows every random value to come."""
_SETTLING: Final = frozenset(
    {
        events.FUNCTION_COMPLETED,
        events.FUNCTION_FAILED,
        events.TIMER_FIRED,
        events.REQUEST_SETTLED,
        events.REQUEST_DROPPED,
    }
)
ASKING: Final = {
    events.FUNCTION_CALLED: "call {target}",
    events.PROCESS_SPAWNED: "child {target}",
    events.MESSAGE_SENT: "send to {target}",
    events.PROCESS_CONTROLLED: "request to {target}",
    events.NAME_USED: "name {target}",
    events.OPERATION_PERFORMED: "operation {target}",
    events.UPDATE_ANSWERED: "answer to update {target}",
    events.APPROVAL_ASKED: "approval {target}",
    events.STATE_AWAITED: "state of workflow {target}",
    events.RUN_SUSPENDED: "suspended until it is resumed: {target}",
}
"""What a record asks for, in words; `target` is the record's."""


def show(reader: Reader, reference: str) -> dict[str, Any]:
    """Return one run with its arguments, result and state history.

    Raises:
        Error: kind NotFound.
    """
    row = find(reader, reference)
    started = _started(reader, row.run)
    options = started.get("options", {})
    waits = list(pause_of(row.waits).reasons) if row.state == PAUSED else []
    continued_from, continued_as = reader.continued(row.run)
    return {
        **line(row),
        "args": started.get("args", []),
        "attempt": started.get("attempt", 1),
        **{name: options.get(name, "") for name in ("summary", "details")},
        "priority": options.get("priority", 0),
        "memo": reader.memo(row.run),
        "search_attributes": reader.attributes(row.run),
        "parent": row.parent or None,
        "forked_from": started.get("forked_from"),
        "continued_from": continued_from or None,
        "continued_as": continued_as or None,
        "bundle_hash": row.bundle_hash,
        "events": row.last_seq,
        "history_length": row.last_seq,
        "history_size": reader.history_size(row.run),
        "revision": row.revision,
        "waits": waits,
        **_ending(row),
        "states": [
            {"state": change.state, "at": change.at, "reason": change.reason, "by": change.by}
            for change in reader.history(row.run)
        ],
    }


def chain(reader: Reader, reference: str, after: int = 0, limit: int = _PAGE) -> list[dict[str, Any]]:
    """Return the runs that one has gone through by continuing as a new one, oldest first; itself, if none.

    Those with run numbers above `after`, at most `limit`; `run` is the run number.

    Raises:
        Error: kind NotFound.
    """
    return [{**line(row), "run": row.run} for row in reader.chain(find(reader, reference).run, after, limit)]


def history(reader: Reader, reference: str, after: int = 0, limit: int = _PAGE) -> list[dict[str, Any]]:
    """Return journal events of a run with positions above `after`: at most `limit`, fewer when they are large.

    `superseded` is true of what a retry took back, and of what arrived after the end: the script is not fed it.

    Raises:
        Error: kind NotFound.
    """
    run = find(reader, reference).run
    gone = taken_back(reader.journaled(run, tuple(events.TAKE_BACK)))
    page, size = [], 0
    for event in reader.journal(run, after, limit):
        superseded = event.kind == events.RESULT_SUPERSEDED or any(event.seq in taken for taken in gone)
        page.append({**event_line(event), "superseded": superseded})
        size += len(event.payload) + len(event.drawn)
        if size > _PAGE_BYTES:
            break
    return page


def why(reader: Reader, reference: str, *, served: bool) -> dict[str, Any]:
    """Return why a run is where it is: its state, and what it waits for, the next wake-up first.

    `served` says whether a node runs on the store. An open run without a reason waits for a message.

    Raises:
        Error: kind NotFound.
    """
    row = find(reader, reference)
    reasons = [f"{row.state}: nothing will happen any more"] if row.state in TERMINAL else []
    if not reasons:
        reasons = list(_reasons(reader.load(row.run)))
        if not served and row.state != PAUSED:
            reasons.insert(0, "no node serves it: start one with `actorflow up`")
    return {**line(row), "reasons": reasons}


def find(reader: Reader, reference: str) -> RunRow:
    """Return the run a PID, workflow id or run id means.

    Raises:
        Error: kind NotFound.
    """
    row = reader.find(workflow_of(reference))
    if row is None:
        raise not_found(f"no run {reference!r}: expected a PID, a workflow id or a run id; `actorflow runs` lists them")
    return row


def workflow_of(reference: str) -> str:
    """Return the id in a PID, and anything else as it is."""
    if reference.startswith("{") and reference.endswith("}") and "|" in reference:
        return reference[1:-1].partition("|")[2]
    return reference


def pid_of(row: RunRow, store: str = "local") -> str:
    """Return the PID of a run in the store of that name."""
    return str(Pid(store, row.host, row.workflow_id))


def line(row: RunRow) -> dict[str, Any]:
    """Return what every listing says of a run."""
    return {
        "pid": pid_of(row),
        "workflow_id": row.workflow_id,
        "run_id": row.run_id,
        "entry": row.entry,
        "host": row.host,
        "state": row.state,
        "reason": row.reason,
        "created": row.created,
        "updated": row.updated,
    }


def _ending(row: RunRow) -> dict[str, Any]:
    """Return the result and error of a run; both None while it is open."""
    ended = decode(row.result) if row.result is not None else None
    failed = isinstance(ended, Failure)
    return {"result": None if failed else ended, "error": ended if failed else None}


def _started(reader: Reader, run: int) -> dict[str, Any]:
    first = reader.journal(run, limit=1)
    payload = decode(first[0].payload) if first and first[0].payload else {}
    return payload if isinstance(payload, dict) else {}


def event_line(event: JournalEvent) -> dict[str, Any]:
    """Return a journal event as people see it."""
    payload = _decoded(event.payload)
    return {
        "seq": event.seq,
        "kind": event.kind,
        "ref": event.ref,
        "target": event.target,
        "step": step_of(event.kind, event.target, payload),
        "at": event.at,
        "payload": _visible(payload),
        "drawn": _visible(_decoded(event.drawn)),
    }


def _decoded(data: bytes) -> Any:
    try:
        return decode(data) if data else None
    except Error as error:
        return f"<{error.message}>"


def _visible(value: Any) -> Any:
    """Return a payload without the seed and without long binary parts."""
    if isinstance(value, dict):
        return {key: _visible(item) for key, item in value.items() if key not in _HIDDEN}
    if isinstance(value, list):
        return [_visible(item) for item in value]
    return f"<{len(value)} bytes>" if isinstance(value, bytes) and len(value) > _DUMP_ABOVE else value


def _reasons(held: OpenRun) -> Iterator[str]:
    """Name what an open run waits for, as far as the store knows."""
    row = held.row
    gone = superseded(held.events)
    held = replace(held, events=[event for event in held.events if event.seq not in gone])
    if row.state in {CREATED, PENDING}:
        yield f"{row.state}: {(row.state == CREATED and row.reason) or 'it waits for its next turn'}"
    if row.state == PAUSED:
        causes = list(pause_of(row.waits).reasons) or [row.reason or "by hand"]
        yield from (f"paused: {cause}" for cause in causes)
    if held.inbox:
        yield f"to be taken in with the next turn: {', '.join(row.kind for row in held.inbox[:_NAMED])}"
    asked = dict(_open_requests(held.events))
    calls = {call.ref: call for call in held.calls if call.ref in asked}
    waiting = [(call.due, _retry(call, held.events)) for call in calls.values() if not call.begun]
    yield from (text for _, text in sorted(waiting + list(_timers(held))))
    for ref, text in asked.items():
        if ref not in calls:
            yield text
        elif calls[ref].begun:
            yield _told(text, calls[ref])


def _timers(held: OpenRun) -> Iterator[tuple[int, str]]:
    started = (event for event in held.events if event.kind == events.TIMER_STARTED and event.target)
    named = {event.ref: f"{event.target} (timer {event.ref})" for event in started}
    timers = ((due, named.get(ref, f"timer {ref}")) for ref, due in held.timers if due < NEVER)
    return ((due, f"{name} due at {instant_of(due)}") for due, name in timers)


def _retry(call: CallRow, journal: Iterable[JournalEvent]) -> str:
    target = next((event.target for event in journal if event.ref == call.ref and event.kind in ASKING), "?")
    failure = _decoded(call.failure)
    because = f" after: {failure.message}" if isinstance(failure, Failure) else ""
    return f"call {target} attempt {call.attempt} at {instant_of(call.due)}{because}"


def _told(text: str, call: CallRow) -> str:
    details = f": {_visible(_decoded(call.details))!r}" if call.details else ""
    return f"{text}, attempt {call.attempt}, last heard of at {instant_of(call.begun)}{details}"


def _open_requests(journal: Iterable[JournalEvent]) -> list[tuple[int, str]]:
    """Return what the script asked and nobody has answered yet."""
    asked: dict[int, str] = {}
    for event in journal:
        if event.kind in ASKING:
            name = step_of(event.kind, event.target, _decoded(event.payload))
            what = f"step {name}: " if name else ""
            asked[event.ref] = what + ASKING[event.kind].format(target=event.target) + f" (request {event.ref})"
        elif event.kind in _SETTLING:
            asked.pop(event.ref, None)
    return sorted(asked.items())


def instant_of(at: int) -> str:
    """Return Unix nanoseconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
