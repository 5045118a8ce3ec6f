"""Function calls of durable runs: attempts, retries, time-outs, and how many run at once.

A call begins only after its record is committed and may be attempted again after a crash; every attempt carries the
same invocation id. Between two attempts the call is a row in the store, so that a restart knows the attempt number.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from actorflow.codec import decode, encode
from actorflow.errors import Error, Failure
from actorflow.ports import CallRequest, Outcome
from actorflow.run.turn import CallRow
from hosts.workflow.deadline import Deadlines
from hosts.workflow.open_call import (
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
)
from hosts.workflow.start import invocation_id
from hosts.workflow.terms import TermsOf

if TYPE_CHECKING:
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.live import Fact
    from hosts.workflow.resident import Resident


class Calls:
    """The open calls of an engine, by run and request number."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._terms = TermsOf(engine.node.registry)
        self._open: dict[tuple[int, int], OpenCall] = {}
        self._waiting: deque[OpenCall] = deque()
        self._closing = Deadlines(engine.node, partial(self._late, START_TO_CLOSE))
        self._beating = Deadlines(engine.node, partial(self._late, HEARTBEAT))
        self._starting = Deadlines(engine.node, self._not_begun)
        self.running = 0
        self.draining = False

    def __len__(self) -> int:
        """Return how many calls are open."""
        return len(self._open)

    def __contains__(self, key: tuple[int, int]) -> bool:
        """Tell whether a call is open here."""
        return key in self._open

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
        identity = live.driver.identity
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
        if stored is not None and stored.failure:
            call.failure = decode(stored.failure)
        if terms.timeout or terms.schedule_to_close:
            self._bound(call, resident.called.get(record.ref) or live.driver.now())
        if stored and stored.due > self._engine.clock.now():
            self._engine.timers.add(stored.due, resident.run, record.ref, is_call=True)
        else:
            self._queue(call)

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
        if self.running < call.host.concurrency and not self.draining:
            self._attempt(call)
        else:
            self._waiting.append(call)
            self._starting.set(call, call.terms.schedule_to_start)

    def _attempt(self, call: OpenCall) -> None:
        self.running += 1
        request, terms = call.request, call.terms
        call.answered = False
        call.give_up = nothing
        call.began = self._engine.clock.now()
        self._closing.set(call, terms.start_to_close)
        if terms.heartbeat:
            self._beating.set(call, terms.heartbeat)
        give_up = self._engine.attempt(request, partial(self._replied, call, request))
        if not call.answered:
            call.give_up = give_up

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
        wait = terms.policy.delay(attempt, failure)
        if wait is None:
            last = terms.policy.attempts and attempt >= terms.policy.attempts
            self._settle(call, failed(call, failure, now, MAXIMUM_ATTEMPTS if last else NON_RETRYABLE))
        elif terms.schedule_to_close and now + wait >= call.close_at:
            self._settle(call, failed(call, failure, now, TIMED_OUT))
        else:
            call.failure = failure
            call.request = _with_attempt(call.request, attempt + 1)
            self._engine.retry(call.run, CallRow(call.ref, attempt + 1, now + wait, encode(failure)))

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
        self._closing.clear(call, call.terms.start_to_close)
        if call.terms.heartbeat:
            self._beating.clear(call, call.terms.heartbeat)
        self.running -= 1
        while self._waiting and self.running < call.host.concurrency and not self.draining:
            following = self._waiting.popleft()
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
        self._stop(call)

    def _settle(self, call: OpenCall, fact: Fact) -> None:
        call.settled = True
        self._engine.fact(call.run, fact)


def _with_attempt(request: CallRequest, attempt: int) -> CallRequest:
    return CallRequest(
        request.target, request.args, request.context, request.options, request.caller, request.invocation_id, attempt
    )
