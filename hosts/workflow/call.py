"""Function calls of durable runs: attempts, retries, time-outs, and how many run at once.

A call begins only after its record is committed and may be attempted again after a crash; every attempt carries the
same invocation id. Between two attempts the call is a row in the store, so that a restart knows the attempt number;
so is one that tells how far it is, and one that must not be repeated without asking.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from actorflow.codec import decode, encode
from actorflow.duration import SECOND
from actorflow.errors import NOT_FOUND, Error, Failure
from actorflow.ports import CallRequest, Outcome
from actorflow.run.event import FUNCTION_COMPLETED
from actorflow.run.turn import CallRow, Committed, Delivery, Transact
from actorflow.store.port import CommitUnknown
from hosts.function.failing import failure_in
from hosts.workflow.call_rows import CallRows
from hosts.workflow.call_text import progress_of, wait_of
from hosts.workflow.deadline import Deadlines
from hosts.workflow.open_call import (
    CANCEL_ASKED,
    HEARTBEAT,
    MAXIMUM_ATTEMPTS,
    NON_RETRYABLE,
    SCHEDULE_TO_CLOSE,
    SCHEDULE_TO_START,
    START_TO_CLOSE,
    TIMED_OUT,
    OpenCall,
    completed,
    failed,
    nothing,
    refused,
    timed_out,
    unknown,
    unknown_text,
)
from hosts.workflow.operation import is_operation
from hosts.workflow.slots import gates_of, key_in
from hosts.workflow.start import invocation_id
from hosts.workflow.stopping import STOPPED
from hosts.workflow.suspect import text_of
from hosts.workflow.terms import ASK, FAIL, RETRY, TermsOf, inherited
from hosts.workflow.transaction import prepared

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.live import Fact
    from hosts.workflow.resident import Resident


_TOLD_AGAIN: Final = SECOND
"""Nanoseconds between two heartbeats that are stored: what a crash loses of them."""


class Calls:
    """The open calls of an engine, by run and request number."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._terms = TermsOf(engine.node.registry, engine.notice_once)
        self._open: dict[tuple[int, int], OpenCall] = {}
        self._waiting: list[tuple[int, int, OpenCall]] = []
        self._numbers = itertools.count()
        self._gates = gates_of(engine.node)
        self._closing = Deadlines(engine.node, partial(self._late, START_TO_CLOSE))
        self._beating = Deadlines(engine.node, partial(self._late, HEARTBEAT))
        self._starting = Deadlines(engine.node, self._not_begun)
        self._rows = CallRows(engine, self._is_open, self.close)
        self.running = 0
        self.draining = False

    def __len__(self) -> int:
        """Return how many calls are open."""
        return len(self._open)

    def all(self) -> list[OpenCall]:
        """Return the open calls, the oldest first."""
        return list(self._open.values())

    def __contains__(self, key: tuple[int, int]) -> bool:
        """Tell whether a call is open here."""
        return key in self._open

    def _is_open(self, call: OpenCall) -> bool:
        return self._open.get((call.run, call.ref)) is call

    def is_idle(self, run: int, ref: int) -> bool:
        """Tell whether a call is open here and neither attempted nor waiting for a slot."""
        call = self._open.get((run, ref))
        return call is not None and call.give_up is None and not call.settled and not wait_of(call, self._waiting)

    def told(self, run: int) -> dict[int, str]:
        """Say how far each open call of a run is that is attempted or waits for a slot, by its request number."""
        return {
            ref: text
            for (owner, ref), call in self._open.items()
            if owner == run and (text := progress_of(call, self._waiting))
        }

    def waits(self, run: int, refs: Iterable[int]) -> list[str]:
        """Say which of the open calls of a run wait for a slot, and what takes the slots."""
        found = (self._open.get((run, ref)) for ref in refs)
        return [text for call in found if call is not None and (text := wait_of(call, self._waiting))]

    def start(self, resident: Resident, record: Record) -> None:
        """Begin the call that a committed record asks for, or go on with it after a restart."""
        host, live = resident.host, resident.live
        if host is None or live is None or (resident.run, record.ref) in self._open:
            return
        args, options = decode(record.payload)
        stored = resident.attempts.get(record.ref)
        try:
            terms = self._terms(record.target, options)
        except Error as error:
            self._engine.fact(resident.run, refused(record.ref, error.failure, self._engine.clock.now()))
            return
        if live.payload:
            terms = inherited(terms, live.payload.get("options", {}))
        identity = live.driver.who
        context = identity.context
        if "context" in options:
            context = {**context, **options["context"]}
        request = CallRequest(
            record.target,
            tuple(args),
            context,
            terms.options,
            identity.pid,
            invocation_id(live.run_id, record.ref),
            stored.attempt if stored else 1,
        )
        call = OpenCall(resident.run, record.ref, live.run_id, resident.workflow_id, request, terms, host)
        self._open[resident.run, record.ref] = call
        if live.driver.stopping is not None and record.ref in live.driver.stopping:
            self.stop(resident.run, record.ref)
            return
        if terms.timeout or terms.schedule_to_close:
            self._bound(call, resident.called.get(record.ref) or live.driver.now())
        if terms.on_unknown == RETRY:
            call.crashes = self._engine.suspects.deaths(resident.called.get(record.ref, 0), stored)
        if stored is None:
            self._queue(call)
        else:
            self._go_on(call, stored)

    def _go_on(self, call: OpenCall, stored: CallRow) -> None:
        """Go on with a call of which the store has a row: it waits, or was running when the node ended."""
        call.row, call.details = stored, stored.details
        call.failure = decode(stored.failure) if stored.failure else None
        now = self._engine.clock.now()
        if stored.begun and call.terms.on_unknown == FAIL:
            self._settle(call, failed(call, unknown(call), now, NON_RETRYABLE))
        elif not stored.begun and stored.due > now:
            self._engine.timers.add(stored.due, call.run, call.ref, is_call=True)
        else:
            self._queue(call)

    def asks(self, resident: Resident) -> str:
        """Return why a run that was just read must ask a person how one of its calls ended, or ""."""
        live = resident.live
        opened = {} if live is None else live.driver.open
        answered = {fact.ref for fact in resident.facts}
        for ref, row in resident.attempts.items():
            record = opened.get(ref)
            if record is None or ref in answered or (resident.run, ref) in self._open:
                continue
            if resident.host is not None and 0 < resident.host.settings.limits.crashes <= row.crashes:
                return text_of(record.target, ref, row.crashes)
            if not row.begun:
                continue
            if self._on_unknown(record) == ASK:
                ways = f"actorflow run resolve RUN {ref} --retry | --result JSON | --error TEXT"
                return f"{unknown_text(record.target, ref, row.attempt)}; ways out: {ways}"
        return ""

    def _on_unknown(self, record: Record) -> str:
        try:
            return self._terms(record.target, decode(record.payload)[1]).on_unknown
        except Error:
            return RETRY  # what its next attempt fails with says what is wrong

    def rows(self, run: int, refs: Iterable[int]) -> dict[int, CallRow]:
        """Return what was last stored, or is about to be, of some calls of a run."""
        found = ((ref, self._open.get((run, ref))) for ref in refs)
        return {ref: call.row for ref, call in found if call is not None and call.row is not None}

    def _bound(self, call: OpenCall, asked: int) -> None:
        """Let a call end in time: that counts from when it was recorded, however often the node has restarted."""
        call.close_at = asked + call.terms.whole
        left = max(call.close_at - self._engine.clock.now(), 0)
        call.unexpire = self._engine.node.after(left, partial(self._expire, call))

    def again(self, run: int, ref: int) -> None:
        """Begin the next attempt of a call whose wait is over."""
        call = self._open.get((run, ref))
        if call is not None and not call.settled:
            self._queue(call)

    def close(self, run: int, ref: int) -> None:
        """Forget a call: its answer is committed, or nobody wants it any more."""
        call = self._open.pop((run, ref), None)
        if call is None:
            return
        call.unexpire()
        if call.give_up is not None:
            self._stop(call)
        elif call.gate is not None:
            call.gate.leave(call)

    def stop(self, run: int, ref: int) -> None:
        """Ask a call to stop: it ends when its attempt has ended, at once when there is none."""
        call = self._open.get((run, ref))
        if call is None or call.settled:
            return
        call.stopping = True
        if call.terms.transactional and call.give_up is not None:
            return  # it is short, and part of a commit
        if call.give_up is None or call.give_up is nothing:
            self._settle(call, failed(call, STOPPED, self._engine.clock.now(), CANCEL_ASKED))
            if call.gate is not None:
                call.gate.leave(call)
            self._stop(call)
        else:
            call.request.late = True
            call.give_up()

    def hold(self, run: int) -> None:
        """Forget the calls of a paused run that are not being attempted; what an attempt brings is stored."""
        for (owner, ref), call in list(self._open.items()):
            if owner == run and call.give_up is None and not call.settled:
                self.close(run, ref)

    def close_run(self, run: int) -> None:
        """Forget every call of a run."""
        for key in [key for key in self._open if key[0] == run]:
            self.close(*key)

    def close_all(self, host: WorkflowHost | None = None) -> None:
        """Give up every call, or those of one host; they are attempted again by whoever continues the runs."""
        for (run, ref), call in list(self._open.items()):
            if host is None or call.host is host:
                self.close(run, ref)

    # ---- attempts ----------------------------------------------------------------------------------------------

    def _queue(self, call: OpenCall) -> None:
        terms = call.terms
        if terms.slots is None:
            self._admit(call)
            return
        call.gate = self._gates.of(call.request.target, terms.slots)
        self._starting.set(call, terms.schedule_to_start)
        key = terms.key or (key_in(terms.key_path, call.request.args) if terms.key_path else "")
        call.gate.enter(call, key, terms.order, partial(self._admit, call))

    def _admit(self, call: OpenCall) -> None:
        """Attempt a call that has a slot of its function, as soon as its host has one too."""
        if self.running < call.host.concurrency and not self.draining:
            if call.terms.schedule_to_start:
                self._starting.clear(call, call.terms.schedule_to_start)
            self._attempt(call)
        else:
            heapq.heappush(self._waiting, (call.terms.order, next(self._numbers), call))
            self._starting.set(call, call.terms.schedule_to_start)

    def _attempt(self, call: OpenCall) -> None:
        if call.crashes and self._engine.suspects.holds(call, partial(self._admit, call)):
            return
        self.running += 1
        call.answered = False
        call.give_up = nothing
        if call.terms.on_unknown == RETRY and not call.crashes:
            self._begin(call, call.request)
        else:  # nobody could know later that it had begun
            self._rows.keep(call, self._rows.begun(call), partial(self._begin, call, call.request))

    def _begin(self, call: OpenCall, request: CallRequest) -> None:
        """Begin an attempt that has its slot, unless it was given up meanwhile."""
        if call.request is not request or call.give_up is None:
            return
        call.began = now = self._engine.node.clock.now()
        terms = call.terms
        if terms.plain:
            self._closing.set(call, terms.start_to_close)
            request.deadline = now + terms.start_to_close
        else:
            self._bound_attempt(call, request, now)
        if call.details:
            request.heartbeat = decode(call.details)
        request.beat = partial(self._heard, call.run, call.ref, request.attempt)
        if terms.transactional:
            give_up = self._transact(call, request)
        else:
            give_up = self._engine.attempt(request, partial(self._replied, call, request))
        if not call.answered:
            call.give_up = give_up

    def _bound_attempt(self, call: OpenCall, request: CallRequest, now: int) -> None:
        """Set the times of an attempt whose terms are not plain."""
        terms = call.terms
        if terms.start_to_close and not terms.transactional:
            self._closing.set(call, terms.start_to_close)
            request.deadline = now + terms.start_to_close
        if call.close_at:
            request.deadline = min(request.deadline or call.close_at, call.close_at)
        if terms.heartbeat:
            self._beating.set(call, terms.heartbeat)

    def _transact(self, call: OpenCall, request: CallRequest) -> Callable[[], None]:
        """Begin an attempt that is part of a commit. Returns what gives it up, which only helps before it begins."""
        try:
            item = prepared(self._engine, call, request)
        except Error as error:
            self._replied(call, request, Outcome(failure=error.failure))
            return nothing
        self._engine.submit(item, partial(self._transacted, call, request, item))

        def drop() -> None:
            item.dropped = True

        return drop

    def _transacted(self, call: OpenCall, request: CallRequest, item: Transact, answer: Committed | Error) -> None:
        engine = self._engine
        if isinstance(answer, Error):
            engine.recovery.doubt(answer)
            if isinstance(answer, CommitUnknown):  # whether it was done is in the store, and nowhere else
                self.close(call.run, call.ref)
                engine.start_soon(engine.recovery.read_later, engine.resident(call.run))
            else:
                self._replied(call, request, Outcome(failure=answer.failure))
        elif answer.accepted:
            delivery = Delivery(
                "", FUNCTION_COMPLETED, item.target, "", item.payload, item.at, run=call.run, ref=call.ref
            )
            engine.arrived(delivery, answer)
            self._over(call)
            call.settled = True
        elif item.error is not None:
            self._replied(call, request, Outcome(failure=failure_in(item.error)))

    def _heard(self, run: int, ref: int, attempt: int, details: Value) -> None:
        """Take a heartbeat; what it tells is stored, but not more often than a crash may lose."""
        call = self._open.get((run, ref))
        if call is None or call.answered or call.settled or call.request.attempt != attempt:
            return
        if call.terms.heartbeat:
            self._beating.set(call, call.terms.heartbeat)
        if details is None:
            return
        call.details = encode(details, call.host.limits)
        now = self._engine.clock.now()
        if now >= call.told:
            call.told = now + min(call.terms.heartbeat // 2 or _TOLD_AGAIN, _TOLD_AGAIN)
            self._rows.keep(call, self._rows.begun(call), nothing)

    def _replied(self, call: OpenCall, request: CallRequest, outcome: Outcome) -> None:
        """Take the answer of an attempt; one that comes after its time is ignored."""
        if call.answered or call.request is not request or self._open.get((call.run, call.ref)) is not call:
            return
        self._over(call)
        if outcome.failure is None:
            self._settle(call, completed(call, outcome.value, self._engine.clock.now()))
        else:
            self._failed(call, outcome.failure)

    def _failed(self, call: OpenCall, failure: Failure) -> None:
        """Wait for the next attempt, or end the call when there is none."""
        now, terms, attempt = self._engine.clock.now(), call.terms, call.request.attempt
        if call.stopping:
            self._settle(call, failed(call, failure, now, CANCEL_ASKED))
            return
        wait = terms.policy.delay(attempt, failure)
        if self._engine.control.exhausted(call, failure):
            return
        if wait is None:
            if failure.kind == NOT_FOUND and not self._is_registered(call.request.target):
                failure = replace(failure, retryable=True)  # as on Temporal: it may be registered some day
            last = terms.policy.attempts and attempt >= terms.policy.attempts
            self._settle(call, failed(call, failure, now, MAXIMUM_ATTEMPTS if last else NON_RETRYABLE))
        elif terms.schedule_to_close and now + wait >= call.close_at:
            self._settle(call, failed(call, failure, now, TIMED_OUT))
        else:
            call.failure, call.crashes = failure, 0
            call.request = _with_attempt(call.request, attempt + 1)
            row = CallRow(call.ref, attempt + 1, now + wait, encode(failure), 0, call.details)
            self._rows.keep(call, row, partial(self._wait, call, row.due))

    def _is_registered(self, target: str) -> bool:
        try:
            self._engine.node.registry.entry(target)
        except Error:
            return is_operation(target)
        return True

    def _wait(self, call: OpenCall, due: int) -> None:
        self._engine.timers.add(due, call.run, call.ref, is_call=True)

    def _stop(self, call: OpenCall) -> None:
        """Stop the running attempt: nobody waits for its answer any more."""
        give_up, answered = call.give_up, call.answered
        self._over(call)
        if give_up is not None and not answered:
            give_up()

    def _over(self, call: OpenCall) -> None:
        """Note that the running attempt has ended, and let another call have its slot."""
        if call.give_up is None:
            return
        call.answered, call.give_up = True, None
        if call.crashes:
            self._engine.suspects.done(call)
        self._closing.clear(call, call.terms.start_to_close)
        if call.terms.heartbeat:
            self._beating.clear(call, call.terms.heartbeat)
        if call.gate is not None:
            call.gate.leave(call)
        self.running -= 1
        while self._waiting and self.running < call.host.concurrency and not self.draining:
            following = heapq.heappop(self._waiting)[2]
            if self._open.get((following.run, following.ref)) is following and not following.settled:
                self._starting.clear(following, following.terms.schedule_to_start)
                self._attempt(following)

    # ---- time-outs ---------------------------------------------------------------------------------------------

    def _late(self, timeout_type: str, call: OpenCall) -> None:
        """End an attempt that took too long, or that was not heard of for too long: it has failed."""
        if call.give_up is not None and not call.settled and self._open.get((call.run, call.ref)) is call:
            self._stop(call)
            self._failed(call, timed_out(call, timeout_type))

    def _not_begun(self, call: OpenCall) -> None:
        """End a call that got no slot in time: another wait would not help."""
        self._time_out(call, SCHEDULE_TO_START)

    def _expire(self, call: OpenCall) -> None:
        """End a call whose time is over, whether an attempt runs or the next one is waited for."""
        self._time_out(call, SCHEDULE_TO_CLOSE)

    def _time_out(self, call: OpenCall, timeout_type: str) -> None:
        if call.settled or self._open.get((call.run, call.ref)) is not call:
            return
        now = self._engine.clock.now()
        self._settle(call, failed(call, timed_out(call, timeout_type), now, TIMED_OUT))
        if call.gate is not None:
            call.gate.leave(call)
        self._stop(call)

    def _settle(self, call: OpenCall, fact: Fact) -> None:
        call.settled = True
        self._engine.fact(call.run, fact)


def _with_attempt(request: CallRequest, attempt: int) -> CallRequest:
    return CallRequest(
        request.target, request.args, request.context, request.options, request.caller, request.invocation_id, attempt
    )
