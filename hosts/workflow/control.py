"""Changes of runs from outside of their turns: what the engine of this node does about one that is committed.

The store decides; nothing here takes effect before it has. A run that is paused loses its machine and gets no turns;
attempts of its calls that run go on, and what they bring is stored for the day it is resumed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from actorflow.codec import decode, encode
from actorflow.errors import Error, Failure
from actorflow.names import parse_pid
from actorflow.notice import Notice
from actorflow.ports import Outcome, Reply
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.document import PutDocument
from actorflow.run.taken import TakenBack
from actorflow.run.turn import CallRow, ChangeRun, Committed, KeepCalls
from actorflow.store.belonging import AUTO_RESUME
from actorflow.store.control import Pause, asking
from hosts.workflow.exhaustion import Exhaustion, exhaustion_of_entry
from hosts.workflow.faults import no_run
from hosts.workflow.live import Fact
from hosts.workflow.open_call import MAXIMUM_ATTEMPTS, failed
from hosts.workflow.parting import finished
from hosts.workflow.touching import touch

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.open_call import OpenCall

_REASON = 200
"""Letters of a reason that are kept in the history of a run."""
Told = Callable[[Committed | Error], None]


class Control:
    """The changes of one engine's runs."""

    def __init__(self, engine: Engine) -> None:
        """Change runs of `engine`."""
        self._engine = engine

    def ask(self, verb: str, pid: str, reason: str, by: str, reply: Reply) -> None:
        """Cancel or terminate the open run of a PID; the reply comes once that is on disk."""
        workflow_id = parse_pid(pid).id
        change = asking(verb, at=self._engine.clock.now(), workflow_id=workflow_id, pid=pid, reason=reason, by=by)
        self.change(change, partial(_replied, workflow_id, reply))

    def change(self, change: ChangeRun, told: Told) -> None:
        """Have a change committed and act on it; `told` gets the store's answer, after that."""
        self._engine.submit(change, partial(self._committed, change, told))

    def _committed(self, change: ChangeRun, told: Told, answer: Committed | Error) -> None:
        if isinstance(answer, Error):
            self._doubt(change, answer)
        elif answer.accepted:
            touch(self._engine, answer.touched)
            self._act(change, answer)
        told(answer)

    def _doubt(self, change: ChangeRun, error: Error) -> None:
        """Read the run again once the store can say what it holds."""
        engine = self._engine
        engine.recovery.doubt(error)
        run = change.run or engine.open_ids.get(change.workflow_id, 0)
        if run:
            engine.start_soon(engine.recovery.read_later, engine.resident(run))

    def _act(self, change: ChangeRun, answer: Committed) -> None:
        engine = self._engine
        if answer.state in states.ENDED:
            self._ended(change, answer)
        elif answer.state == states.PAUSED:
            self.paused(answer.run)
        elif answer.state == states.DELETE_REQUESTED:
            engine.chores.look()
        elif answer.state == states.PENDING and change.verb != "cancel":
            if change.taken is not None:
                self._taken_back(change, change.taken, answer.run)
            self._resumed(change, answer)
        elif change.verb == "cancel":
            if answer.state == states.PENDING:
                self._resumed(change, answer)
            for row in answer.inbox:
                engine.fact(answer.run, Fact(events.CANCEL_REQUESTED, 0, "", change.asked, change.at, row))

    def _taken_back(self, change: ChangeRun, taken: TakenBack, run: int) -> None:
        """Give up what is under way for the requests that were dropped, and the names."""
        directory = self._engine.node.directory
        for ref in change.dropped_calls:
            self._engine.calls.close(run, ref)
        for name in taken.names:
            if directory.find(name) == change.pid:
                directory.unregister(name)

    def _resumed(self, change: ChangeRun, answer: Committed) -> None:
        engine = self._engine
        if change.workflow_id and engine.owns(answer.run):
            engine.open_ids[change.workflow_id] = answer.run
        engine.recovery.read_again(engine.resident(answer.run))

    def paused(self, run: int) -> None:
        """Let go of a run that is paused, and of its calls that have not begun."""
        engine = self._engine
        engine.calls.hold(run)
        resident = engine.residents.get(run)
        if resident is not None:
            engine.recovery.read_again(resident)

    def exhausted(self, call: OpenCall, failure: Failure) -> bool:
        """Pause a run over a call that has used up its attempts, if that is what it wants; tells whether it does."""
        if failure.retryable is False:
            return False
        attempt, limit = call.request.attempt, call.terms.policy.attempts
        rule = call.terms.exhaustion or self._of_entry(call.run)
        if rule is None or not rule.reached(attempt, used_up=0 < limit <= attempt):
            return False
        now, times = self._engine.clock.now(), "once" if attempt == 1 else f"{attempt} times"
        reason = f"{call.request.target} has failed {times}: {failure.message}"
        change = ChangeRun("pause", call.run, call.workflow_id, at=now, reason=reason[:_REASON])
        change.waits = Pause([reason], auto=True, calls=[call.ref]).packed()
        change.calls = [CallRow(call.ref, attempt + 1, now, encode(failure))]
        if rule.resume_after:
            change.documents = (PutDocument(AUTO_RESUME, call.run_id, encode(call.run), due=now + rule.resume_after),)
        self._engine.calls.close(call.run, call.ref)
        self.change(change, partial(self._paused_over, call, change, failure))
        return True

    def _of_entry(self, run: int) -> Exhaustion | None:
        resident = self._engine.residents.get(run)
        if resident is None or resident.live is None:
            return None
        try:
            entry = self._engine.node.registry.entry(resident.live.driver.who.entry)
            return exhaustion_of_entry(entry.config)
        except Error:
            return None  # the entry is gone, or is wrong: then it says nothing

    def _paused_over(self, call: OpenCall, change: ChangeRun, failure: Failure, answer: Committed | Error) -> None:
        engine = self._engine
        if isinstance(answer, Error):
            return
        if answer.accepted:
            engine.node.notices(Notice("run-paused", change.reason, call.request.caller))
        elif answer.state == states.PAUSED:
            engine.submit(KeepCalls(call.run, call.host.token(call.run), change.calls), engine.recovery.doubt)
        elif answer.state in states.OPEN:  # the table it is held to knows no such pause
            engine.fact(call.run, failed(call, failure, change.at, MAXIMUM_ATTEMPTS))

    def _ended(self, change: ChangeRun, answer: Committed) -> None:
        engine = self._engine
        resident = engine.resident(answer.run)
        known, pid = resident.host is not None, parse_pid(change.pid)
        resident.host = resident.host or engine.hosts.get(pid.host or "")
        resident.workflow_id = pid.id
        for told in answer.deliveries:
            if told.accepted and known:
                ref = resident.parent_ref if told.run == resident.parent_run else 0
                payload = Fact(events.PROCESS_EXITED, ref, "", change.exit, change.at, told.inbox[0])
                engine.fact(told.run, payload)
            elif told.accepted:
                engine.recovery.read_again(engine.resident(told.run))
        finished(engine, resident, Outcome(failure=decode(change.end)))


def _replied(workflow_id: str, reply: Reply, answer: Committed | Error) -> None:
    if isinstance(answer, Error):
        reply(Outcome(failure=answer.failure))
    elif answer.accepted:
        reply(Outcome(value=True))
    else:
        reply(Outcome(failure=no_run(workflow_id).failure))
