"""Function calls of durable runs: which are open, how they begin, go on after a restart, and are given up.

A call begins only after its record is committed and may be attempted again after a crash; every attempt carries the
same invocation id. Between two attempts the call is a row in the store, so that a restart knows the attempt number;
so is one that tells how far it is, and one that must not be repeated without asking.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.ports import CallRequest
from actorflow.run.turn import CallRow
from hosts.workflow.attempting import Attempts
from hosts.workflow.call_text import progress_of, wait_of
from hosts.workflow.open_call import (
    CANCEL_ASKED,
    NON_RETRYABLE,
    OpenCall,
    failed,
    nothing,
    refused,
    unknown,
    unknown_text,
)
from hosts.workflow.start import invocation_id
from hosts.workflow.stopping import STOPPED
from hosts.workflow.suspect import text_of
from hosts.workflow.terms import ASK, FAIL, RETRY, TermsOf, inherited

if TYPE_CHECKING:
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident


class Calls:
    """The open calls of an engine, by run and request number."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._terms = TermsOf(engine.node.registry, engine.programs.notice_once)
        self._open: dict[tuple[int, int], OpenCall] = {}
        self._attempts = Attempts(engine, self._open, self.close)

    @property
    def running(self) -> int:
        """How many attempts run."""
        return self._attempts.running

    def __len__(self) -> int:
        """Return how many calls are open."""
        return len(self._open)

    def all(self) -> list[OpenCall]:
        """Return the open calls, the oldest first."""
        return list(self._open.values())

    def attempted(self) -> list[OpenCall]:
        """Return the calls that are being attempted."""
        return [call for call in self._open.values() if call.give_up is not None]

    def queued(self) -> int:
        """Return how many calls wait for a slot of their host."""
        return len(self._attempts.waiting)

    def go_on(self) -> None:
        """Attempt what waits and may begin by now."""
        self._attempts.go_on(max((host.concurrency for host in self._engine.hosts.values()), default=0))

    def __contains__(self, key: tuple[int, int]) -> bool:
        """Tell whether a call is open here."""
        return key in self._open

    def is_idle(self, run: int, ref: int) -> bool:
        """Tell whether a call is open here and neither attempted nor waiting for a slot."""
        call = self._open.get((run, ref))
        if call is None or call.give_up is not None or call.settled:
            return False
        return not wait_of(call, self._attempts.waiting)

    def told(self, run: int) -> dict[int, str]:
        """Say how far each open call of a run is that is attempted or waits for a slot, by its request number."""
        return {
            ref: text
            for (owner, ref), call in self._open.items()
            if owner == run and (text := progress_of(call, self._attempts.waiting))
        }

    def waits(self, run: int, refs: Iterable[int]) -> list[str]:
        """Say which of the open calls of a run wait for a slot, and what takes the slots."""
        found = (self._open.get((run, ref)) for ref in refs)
        return [text for call in found if call is not None and (text := wait_of(call, self._attempts.waiting))]

    def start(self, resident: Resident, record: Record) -> None:
        """Begin the call that a committed record asks for, or go on with it after a restart."""
        host, live = resident.host, resident.live
        run, ref, target = resident.run, record.ref, record.target
        if host is None or live is None or (run, ref) in self._open:
            return
        args, options = decode(record.payload)
        stored = resident.attempts.get(ref) if resident.attempts else None
        try:
            terms = self._terms(target, options)
        except Error as error:
            self._engine.fact(run, refused(ref, error.failure, self._engine.clock.now()))
            return
        if live.payload:
            terms = inherited(terms, live.payload.get("options", {}))
        identity = live.driver.who
        context = identity.context
        if options and "context" in options:
            context = {**context, **options["context"]}
        request = CallRequest(
            target,
            tuple(args),
            context,
            terms.options,
            identity.pid,
            invocation_id(live.run_id, ref),
            stored.attempt if stored else 1,
        )
        call = self._open[run, ref] = OpenCall(run, ref, live.run_id, resident.workflow_id, request, terms, host)
        if live.driver.stopping is not None and ref in live.driver.stopping:
            self.stop(run, ref)
            return
        called = resident.called.get(ref, 0) if resident.called else 0
        if terms.timeout or terms.schedule_to_close:
            self._bound(call, called or live.driver.now())
        if (called or stored is not None) and terms.on_unknown == RETRY:  # not one that was recorded just now
            call.crashes = self._engine.suspects.deaths(call, called, stored)
        if stored is None:
            self._attempts.queue(call)
        else:
            self._go_on(call, stored)

    def _go_on(self, call: OpenCall, stored: CallRow) -> None:
        """Go on with a call of which the store has a row: it waits, or was running when the node ended."""
        call.row, call.details = stored, stored.details
        call.failure = decode(stored.failure) if stored.failure else None
        now = self._engine.clock.now()
        if stored.begun and call.terms.on_unknown == FAIL:
            self._attempts.settle(call, failed(call, unknown(call), now, NON_RETRYABLE))
        elif not stored.begun and stored.due > now:
            self._engine.timers.add(stored.due, call.run, call.ref, is_call=True)
        else:
            self._attempts.queue(call)

    def asks(self, resident: Resident) -> str:
        """Return why a run that was just read must ask a person how one of its calls ended, or ""."""
        if not resident.attempts:
            return ""
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
        call.unexpire = self._engine.node.after(left, partial(self._attempts.expire, call))

    def again(self, run: int, ref: int) -> None:
        """Begin the next attempt of a call whose wait is over."""
        call = self._open.get((run, ref))
        if call is not None and not call.settled:
            self._attempts.queue(call)

    def close(self, run: int, ref: int) -> None:
        """Forget a call: its answer is committed, or nobody wants it any more."""
        call = self._open.pop((run, ref), None)
        if call is None:
            return
        if call.unexpire is not None:
            call.unexpire()
        if call.give_up is not None:
            self._attempts.drop(call)
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
            self._attempts.settle(call, failed(call, STOPPED, self._engine.clock.now(), CANCEL_ASKED))
            if call.gate is not None:
                call.gate.leave(call)
            self._attempts.drop(call)
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
