"""Deciding the turn of a step, the item that nearly all batches consist of: the part of `plan` that it can concern.

It is a compare-and-set on the revision and the lease of a run that is open, and has events that follow: it opens and
ends nothing, so that nobody's ids, children or lines are to be looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.run.event import continues
from actorflow.run.state import OPEN
from actorflow.run.turn import Committed

if TYPE_CHECKING:
    from actorflow.run.plain_turn import PlainTurn
    from actorflow.store.batch import Known, Writes


def decide(turn: PlainTurn, known: Known, writes: Writes) -> Committed:
    """Decide one; the refusals are those of any turn. One of a run that has ended is of an older revision."""
    run, events = turn.run, turn.events
    head = known.runs.get(run)
    if head is None:
        return Committed(accepted=False, refusal="unknown", run=run)
    if turn.lease != head.lease:
        return Committed(accepted=False, refusal="lease", run=run, run_id=head.run_id)
    if turn.revision != head.revision or head.state not in OPEN:
        return Committed(accepted=False, refusal="revision", run=run, run_id=head.run_id)
    if not continues(events, head.last_seq):
        return Committed(accepted=False, refusal="journal", run=run, run_id=head.run_id)
    last = events[-1]
    head.state = turn.state
    head.revision += 1
    head.result, head.waits = None, b""
    head.updated, head.last_seq, head.last_checksum = last.at, last.seq, last.checksum
    if run not in writes.started:
        writes.changed[run] = head
    append = writes.journal.append
    for event in events:
        append((run, event))
    return Committed(True, "", run, head.run_id)  # noqa: FBT003 - by position: a third of the time
