"""Deciding the start of a run that nobody else is concerned with: the part of `plan` that nearly all starts come to.

It asks for its own workflow id, which is free, and for nothing else: no lock keys, messages, documents or attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.run.event import continues
from actorflow.run.identity import QUEUE, REUSE
from actorflow.run.shard import number_in
from actorflow.run.state import CREATED, OPEN
from actorflow.run.turn import Committed, StateChange
from actorflow.store.batch import Head

if TYPE_CHECKING:
    from actorflow.run.turn import StartRun
    from actorflow.store.batch import Known, Writes


def decide_start(start: StartRun, known: Known, writes: Writes) -> Committed | None:
    """Decide one, as any start is decided; None, and nothing done, when it may concern others or is refused."""
    workflow_id = start.workflow_id
    if (
        start.run_id in known.run_ids
        or workflow_id in known.holders
        or workflow_id in known.departed
        or start.state not in OPEN
        or start.parent_run
        or start.key
        or start.locks
        or start.messages
        or start.documents
        or start.attributes
        or start.joins is not None
        or start.reuse != REUSE
        or start.on_conflict == QUEUE
        or not continues(start.events, 0)
    ):
        return None
    number = next_number(start, known)
    head = begin(start, known, writes, number)
    known.holders[workflow_id] = number
    writes.opened[workflow_id] = head
    if start.timers:
        writes.timers[number] = {ref: (start.host, due) for ref, due in start.timers}
    return Committed(True, "", number, start.run_id, inbox=[])  # noqa: FBT003 - by position: a third of the time


def next_number(start: StartRun, known: Known) -> int:
    """Return the number of a run that is started now."""
    return number_in(start.near, known.next_run) if start.near else known.next_run


def begin(start: StartRun, known: Known, writes: Writes, number: int) -> Head:
    """Write a new run, its journal, its history and its source; return its row, which is known from now on."""
    at, events = start.at, start.events
    last = events[-1]
    known.next_run = number + 1
    head = Head(  # by position, which is a third of the time: the names are those of the class
        number,
        start.run_id,
        start.workflow_id,
        start.host,
        start.state,
        1,
        known.token(start.host, number, start.lease),
        at,
        last.seq,
        last.checksum,
        start.reason,
        None,
        b"",
        start.parent_run,
        start.parent_ref,
        start.strict,
        start.queue,
    )
    known.runs[number] = head
    known.run_ids[start.run_id] = number
    writes.started[number] = (start, head)
    append = writes.journal.append
    for event in events:
        append((number, event))
    writes.history.append((number, StateChange(CREATED, at, start.reason, start.parent)))
    if start.bundle_hash not in known.hashes:
        writes.sources[start.bundle_hash] = start.bundle
        known.hashes.add(start.bundle_hash)
    return head
