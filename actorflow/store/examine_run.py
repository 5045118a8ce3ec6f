"""Checking one run more closely than `verify` does: every row of it against what its journal says. Pure.

Reads the payloads of the start, of timers and of the end as the workflow host writes them; what it does not know it
leaves alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.turn import RELEASE, OpenRun
from actorflow.store.verify import Finding

_ENDED: Final = {
    events.RUN_COMPLETED: states.COMPLETED,
    events.RUN_FAILED: states.FAILED,
    events.RUN_CANCELLED: states.CANCELLED,
}
_OVER: Final = frozenset(
    {events.FUNCTION_COMPLETED, events.FUNCTION_FAILED, events.TIMER_FIRED, events.REQUEST_DROPPED}
)
"""What answers a call or a timer, or gives it up."""
_WAITING: Final = events.CALLS | {events.TIMER_STARTED}
_KEPT_TWICE: Final = {
    "workflow_id": "workflow_id",
    "run_id": "run_id",
    "host": "host",
    "source": "bundle_hash",
    "parent": "parent",
}
"""What the start event and the run row both have, by their names there."""


def close_findings(held: OpenRun) -> Iterator[Finding]:
    """Iterate what is wrong with the run row, the timers and the inbox of a run whose journal can be read."""
    if held.row.state not in states.TRANSITIONS:
        yield Finding(0, f"run row: got state {held.row.state!r}, expected one of {', '.join(states.TRANSITIONS)}")
    yield from _start(held)
    yield from _end(held)
    yield from _timers(held)
    yield from _requests(held)
    yield from _values(held)


def _start(held: OpenRun) -> Iterator[Finding]:
    row = held.row
    if not held.events or held.events[0].kind != events.RUN_STARTED:
        return
    first = held.events[0]
    if first.target != row.entry:
        yield Finding(1, f"run row: got entry {row.entry!r}, the journal began with {first.target!r}")
    payload = _decoded(first.payload)
    if not isinstance(payload, dict):
        return
    if "source" in payload:
        payload = {**payload, "source": events.source_of(payload["source"], held.events)}
    for name, column in _KEPT_TWICE.items():
        if name in payload and payload[name] != getattr(row, column):
            got, expected = getattr(row, column), payload[name]
            yield Finding(1, f"run row: got {column} {got!r}, the journal began with {expected!r}")


def _end(held: OpenRun) -> Iterator[Finding]:
    row = held.row
    last = held.events[-1] if held.events else None
    if last is None or last.kind not in _ENDED or row.state not in states.ENDED:
        return  # open, or its data are deleted or about to be
    if row.state != _ENDED[last.kind]:
        yield Finding(last.seq, f"run row: got state {row.state!r}, the journal ended with {last.kind}")
    elif last.payload and row.result != last.payload:
        yield Finding(last.seq, f"run row: its result is not the one in the last journal event ({last.kind})")


def _timers(held: OpenRun) -> Iterator[Finding]:
    started = {event.ref: event for event in held.events if event.kind == events.TIMER_STARTED}
    for ref, due in held.timers:
        event = started.get(ref)
        delay = _decoded(event.payload) if event is not None else None
        if event is not None and isinstance(delay, int) and due != event.at + delay:
            yield Finding(event.seq, f"timer {ref}: got due at {due}, the journal says {event.at + delay}")


def _requests(held: OpenRun) -> Iterator[Finding]:
    """Compare the rows of what an open run waits for with what is open in its journal.

    A timer that has lost its row wakes nobody. A call has a row only at times.
    """
    journal = held.events
    if held.row.state not in states.OPEN or any(event.kind in events.TAKE_BACK for event in journal):
        return
    over = {event.ref for event in journal if event.kind in _OVER}
    opened = {event.ref: event for event in journal if event.kind in _WAITING and event.ref not in over}
    timers = {ref for ref, _ in held.timers}
    for ref, event in opened.items():
        if event.kind == events.TIMER_STARTED and ref not in timers:
            yield Finding(event.seq, f"timer {ref}: it is open in the journal and has no row, so nothing fires it")
    for what, refs in (("timer", timers), ("call", {call.ref for call in held.calls})):
        for ref in sorted(refs - opened.keys()):
            if ref > RELEASE:
                yield Finding(0, f"{what} {ref}: it has a row, and the journal has no such request that is open")


def _values(held: OpenRun) -> Iterator[Finding]:
    row = held.row
    for name, data in (("result", row.result), ("waits", row.waits)):
        if data and isinstance(_decoded(data), Error):
            yield Finding(0, f"run row: its {name} is not CBOR")
    for item in held.inbox:
        if isinstance(_decoded(item.payload), Error):
            yield Finding(0, f"inbox row {item.id} ({item.kind}): its payload is not CBOR")
    for call in held.calls:
        if call.failure and isinstance(_decoded(call.failure), Error):
            yield Finding(0, f"call {call.ref}: its last failure is not CBOR")


def _decoded(data: bytes) -> Any:
    """Return the value, or the error that says why there is none."""
    try:
        return decode(data)
    except Error as error:
        return error
