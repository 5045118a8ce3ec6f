"""Runs as people look at them: what `actorflow runs` and `actorflow run …` print, as plain data.

Each function is one question to a reader, so that the rows of one answer are of one moment.
"""

from __future__ import annotations

from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import Error, Failure, not_found
from actorflow.names import Pid
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, taken_back
from actorflow.run.state import PAUSED, TERMINAL
from actorflow.run.step import step_of
from actorflow.run.turn import RunRow
from actorflow.store.control import pause_of
from actorflow.store.departed import left
from actorflow.store.port import Reader
from actorflow.store.why import Told
from actorflow.store.why import reasons as reasons_of

_PAGE: Final = 1000
_PAGE_BYTES: Final = 4 * 1024 * 1024
"""About how many bytes of payloads one page of a history holds, at least one event."""
_DUMP_ABOVE: Final = 64
"""Bytes longer than this are shown by their size."""
_HIDDEN: Final = frozenset({"seed"})
"""Fields of the start event that nobody should copy around: who knows the seed knows every random value to come."""


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
        "queue": row.queue,
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

    `superseded` is true of what a retry or accept took back, and of late results: the script is not fed it.

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


def why(reader: Reader, reference: str, *, served: bool, told: Told | None = None) -> dict[str, Any]:
    """Return why a run is where it is: its state, and what it waits for, the next wake-up first.

    `served` says whether a node runs on the store, `told` what is known beside it. An open run without a reason waits
    for a message.

    Raises:
        Error: kind NotFound.
    """
    row = find(reader, reference)
    reasons = [f"{row.state}: nothing will happen any more"] if row.state in TERMINAL else []
    if not reasons:
        reasons = reasons_of(reader.load(row.run), told or Told(), reader.wanted(row.run))
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
        if (moved := left(reader, workflow_of(reference))) is not None:
            raise Error(moved)
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
