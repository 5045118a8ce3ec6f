"""Function calls of durable runs: attempts, retries, and how many run at once.

A call begins only after its record is committed and may be attempted again after a crash; every attempt carries the
same invocation id. Between two attempts the call is a row in the store, so that a restart knows the attempt number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from actorflow.codec import decode, encode
from actorflow.errors import TIMEOUT, Error, Failure
from actorflow.ports import CallRequest, Outcome
from actorflow.run import event as events
from actorflow.run.retry import RetryPolicy
from actorflow.run.turn import CallRow
from hosts.workflow.live import Fact
from hosts.workflow.start import invocation_id
from hosts.workflow.terms import TermsOf

if TYPE_CHECKING:
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident


def _nothing() -> None:
    """Stop nothing: an attempt that has just begun, or a call without a time-out."""


@dataclass(slots=True)
class OpenCall:
    """A call that has no committed answer yet.

    `give_up` stops the running attempt, None while none runs; `answered` says that the latest attempt has ended.
    `settled` is set once the fact that ends the call is on the way; `unexpire` stops its time-out.
    """

    run: int
    ref: int
    request: CallRequest
    policy: RetryPolicy
    host: WorkflowHost
    give_up: Callable[[], None] | None = None
    answered: bool = False
    settled: bool = False
    unexpire: Callable[[], None] = _nothing


class Calls:
    """The open calls of an engine, by run and request number."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._terms = TermsOf(engine.node.registry)
        self._open: dict[tuple[int, int], OpenCall] = {}
        self._waiting: deque[OpenCall] = deque()
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
            self._engine.fact(resident.run, _failed(record.ref, error.failure, self._engine.clock.now()))
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
        call = OpenCall(resident.run, record.ref, request, terms.policy, host)
        self._open[resident.run, record.ref] = call
        if terms.timeout > 0:
            call.unexpire = self._engine.node.after(terms.timeout, partial(self._expire, call))
        if stored and stored.due > self._engine.clock.now():
            self._engine.timers.add(stored.due, resident.run, record.ref, is_call=True)
        else:
            self._queue(call)

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
        if call.give_up is None:
            return
        give_up, call.give_up = call.give_up, None
        if not call.answered:
            give_up()
            self._ended(call)

    def close_run(self, run: int) -> None:
        """Forget every call of a run."""
        for key in [key for key in self._open if key[0] == run]:
            self.close(*key)

    def close_all(self, host: WorkflowHost | None = None) -> None:
        """Give up every call, or those of one host; they are attempted again by whoever continues the runs."""
        for (run, ref), call in list(self._open.items()):
            if host is None or call.host is host:
                self.close(run, ref)

    def _queue(self, call: OpenCall) -> None:
        if self.running < call.host.concurrency and not self.draining:
            self._attempt(call)
        else:
            self._waiting.append(call)

    def _attempt(self, call: OpenCall) -> None:
        self.running += 1
        call.answered = False
        call.give_up = _nothing
        give_up = self._engine.attempt(call.request, partial(self._replied, call))
        if not call.answered:
            call.give_up = give_up

    def _replied(self, call: OpenCall, outcome: Outcome) -> None:
        if call.answered or self._open.get((call.run, call.ref)) is not call:
            return
        call.answered = True
        call.give_up = None
        self._ended(call)
        failure = outcome.failure
        now = self._engine.clock.now()
        if failure is None:
            self._settle(call, _completed(call, outcome.value, now))
            return
        wait = call.policy.delay(call.request.attempt, failure)
        if wait is None:
            self._settle(call, _failed(call.ref, failure, now))
            return
        attempt = call.request.attempt + 1
        call.request = _with_attempt(call.request, attempt)
        self._engine.retry(call.run, CallRow(call.ref, attempt, now + wait, encode(failure)))

    def _expire(self, call: OpenCall) -> None:
        """End a call whose time is over, whether an attempt runs or the next one is waited for."""
        if call.settled or self._open.get((call.run, call.ref)) is not call:
            return
        give_up, call.give_up, call.answered = call.give_up, None, True
        failure = Failure(f"call of {call.request.target} timed out", TIMEOUT)
        self._settle(call, _failed(call.ref, failure, self._engine.clock.now()))
        if give_up is not None:
            give_up()
            self._ended(call)

    def _settle(self, call: OpenCall, fact: Fact) -> None:
        call.settled = True
        self._engine.fact(call.run, fact)

    def _ended(self, call: OpenCall) -> None:
        self.running -= 1
        while self._waiting and self.running < call.host.concurrency and not self.draining:
            following = self._waiting.popleft()
            if self._open.get((following.run, following.ref)) is following and not following.settled:
                self._attempt(following)


def _completed(call: OpenCall, value: Any, now: int) -> Fact:
    try:
        return Fact(events.FUNCTION_COMPLETED, call.ref, "", encode(value, call.host.limits), now)
    except Error as error:
        return _failed(call.ref, error.failure, now)


def _failed(ref: int, failure: Any, now: int) -> Fact:
    return Fact(events.FUNCTION_FAILED, ref, "", encode(failure), now)


def _with_attempt(request: CallRequest, attempt: int) -> CallRequest:
    return CallRequest(
        request.target, request.args, request.context, request.options, request.caller, request.invocation_id, attempt
    )
