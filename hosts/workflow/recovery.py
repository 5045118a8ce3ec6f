"""Recovery: taking over open runs, rebuilding parked ones, and what happens when neither is possible."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import trio

from actorflow.codec import decode
from actorflow.errors import INTERNAL, NOT_FOUND, Error, failure_of
from actorflow.notice import Notice
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.lease import FENCED
from actorflow.run.lock import is_lock
from actorflow.run.turn import Committed, Delivery, RunRow, StateChange, Turn
from actorflow.store.control import Pause
from actorflow.store.port import CommitUnknown
from hosts.workflow.child_stop import was_stopped
from hosts.workflow.departing import has_departed, hold_still
from hosts.workflow.driver import Divergence
from hosts.workflow.effect import perform
from hosts.workflow.faults import no_run, row_outcome
from hosts.workflow.live import CorruptJournalError
from hosts.workflow.loading import Given, load, revive
from hosts.workflow.naming import held_names, name_events
from hosts.workflow.parting import finished
from hosts.workflow.report import divergence_report
from hosts.workflow.resident import Draft, Resident
from hosts.workflow.stopping import STOPPED
from hosts.workflow.succession import follow
from hosts.workflow.touching import expire_unbegun

if TYPE_CHECKING:
    from actorflow.store.port import HostReader, HotReader
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.ownership import Ownership

_RETRY_AFTER = 0.5
"""Seconds until a run is read again after its commit failed: a full disk is noticed this soon after space returns."""
_PAGE = 1_000
_FOR_EVER = 2**62


class Recovery:
    """Reads runs back: at the start of a host, after an eviction, after a failed commit."""

    def __init__(self, engine: Engine) -> None:
        """Recover runs for `engine`."""
        self._engine = engine
        self._in_doubt = False
        self._until_joined: set[int] = set()

    async def take_over(self, host: WorkflowHost, shards: Collection[int] | None = None) -> None:
        """Take over a host's open runs: those with effects under way or facts waiting now, the others when due.

        Those in `shards`, where nodes share the host and this one has taken these.
        """
        await self._names(host, shards)
        await self._take_up(host, shards, in_doubt=False)
        self._engine.start_soon(self._engine.approvals.recover, host)
        self._engine.start_soon(self._engine.awaiting.recover, host)
        asking, self._until_joined = self._until_joined, set()
        for run in sorted(asking):
            self.read_again(self._engine.resident(run))

    def when_joined(self, run: int) -> None:
        """Read a run again, and make its open requests once more, when another host joins."""
        self._until_joined.add(run)

    async def _take_up(self, host: WorkflowHost, shards: Collection[int] | None = None, *, in_doubt: bool) -> None:
        engine, writer, host_id = self._engine, self._engine.writer, host.id

        def of(store: HotReader) -> HostReader:
            return host.of(store, shards)

        after = 0
        while held := await writer.read(partial(_page, of, host_id, after)):
            for workflow_id, run, state in held:
                self._take(workflow_id, run, state, in_doubt=in_doubt)
            last = max(run for _, run, _ in held)
            if last <= after:  # a damaged index gives what was there before, again and again
                break
            after = last
        for workflow_id, run in await writer.read(lambda store: of(store).held_beside(host_id)):
            if not is_lock(workflow_id):
                engine.open_ids[workflow_id], engine.beside[run] = run, workflow_id
        queues = host.settings.queues
        due_at = await writer.read(lambda store: of(store).due_timers(host_id, _FOR_EVER, _FOR_EVER, queues))
        for run, ref, due in due_at:
            engine.timers.add(due, run, ref)
        for run in await writer.read(lambda store: of(store).inbox_runs(host_id)):
            self.read_again(engine.resident(run))

    def _take(self, workflow_id: str, run: int, state: str, *, in_doubt: bool) -> None:
        """Know an open run from now on, and read it if something is under way for it or nobody knew of it."""
        engine = self._engine
        known = workflow_id in engine.open_ids
        engine.open_ids.setdefault(workflow_id, run)
        if state in {states.RUNNING, states.PENDING} or (in_doubt and not known):
            engine.enqueue(engine.resident(run))

    def read_again(self, resident: Resident) -> None:
        """Rebuild a run from the store before its next turn: it may hold more there than was said."""
        resident.stale = True
        self._engine.enqueue(resident)

    async def read_later(self, resident: Resident) -> None:
        """Do `read_again` when the store had time to recover."""
        await trio.sleep(_RETRY_AFTER)
        self.read_again(resident)

    def doubt(self, answer: Committed | Error) -> None:
        """Look for what a commit left in the store, if this is the answer of one whose outcome is unknown."""
        if isinstance(answer, CommitUnknown) and not self._in_doubt:
            self._in_doubt = True
            self._engine.start_soon(self._find_out)

    async def _find_out(self) -> None:
        await trio.sleep(_RETRY_AFTER)
        self._in_doubt = False  # from here on another failure needs another look
        try:
            for host in list(self._engine.hosts.values()):
                await self._take_up(host, in_doubt=True)
        except Error as error:
            self.doubt(CommitUnknown(error.message))

    async def was_started(self, run_id: str) -> bool:
        """Find out whether a start of unknown outcome is in the store, and take that run up if it is.

        Waits until the store can be read.
        """
        while True:
            await trio.sleep(_RETRY_AFTER)
            with suppress(Error):
                row = await self._engine.writer.read(lambda store: store.find(run_id))
                if row is not None and row.state not in states.TERMINAL:
                    self._take(row.workflow_id, row.run, row.state, in_doubt=True)  # before anybody hears of it
                return row is not None

    async def _names(self, host: WorkflowHost, shards: Collection[int] | None) -> None:
        """Give the open runs of a host their names again; one that is taken meanwhile stays with its holder."""
        journal = await self._engine.writer.read(lambda reader: name_events(reader, host, shards))
        for name, pid in held_names(journal, host.pid_of):
            with suppress(Error):
                self._engine.node.directory.register(name, pid)

    def roll_back(self, resident: Resident, draft: Draft, answer: Committed | Error) -> None:
        """Throw the machine away and read the run again: the commit failed, or its outcome is not known."""
        self.doubt(answer)
        for _, prepared in draft.starts:
            prepared.live.close()
        if draft.successor is not None:
            draft.successor.live.close()
        if self._engine.ownership is not None and isinstance(answer, Committed) and answer.refusal == "lease":
            self._fenced(resident, self._engine.ownership)
            return
        resident.facts = draft.facts + resident.facts
        if draft.ending is not None:
            resident.ending = draft.ending.joined(resident.ending)
        self.drop(resident)
        self._engine.start_soon(self._try_later, resident)

    def _fenced(self, resident: Resident, ownership: Ownership) -> None:
        """Forget a run that another node has taken, and what was under way for it here."""
        self._engine.calls.close_run(resident.run)
        self.drop(resident)
        resident.busy = False
        self._engine.residents.pop(resident.run, None)
        self._engine.progressed()
        ownership.look()

    def cede(self, resident: Resident) -> None:
        """Let go of a run that another node has, or is to have: what has come for it is stored."""
        if self._is_lost(resident):
            return
        self._engine.calls.close_run(resident.run)
        self.drop(resident)
        self._park(resident)

    def _is_lost(self, resident: Resident) -> bool:
        """Tell whether a run was lost to another node while it was read here, and drop what was made of it then."""
        if self._engine.residents.get(resident.run) is resident:
            return False
        self.drop(resident)
        resident.facts.clear()
        resident.busy = False
        return True

    async def _try_later(self, resident: Resident) -> None:
        await trio.sleep(_RETRY_AFTER)
        resident.busy = False
        self._engine.enqueue(resident)

    def drop(self, resident: Resident) -> None:
        """Drop the machine of a run; its journal brings it back."""
        if resident.live is not None:
            resident.live.close()
        resident.live, resident.start = None, None

    def pause(self, resident: Resident, reason: str) -> None:
        """Stop a run until a person decides; what arrives for it is stored."""
        if self._is_lost(resident):
            return
        change = StateChange(states.PAUSED, self._engine.clock.now(), reason)
        waits = Pause([reason], auto=True).packed()
        turn = Turn(resident.run, resident.revision, resident.lease, states.PAUSED, change=change, waits=waits)
        self.drop(resident)
        resident.busy = True
        self._engine.submit(turn, partial(self._paused, resident, reason))

    def _paused(self, resident: Resident, reason: str, answer: Committed | Error) -> None:
        if isinstance(answer, Error) or not answer.accepted:
            self.doubt(answer)
            self._engine.start_soon(self._try_later, resident)
            return
        self._engine.node.notices(Notice("run-paused", reason, resident.pid))
        self._engine.calls.hold(resident.run)
        self._park(resident)

    def _park(self, resident: Resident) -> None:
        """Store the facts of a run that cannot go on which are not in its inbox yet, and let go of it.

        It is paused, or its host does not run: it has left, or has not started, and then reads the inbox.
        """
        for fact in resident.facts:
            if not fact.row and fact.kind != events.TIMER_FIRED:
                delivery = Delivery(
                    "", fact.kind, fact.target, "", fact.payload, fact.at, run=resident.run, ref=fact.ref
                )
                self._engine.submit(delivery, partial(self._stored, delivery))
        resident.facts.clear()
        resident.busy = False
        self._engine.residents.pop(resident.run, None)
        self._engine.progressed()

    def _stored(self, delivery: Delivery, answer: Committed | Error) -> None:
        if isinstance(answer, Error):
            self.doubt(answer)
        elif answer.accepted:
            self._engine.arrived(delivery, answer)

    def keep_late(self, resident: Resident) -> None:
        """Keep results of a run that came after its end: the store puts them into its journal as superseded."""
        for fact in resident.facts:
            if fact.kind in events.RESULTS:
                late = Delivery("", fact.kind, payload=fact.payload, at=fact.at, run=resident.run, ref=fact.ref)
                self._engine.submit(late, self.doubt)
        resident.facts.clear()

    def _go_on(self, resident: Resident, row: RunRow) -> None:
        """Go on with a run that was just read, unless a person has to say how one of its calls ended."""
        self._engine.open_ids[row.workflow_id] = row.run
        if reason := self._engine.calls.asks(resident):
            self.pause(resident, reason)
            return
        resident.busy = False
        self._reissue(resident)
        if resident.wanting:
            self._engine.enqueue(resident)

    def revived(self, resident: Resident, given: Given) -> bool:
        """Do what `load` does with a run that merely waits; False when that has to be done, for whatever reason."""
        try:
            row = revive(self._engine, resident, given)
        except Exception:  # noqa: BLE001 - `load` finds it again, and says what it is
            self.drop(resident)
            return False
        if row is not None and not self._is_lost(resident):
            self._loaded(resident, row, 0)
        return row is not None

    async def load(self, resident: Resident, given: Given | None = None) -> None:
        """Rebuild a run, from the store unless it is `given`, and go on with it; pause it when that is not possible."""
        try:
            row = await self._read(resident, given)
            successor = await self._continued_as(row) if row.state in states.TERMINAL else 0
        except Divergence as divergence:
            waits = resident.live.machine.waits() if resident.live is not None else []
            place = waits[0].partition("  ")[0] if waits else ""
            self.pause(resident, divergence_report(divergence, place, resident.workflow_id))
            return
        except CorruptJournalError as corrupt:
            self.pause(resident, f"corrupt: {corrupt}")
            return
        except Error as error:
            if error.retryable:
                self._engine.start_soon(self._try_later, resident)
            elif not await self._has_departed(resident, error):
                self.pause(resident, error.message)
            return
        except Exception as error:  # noqa: BLE001 - a fault of ours must stop one run, not the node
            self.pause(resident, f"internal error: {failure_of(error).message}")
            return
        if not self._is_lost(resident):
            self._loaded(resident, row, successor)

    def _loaded(self, resident: Resident, row: RunRow, successor: int) -> None:
        """Go on with a run as it was just read, if it goes on; `successor` is the run that it has continued as."""
        if resident.stale:  # it has been changed since it was read: as it is there now, it may go on
            resident.busy = False
            self._engine.enqueue(resident)
        elif row.state in states.TERMINAL:
            follow(self._engine, resident, successor) if successor else self._gone(resident, row)
        elif row.state in states.STILL or resident.live is None:
            self._still(resident, row)
        else:
            self._go_on(resident, row)
        self._engine.progressed()

    async def _has_departed(self, resident: Resident, error: Error) -> bool:
        """Tell whether a run could not be read because it has moved to another store, and let go of it then."""
        return error.kind == NOT_FOUND and await has_departed(self._engine, resident)

    async def _read(self, resident: Resident, given: Given | None) -> RunRow:
        """Rebuild a run, twice before its store counts as damaged: for a moment a disk may look the same."""
        try:
            return await load(self._engine, resident, given)
        except Error as error:
            if error.kind != INTERNAL or error.retryable is not False:
                raise
        self.drop(resident)
        return await load(self._engine, resident)

    async def _continued_as(self, row: RunRow) -> int:
        """Return the run that an ended one has continued as, 0 for none."""
        _, run_id = await self._engine.writer.read(lambda store: store.continued(row.run))
        found = await self._engine.writer.read(lambda store: store.find(run_id)) if run_id else None
        return found.run if found else 0

    def _still(self, resident: Resident, row: RunRow) -> None:
        """Let go of a run that gets no turns now; one whose time is over before it has begun ends."""
        if row.state == states.PAUSED:
            self._engine.calls.hold(resident.run)
        elif row.state == states.CREATED and resident.ending is not None:
            expire_unbegun(self._engine, resident)
        if row.lease == FENCED:
            hold_still(self._engine, resident.run)
        self._park(resident)

    def _gone(self, resident: Resident, row: RunRow) -> None:
        """Let go of a run that has ended; if nobody knew, its last commit was one of unknown outcome."""
        if self._engine.open_ids.get(row.workflow_id) == row.run:
            finished(self._engine, resident, row_outcome(row))
        else:
            self.keep_late(resident)
            self._engine.residents.pop(resident.run, None)
        if resident.ending is not None:
            cancelled = row.state == states.CANCELLED
            resident.ending.reply(
                Outcome(value=True) if cancelled else Outcome(failure=no_run(row.workflow_id).failure)
            )

    def _reissue(self, resident: Resident) -> None:
        """Go on with every open request of a rebuilt run that nothing is under way for."""
        live = resident.live
        if live is None or resident.host is None or resident.start is not None:
            return  # nothing of a first feed that waits for its commit may take effect yet
        asked = [record for record in live.driver.open.values() if record.kind != events.TIMER_STARTED]
        if not asked:
            return
        answered = {fact.ref for fact in resident.facts if live.answers(fact)}
        ends = (fact for fact in resident.facts if fact.kind == events.PROCESS_EXITED)
        ended = {fact.ref: decode(fact.payload)["from"] for fact in ends}
        for record in asked:
            ref, key = record.ref, (resident.run, record.ref)
            if ref in answered or key in self._engine.calls or key in self._engine.asked:
                continue
            if record.kind == events.PROCESS_SPAWNED and ref in ended:
                self._engine.settle(resident.run, ref, ended[ref])  # it was started: perhaps it is not kept any more
            elif record.kind == events.PROCESS_SPAWNED and was_stopped(self._engine, live, ref):
                self._engine.settle(resident.run, ref, None, STOPPED)
            elif record.kind == events.PROCESS_SPAWNED:
                self._engine.admission.spawn_again(resident, live, record)
            elif self._engine.own_workflow(record.target) is not None and record.kind not in events.CALLS:
                # it was delivered by the commit that recorded it, or its refusal would be in the inbox
                self._engine.settle(resident.run, ref, value=True)
            else:
                perform(self._engine, resident, record)


def _page(
    of: Callable[[HotReader], HostReader], host_id: str, after: int, store: HotReader
) -> list[tuple[str, int, str]]:
    return of(store).held(host_id, after, _PAGE)
