"""Deciding the last turn of a run that nobody is concerned with: the part of `plan` that such an end comes to.

It is a compare-and-set on the revision and the lease of a run that is open, and frees its workflow id. Whatever more an
end may lead to (a parent that hears of it, children that go with it, others in line for what it held) is the whole way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.run.event import continues
from actorflow.run.state import OPEN
from actorflow.run.turn import Committed

if TYPE_CHECKING:
    from actorflow.run.last_turn import LastTurn
    from actorflow.store.batch import Known, Writes


def decide_last(turn: LastTurn, known: Known, writes: Writes) -> Committed | None:
    """Decide one, as any turn is decided; None, and nothing done, when it may concern others or is refused."""
    run, events = turn.run, turn.events
    head = known.runs.get(run)
    if (
        head is None
        or turn.lease != head.lease
        or turn.revision != head.revision
        or head.state not in OPEN
        or head.parent_run
        or known.children
        or known.keys
        or known.queues
        or run in writes.started
        or not continues(events, head.last_seq)
    ):
        return None
    last, change, workflow_id = events[-1], turn.change, head.workflow_id
    if known.holders.get(workflow_id) == run:
        del known.holders[workflow_id]
        writes.opened.pop(workflow_id, None)
        writes.closed.add(workflow_id)
    writes.ended.add(run)
    writes.timers.pop(run, None)
    writes.calls.pop(run, None)
    head.state = turn.state
    head.revision += 1
    head.result, head.waits = turn.result, b""
    head.updated, head.reason = change.at, change.reason
    head.last_seq, head.last_checksum = last.seq, last.checksum
    writes.history.append((run, change))
    writes.changed[run] = head
    append = writes.journal.append
    for event in events:
        append((run, event))
    return Committed(True, "", run, head.run_id)  # noqa: FBT003 - by position: a third of the time
