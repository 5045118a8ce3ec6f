"""What becomes of a turn once its commit is answered: it takes effect, or is thrown away and the run read again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actorflow.errors import Error
from actorflow.notice import Notice
from actorflow.ports import Outcome
from hosts.workflow.effect import perform
from hosts.workflow.faults import no_run
from hosts.workflow.last_turn import LastDraft, ended
from hosts.workflow.length import is_long, long_history, too_long
from hosts.workflow.parting import finished
from hosts.workflow.stepping import PlainDraft, stepped
from hosts.workflow.succession import carry_on
from hosts.workflow.touching import touch

if TYPE_CHECKING:
    from actorflow.run.turn import Committed
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import LiveRun
    from hosts.workflow.resident import Draft, Resident


def committed(engine: Engine, resident: Resident, draft: Draft, answer: Committed | Error) -> None:
    """Let a committed turn take effect, or throw away what a failed commit leaves in doubt."""
    if isinstance(answer, Error) or not answer.accepted:
        engine.recovery.roll_back(resident, draft, answer)
        return
    if type(draft) is PlainDraft:
        stepped(engine, resident, draft)
        _go_on(engine, resident)
        return
    if type(draft) is LastDraft:
        ended(engine, resident, draft, answer)
        return
    resident.busy = resident.pending = False
    engine.progressed()
    resident.revision += 1
    _arm(engine, resident, draft)
    close_answered(engine, resident, draft)
    if answer.touched:
        touch(engine, answer.touched)
    if answer.deliveries or answer.starts or draft.refused:
        _outward(engine, resident, draft, answer)
    if draft.ends:
        _ended(engine, resident, draft, answer)
        return
    if draft.pausing is not None:
        engine.control.paused(resident.run)
        return
    for record in draft.records:
        if resident.live is not None and record.ref in resident.live.driver.open:
            perform(engine, resident, record)
    _go_on(engine, resident)


def _go_on(engine: Engine, resident: Resident) -> None:
    """Let a run have its next turn when something waits for it already, and look at its length."""
    live = resident.live
    if live is not None and is_long(live):
        _limit(engine, resident, live)
    if resident.wanting:
        engine.enqueue(resident)


def _arm(engine: Engine, resident: Resident, draft: Draft) -> None:
    """Set the timers of a turn."""
    for ref in draft.turn.dropped_calls:
        resident.attempts.pop(ref, None)
    for ref, due in draft.turn.timers:
        engine.timers.add(due, resident.run, ref)


def close_answered(engine: Engine, resident: Resident, draft: Draft) -> None:
    """Forget the requests whose answers are committed, or that the script gave up."""
    for fact in draft.facts:
        if fact.ref:
            _forget(engine, resident.run, fact.ref)
    for ref in draft.dropped:
        _forget(engine, resident.run, ref)


def _forget(engine: Engine, run: int, ref: int) -> None:
    engine.asked.discard((run, ref))
    engine.calls.close(run, ref)


def _outward(engine: Engine, resident: Resident, draft: Draft, answer: Committed) -> None:
    """Tell other runs of this store, and this one, what its turn brought them."""
    for delivery, ref, taken in zip(draft.turn.deliveries, draft.sends, answer.deliveries, strict=True):
        if taken.accepted:
            engine.arrived(delivery, taken)
            if ref and not draft.ends:
                engine.settle(resident.run, ref, value=True)
        elif delivery.otherwise is not None:
            engine.arrived(delivery.otherwise, taken)
    for (ref, prepared), taken in zip(draft.starts, answer.starts, strict=True):
        engine.admission.install(prepared, taken, partial(engine.admission.child_started, resident, ref))
    for ref, failure in draft.refused:
        if not draft.ends:
            engine.settle(resident.run, ref, None, failure)


def _ended(engine: Engine, resident: Resident, draft: Draft, answer: Committed) -> None:
    if draft.successor is not None or draft.outcome is None:
        carry_on(engine, resident, draft, answer)
        return
    finished(engine, resident, draft.outcome)
    if draft.ending is not None:
        draft.ending.reply(Outcome(value=True))
    if resident.ending is not None:  # asked while the last turn was on its way
        resident.ending.reply(Outcome(failure=no_run(resident.workflow_id).failure))


def _limit(engine: Engine, resident: Resident, live: LiveRun) -> None:
    """Warn about a long history, and pause a run whose history is too long."""
    if resident.host is None:
        return
    if (reason := too_long(live)) is not None:
        engine.recovery.pause(resident, reason)
    elif not resident.warned:
        resident.warned = True
        engine.node.notices(Notice("history-long", long_history(live), resident.pid))
