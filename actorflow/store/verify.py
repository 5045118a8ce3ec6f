"""Checking one run: its journal against the chain of checksums, its other rows against its state. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from actorflow.run.event import JournalEvent, chain, payload_digest
from actorflow.run.state import CREATED, DATA_DELETED, DELETE_REQUESTED, OPEN
from actorflow.run.turn import OpenRun, StateChange

CLEAR: Final = "clear"
REOPEN: Final = "reopen"


class Finding(NamedTuple):
    """Something wrong with a run.

    Attributes:
        seq: the journal position it is about, 0 for its other rows. what: what is wrong.
        cure: `CLEAR` when rows are left over, `REOPEN` when the run has lost its workflow id, "" otherwise.
    """

    seq: int
    what: str
    cure: str = ""


def verify_run(held: OpenRun, history: list[StateChange], *, holder: int, has_source: bool) -> list[str]:
    """Return a sentence for each fault of a run, none when it is sound.

    Args:
        held: everything the store holds of the run.
        history: its state history.
        holder: run number that holds its workflow id, or 0.
        has_source: whether its bundle is stored.
    """
    return [finding.what for finding in findings(held, history, holder=holder, has_source=has_source)]


def findings(held: OpenRun, history: list[StateChange], *, holder: int, has_source: bool) -> Iterator[Finding]:
    """Iterate the faults of a run; the arguments are those of `verify_run`."""
    yield from _journal(held)
    yield from _rows(held, holder)
    for what in (*_past(history), *_source(held, has_source=has_source)):
        yield Finding(0, what)


def _journal(held: OpenRun) -> Iterator[Finding]:
    row = held.row
    previous = b""
    broken = False
    scrubbed = row.state in {DELETE_REQUESTED, DATA_DELETED}  # asked for once more, it is scrubbed already
    for place, event in enumerate(held.events, 1):
        if event.seq != place:
            yield Finding(
                place, f"journal: got event {event.seq} at position {place}, expected {place}: there is a gap"
            )
            return
        sound = event.digest == payload_digest(row.run_id.encode(), event.payload) or (scrubbed and not event.payload)
        if not sound:
            yield Finding(place, f"journal event {place} ({event.kind}): the payload does not match its digest")
        if not broken and event.checksum != chain(previous, event):
            broken = True
            yield Finding(place, f"journal event {place} ({event.kind}): the chain of checksums is broken here")
        previous = event.checksum
    if len(held.events) != row.last_seq:
        yield Finding(0, f"journal: got {len(held.events)} events, expected {row.last_seq} as the run row says")
    elif previous != row.last_checksum:
        yield Finding(0, "journal: the last checksum is not the one in the run row")


def _rows(held: OpenRun, holder: int) -> Iterator[Finding]:
    row = held.row
    if row.state in OPEN:
        if holder != row.run:
            what = f"the run is {row.state}, but workflow id {row.workflow_id!r} is held by run {holder or 'none'}"
            yield Finding(0, what, "" if holder else REOPEN)
        return
    if holder == row.run:
        yield Finding(0, f"the run is {row.state}, but still holds workflow id {row.workflow_id!r}", CLEAR)
    yield from _leftover(row.state, "timer", (ref for ref, _due in held.timers))
    yield from _leftover(row.state, "call", (call.ref for call in held.calls))


def _leftover(state: str, what: str, refs: Iterable[int]) -> Iterator[Finding]:
    for ref in refs:
        yield Finding(0, f"the run is {state}, but its {what} {ref} still waits", CLEAR)


def _past(history: list[StateChange]) -> Iterator[str]:
    if not history or history[0].state != CREATED:
        got = history[0].state if history else "nothing"
        yield f"state history: got {got} first, expected {CREATED}"


def _source(held: OpenRun, *, has_source: bool) -> Iterator[str]:
    if not has_source:
        yield f"the source {held.row.bundle_hash!r} is not stored"


def verify_missing(run: int, events: list[JournalEvent]) -> list[str]:
    """Return the faults of a run number without a run row."""
    strays = f", but {len(events)} journal events" if events else ""
    return [f"there is no run {run}{strays}"]
