"""The last turn of a run, built and taken into effect: one answer or timer has come, and with it the script ends.

Nearly all runs end so. Such a turn does nothing that the other parts of a turn are there for (timers, children,
messages, documents, a successor, a parent that hears of it), so they are passed by, as for a step (`stepping`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.last_turn import LastTurn
from actorflow.run.turn import StateChange
from hosts.workflow.closing import outcome_of
from hosts.workflow.faults import no_run
from hosts.workflow.parting import finished
from hosts.workflow.resident import Draft
from hosts.workflow.touching import touch

if TYPE_CHECKING:
    from actorflow.run.turn import Committed
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import Fact, Fed, LiveRun
    from hosts.workflow.resident import Resident

_STATES: Final = {
    events.RUN_COMPLETED: states.COMPLETED,
    events.RUN_FAILED: states.FAILED,
    events.RUN_CANCELLED: states.CANCELLED,
}


class LastDraft(Draft):
    """The draft of such a turn, with one fact; what it does not say is an attribute of its class."""

    outcome: Outcome

    def __init__(self, turn: LastTurn, fact: Fact, outcome: Outcome) -> None:
        """See `Draft`."""
        self.turn = turn
        self.facts = [fact]
        self.outcome = outcome
        self.records = []


def last_draft(resident: Resident, live: LiveRun, fact: Fact, fed: Fed) -> LastDraft | None:
    """Return the draft of a turn whose only fact, which has been fed, has ended the run; None when there is more to do.

    More is to do when the script asked for something with it, left requests open, has a successor or search
    attributes that are not stored yet, or when the run was started with options or by another run.
    """
    driver = live.driver
    if fed.records or driver.open or live.payload or resident.parent_run:
        return None
    if driver.continuation is not None or driver.described is not None:
        return None
    end = fed.events[-1]
    outcome = outcome_of(end.kind, end.payload)
    state, failure = _STATES[end.kind], outcome.failure
    change = StateChange(state, end.at, failure.message[:200] if failure else "")
    turn = LastTurn(resident.run, resident.revision, resident.lease, fed.events, state, change)
    return LastDraft(turn, fact, outcome)


def ended(engine: Engine, resident: Resident, draft: LastDraft, answer: Committed) -> None:
    """Let go of a run whose last turn is committed, and tell who waits for its end.

    The store may have found that it concerns others: children that go with it, who stood in line for its workflow id.
    """
    resident.busy = resident.pending = False
    resident.revision += 1
    run, ref = resident.run, draft.facts[0].ref
    engine.asked.discard((run, ref))
    engine.calls.close(run, ref)
    if answer.touched:
        touch(engine, answer.touched)
    finished(engine, resident, draft.outcome)
    engine.progressed()
    if resident.ending is not None:  # asked while the turn was on its way
        resident.ending.reply(Outcome(failure=no_run(resident.workflow_id).failure))
