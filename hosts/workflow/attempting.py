"""Attempts of the calls of durable runs: how many run at once, how they end, when there is another, and time-outs."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from actorflow.codec import decode, encode
from actorflow.duration import SECOND
from actorflow.errors import NOT_FOUND, Error, Failure
from actorflow.ports import CallRequest, Identity, Outcome
from actorflow.run.event import FUNCTION_COMPLETED
from actorflow.run.turn import CallRow, Committed, Delivery, Transact
from actorflow.store.port import CommitUnknown
from hosts.function.failing import failure_in
from hosts.workflow.call_rows import CallRows
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
    timed_out,
)
from hosts.workflow.operation import attempt, is_operation
from hosts.workflow.slots import gates_of, key_in
from hosts.workflow.terms import RETRY

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import Fact
    from hosts.workflow.transaction import Transactions

_TOLD_AGAIN: Final = SECOND
"""Nanoseconds between two heartbeats that are stored: what a crash loses of them."""


class Attempts:
    """The attempts of the open calls of an engine.

    Attributes:
        running: how many run.
        waiting: the calls that wait for a slot of their host, a heap by (order, number).
    """

    def __init__(
        self, engine: Engine, opened: Mapping[tuple[int, int], OpenCall], close: Callable[[int, int], None]
    ) -> None:
        """Attempt the calls that are `opened`, by run and request number; `close` forgets one of them."""
        self._engine = engine
        self._open = opened
        self._close = close
        self.running = 0
        self.waiting: list[tuple[int, int, OpenCall]] = []
        self._numbers = itertools.count()
        self._gates = gates_of(engine.node)
        self._closing = Deadlines(engine.node, partial(self._late, START_TO_CLOSE))
        self._beating = Deadlines(engine.node, partial(self._late, HEARTBEAT))
        self._starting = Deadlines(engine.node, self._not_begun)
        self._rows = CallRows(engine, self._is_open, close)

    @cached_property
    def _transactions(self) -> Transactions:
        from hosts.workflow.transaction import Transactions  # noqa: PLC0415 - few nodes have transactional functions

        return Transactions(self._engine)

    def _is_open(self, call: OpenCall) -> bool:
        return self._open.get((call.run, call.ref)) is call

    def queue(self, call: OpenCall) -> None:
        """Attempt a call as soon as there is a slot for it."""
        terms = call.terms
        if terms.slots is None:
            if terms.plain and not call.crashes and self.running < call.host.concurrency and not self._engine.draining:
                self._begin_plain(call)
            else:
                self._admit(call)
            return
        call.gate = self._gates.of(call.request.target, terms.slots)
        self._starting.set(call, terms.schedule_to_start)
        key = terms.key or (key_in(terms.key_path, call.request.args) if terms.key_path else "")
        call.gate.enter(call, key, terms.order, partial(self._admit, call))

    def drop(self, call: OpenCall) -> None:
        """Stop the running attempt: nobody waits for its answer any more."""
        give_up, answered = call.give_up, call.answered
        self._over(call)
        if give_up is not None and not answered:
            give_up()

    def settle(self, call: OpenCall, fact: Fact) -> None:
        """End a call with the fact that its run gets."""
        call.settled = True
        self._engine.fact(call.run, fact)

    def expire(self, call: OpenCall) -> None:
        """End a call whose time is over, whether an attempt runs or the next one is waited for."""
        self._time_out(call, SCHEDULE_TO_CLOSE)

    # ---- attempts ----------------------------------------------------------------------------------------------

    def _admit(self, call: OpenCall) -> None:
        """Attempt a call that has a slot of its function, as soon as its host has one too."""
        if self.running < call.host.concurrency and not (self._engine.draining and self._engine.rests(call.run)):
            if call.terms.schedule_to_start:
                self._starting.clear(call, call.terms.schedule_to_start)
            self._attempt(call)
        else:
            heapq.heappush(self.waiting, (call.terms.order, next(self._numbers), call))
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

    def _begin_plain(self, call: OpenCall) -> None:
        """Attempt a call that has a slot and nothing of its own: what `_admit` to `_call` come to, in one."""
        self.running += 1
        engine, request, limit = self._engine, call.request, call.terms.start_to_close
        call.answered, call.give_up = False, nothing
        call.began = now = engine.node.clock.now()
        self._closing.set(call, limit)
        request.deadline = now + limit
        if call.details:
            request.heartbeat = decode(call.details)
        request.beat = partial(self._heard, call.run, call.ref, request.attempt)
        if is_operation(request.target):
            give_up = self._call(call, request)
        else:
            give_up = engine.functions.call(request, partial(self._replied, call, request))
        if not call.answered:
            call.give_up = give_up

    def _begin(self, call: OpenCall, request: CallRequest) -> None:
        """Begin an attempt that has its slot, unless it was given up meanwhile."""
        if call.request is not request or call.give_up is None:
            return
        call.began = now = self._engine.node.clock.now()
        terms = call.terms
        self._bound_attempt(call, request, now)
        if call.details:
            request.heartbeat = decode(call.details)
        request.beat = partial(self._heard, call.run, call.ref, request.attempt)
        give_up = self._transact(call, request) if terms.transactional else self._call(call, request)
        if not call.answered:
            call.give_up = give_up

    def _call(self, call: OpenCall, request: CallRequest) -> Callable[[], None]:
        """Begin an attempt of a function or an operation. Returns what gives it up: then no reply comes."""
        engine, reply = self._engine, partial(self._replied, call, request)
        if not is_operation(request.target):
            give_up: Callable[[], None] = engine.functions.call(request, reply)
            return give_up
        resident = engine.residents.get(call.run)
        live = None if resident is None else resident.live
        identity = Identity(request.caller, "", "", request.context) if live is None else live.driver.who
        return attempt(engine.node, identity, request, reply)

    def _bound_attempt(self, call: OpenCall, request: CallRequest, now: int) -> None:
        """Set the times of an attempt."""
        terms = call.terms
        if terms.start_to_close and not terms.transactional:
            self._closing.set(call, terms.start_to_close)
            request.deadline = now + terms.start_to_close
        if call.close_at:
            closes = now + call.close_at - self._engine.clock.now()  # functions go by the clock of their machine
            request.deadline = min(request.deadline or closes, closes)
        if terms.heartbeat:
            self._beating.set(call, terms.heartbeat)

    def _transact(self, call: OpenCall, request: CallRequest) -> Callable[[], None]:
        """Begin an attempt that is part of a commit. Returns what gives it up, which only helps before it begins."""
        try:
            item = self._transactions.prepared(call, request)
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
                self._close(call.run, call.ref)
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
            self.settle(call, completed(call, outcome.value, self._engine.clock.now()))
        else:
            self._failed(call, outcome.failure)

    def _failed(self, call: OpenCall, failure: Failure) -> None:
        """Wait for the next attempt, or end the call when there is none."""
        now, terms, attempt = self._engine.clock.now(), call.terms, call.request.attempt
        if call.stopping:
            self.settle(call, failed(call, failure, now, CANCEL_ASKED))
            return
        wait = terms.policy.delay(attempt, failure)
        if self._engine.control.exhausted(call, failure):
            return
        if wait is None:
            if failure.kind == NOT_FOUND and not self._is_registered(call.request.target):
                failure = replace(failure, retryable=True)  # as on Temporal: it may be registered some day
            last = terms.policy.attempts and attempt >= terms.policy.attempts
            self.settle(call, failed(call, failure, now, MAXIMUM_ATTEMPTS if last else NON_RETRYABLE))
        elif terms.schedule_to_close and now + wait >= call.close_at:
            self.settle(call, failed(call, failure, now, TIMED_OUT))
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
        if self.waiting:
            self.go_on(call.host.concurrency)

    def go_on(self, concurrency: int) -> None:
        """Attempt the calls that wait for a slot of their host, as many as there are slots."""
        resting = []
        while self.waiting and self.running < concurrency and self._engine.draining is not True:
            following = heapq.heappop(self.waiting)
            call = following[2]
            if self._open.get((call.run, call.ref)) is not call or call.settled:
                continue
            if self._engine.draining and self._engine.rests(call.run):
                resting.append(following)
            else:
                self._starting.clear(call, call.terms.schedule_to_start)
                self._attempt(call)
        for following in resting:
            heapq.heappush(self.waiting, following)

    # ---- time-outs ---------------------------------------------------------------------------------------------

    def _late(self, timeout_type: str, call: OpenCall) -> None:
        """End an attempt that took too long, or that was not heard of for too long: it has failed."""
        if call.give_up is not None and not call.settled and self._open.get((call.run, call.ref)) is call:
            self.drop(call)
            self._failed(call, timed_out(call, timeout_type))

    def _not_begun(self, call: OpenCall) -> None:
        """End a call that got no slot in time: another wait would not help."""
        self._time_out(call, SCHEDULE_TO_START)

    def _time_out(self, call: OpenCall, timeout_type: str) -> None:
        if call.settled or self._open.get((call.run, call.ref)) is not call:
            return
        now = self._engine.clock.now()
        self.settle(call, failed(call, timed_out(call, timeout_type), now, TIMED_OUT))
        if call.gate is not None:
            call.gate.leave(call)
        self.drop(call)


def _with_attempt(request: CallRequest, attempt: int) -> CallRequest:
    return CallRequest(
        request.target, request.args, request.context, request.options, request.caller, request.invocation_id, attempt
    )
