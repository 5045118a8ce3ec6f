"""The engine of one store: turns the facts of its runs into committed turns, and committed turns into effects.

All of it runs in the node's trio thread but the store's writer. One rule holds it together: nothing takes effect
before it is committed, and what a failed commit leaves in doubt is thrown away and read again.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import trio

from actorflow.codec import encode
from actorflow.errors import Error, Failure, failure_of
from actorflow.ports import Outcome, Reply
from actorflow.run import event as events
from actorflow.run.shard import shard_of
from actorflow.run.state import PENDING, STILL
from actorflow.run.turn import RELEASE, Committed, Delivery, Item
from actorflow.store.group import Callback, Write
from hosts.workflow.admission import Admission
from hosts.workflow.approving import Approvals
from hosts.workflow.awaiting import Awaiting
from hosts.workflow.call import Calls
from hosts.workflow.chore import Chores
from hosts.workflow.committed import close_answered, committed
from hosts.workflow.control import Control
from hosts.workflow.driver import Operator
from hosts.workflow.entropy import Entropy
from hosts.workflow.eviction import evict_unused
from hosts.workflow.foreign import Foreign
from hosts.workflow.gathering import Gathering
from hosts.workflow.live import Fact
from hosts.workflow.ownership import Ownership
from hosts.workflow.programs import Programs
from hosts.workflow.recovery import Recovery
from hosts.workflow.resident import Resident
from hosts.workflow.retention import Remover
from hosts.workflow.store_clock import StoreClock
from hosts.workflow.stored import Stored
from hosts.workflow.suspect import Suspects
from hosts.workflow.sweeper import Sweeper
from hosts.workflow.timer import Timers
from hosts.workflow.touching import serve_timer
from hosts.workflow.turning import build, is_empty, workflow_of
from hosts.workflow.update import Updates

if TYPE_CHECKING:
    from actorflow.clock import Clock
    from actorflow.node.node import Node
    from actorflow.store.writer import AnyWriter
    from hosts.workflow.host import WorkflowHost

_SLICE = 0.002
"""Seconds of turns after which what they made is handed to the writer, and the rest of the node has its turn."""
_TOGETHER = 128
"""While many runs are rebuilt, so many turns are handed over at once: a commit costs as much as 15 to 30 of them."""
_NOTHING = encode(None)
_SOON = 20_000_000
"""Nanoseconds after which a timer is looked at again that has to wait."""


class Engine:
    """Everything that runs on one store. Hosts that name the same database share one engine."""

    def __init__(self, node: Node, writer: AnyWriter, store_name: str, lease: int) -> None:
        """Make an engine; nothing runs before `serve`."""
        self.node = node
        self.writer = writer
        self.store_name = store_name
        self.lease = lease
        self.hosts: dict[str, WorkflowHost] = {}
        self.open_ids: dict[str, int] = {}
        self.beside: dict[int, str] = {}
        self.residents: dict[int, Resident] = {}
        self.recent: OrderedDict[str, Outcome] = OrderedDict()
        self.programs = Programs(node)
        self.stored, self.foreign = Stored(writer), Foreign(self)
        self.asked: set[tuple[int, int]] = set()
        self.draining: bool | frozenset[int] = False
        self.calls = Calls(self)
        self.clock: Clock = StoreClock(node.clock) if writer.shared else node.clock
        self.timers = Timers(self.clock, self._due)
        self.operator = Operator(_note_to(node), node.notices, self.programs.check_startable)
        self.entropy = Entropy()
        self.admission = Admission(self)
        self.recovery = Recovery(self)
        self.gathering = Gathering(self)
        self.control = Control(self)
        self.chores = Chores(self)
        self.remover = Remover(self)
        self.updates = Updates(self)
        self.approvals = Approvals(self)
        self.sweeper = Sweeper(self)
        self.suspects = Suspects(self)
        self.awaiting = Awaiting(self)
        self.ownership = Ownership(self) if writer.shared else None
        self._queue: deque[Resident] = deque()
        self._outgoing: list[Write] = []
        self._wake = trio.Event()
        self._progress = trio.Event()
        self._moved: trio.Event | None = None
        self._nursery: trio.Nursery | None = None

    @property
    def functions(self) -> Any:
        """What runs function calls."""
        return self.node.functions

    # ---- serving -----------------------------------------------------------------------------------------------

    async def serve(self, task_status: trio.TaskStatus[None]) -> None:
        """Recover what is open, then take turns until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self.timers.serve)
            nursery.start_soon(self.gathering.serve)
            nursery.start_soon(evict_unused, self)
            nursery.start_soon(self.sweeper.serve)
            nursery.start_soon(self.chores.serve)
            nursery.start_soon(self.remover.serve)
            task_status.started()
            try:
                await self._turns()
            finally:
                self._nursery = None
                self._hand_over()

    def start_soon(self, work: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run something beside the turns; nothing when the engine no longer serves."""
        if self._nursery is not None:
            self._nursery.start_soon(work, *args)

    async def _turns(self) -> None:
        while True:
            began = perf_counter()
            while self._queue:
                resident = self._queue.popleft()
                resident.queued = False
                self._turn(resident)
                if perf_counter() - began > _SLICE:
                    break
            self._wake = trio.Event()  # before the hand-over, which may bring more to do
            if not self.gathering.rebuilding or len(self._outgoing) >= _TOGETHER:
                self._hand_over(alone=not self._queue)
            self.progressed()
            if self._queue:
                await trio.lowlevel.checkpoint()
            else:
                await self._wake.wait()

    def submit(self, item: Item, callback: Callback) -> None:
        """Have an item committed, together with what the turns of this moment bring; see `Writer.submit`.

        Raises:
            Error: kind Unavailable, when the writer is closed.
        """
        if self._nursery is None:
            self.writer.submit(item, callback)
        else:
            self._outgoing.append(Write(item, callback))
            self._wake.set()

    def hand_over_soon(self) -> None:
        """Have the turns go round once more: what waited for more to come with it is handed over."""
        self._wake.set()

    def _hand_over(self, *, alone: bool = False) -> None:
        """Hand everything over; a single item of runs that are `alone` may be committed, and take effect, in here."""
        outgoing, self._outgoing = self._outgoing, []
        if alone and len(outgoing) == 1 and self.writer.at_once(outgoing[0]):
            outgoing, self._outgoing = self._outgoing, []
        if outgoing:
            self.writer.submit_all(outgoing)

    async def drain(self, grace: float) -> None:
        """Let running calls end for at most `grace` seconds, begin no others, and commit what they answered."""
        self.draining = True
        with trio.move_on_after(grace):
            while self.calls.running or any(resident.busy or resident.queued for resident in self.residents.values()):
                await self.progress()
        self.calls.close_all()

    def owns(self, run: int) -> bool:
        """Tell whether a run may be one that this node turns; True for all where nobody shares the database."""
        return self.ownership is None or self.ownership.owns(run)

    def rest(self, shards: Collection[int]) -> None:
        """Begin no calls of runs in these shards for now: they are being handed over."""
        if self.draining is not True:
            self.draining = frozenset(shards).union(self.draining or ())

    def rest_no_more(self, shards: Collection[int]) -> None:
        """Begin calls in these shards again, as far as they are still here."""
        if isinstance(self.draining, frozenset):
            self.draining = self.draining.difference(shards) or False
            self.calls.go_on()

    def rests(self, run: int) -> bool:
        """Tell whether no calls of a run begin."""
        return self.draining is True or (self.draining is not False and shard_of(run) in self.draining)

    def flush(self) -> None:
        """Hand what is to be committed to the writer now."""
        self._hand_over()

    @property
    def moved(self) -> trio.Event:
        """What is set when the next run has ended: who watches states takes it before looking, and misses nothing."""
        if self._moved is None:
            self._moved = trio.Event()
        return self._moved

    def has_moved(self) -> None:
        """Tell whoever watches states that a run has ended."""
        if self._moved is not None:
            self._moved.set()
            self._moved = None

    def progressed(self) -> None:
        """Let who waits for the work to be done look again."""
        self._progress.set()

    async def progress(self) -> None:
        """Wait for the next `progressed`."""
        if self._progress.is_set():
            self._progress = trio.Event()
        await self._progress.wait()

    def release(self, host: WorkflowHost) -> None:
        """Let go of the runs of a host that leaves while others stay."""
        self.calls.close_all(host)
        for resident in [resident for resident in self.residents.values() if resident.host is host]:
            self.recovery.drop(resident)
            self.residents.pop(resident.run, None)

    def shut(self) -> None:
        """Drop every machine; the store has everything."""
        for resident in self.residents.values():
            if resident.live is not None:
                resident.live.close()
        self.residents.clear()
        if self.ownership is not None:
            self.ownership.close()
        self.stored.close()

    # ---- facts in ----------------------------------------------------------------------------------------------

    def resident(self, run: int) -> Resident:
        """Return the resident of a run, made when there is none."""
        found = self.residents.get(run)
        if found is None:
            found = self.residents[run] = Resident(run)
        return found

    def fact(self, run: int, fact: Fact) -> None:
        """Let a fact wait for the run's next turn."""
        resident = self.resident(run)
        if fact.row:
            if fact.row <= resident.last_row:
                return
            resident.last_row = fact.row
        resident.facts.append(fact)
        self.enqueue(resident)

    def settle(self, run: int, ref: int, value: Any, failure: Failure | None = None) -> None:
        """Answer a request of a run."""
        self.fact(run, Fact(events.REQUEST_SETTLED, ref, "", encode([value, failure]), self.clock.now()))

    def arrived(self, delivery: Delivery, answer: Committed) -> None:
        """Hand a delivery that the store has taken to its run; one that gets no turns reads it when it does again."""
        if answer.state in STILL:
            return
        if answer.state == PENDING:  # it may have been resumed by this
            self.resident(answer.run).stale = True
        for row in answer.inbox:
            ref = delivery.ref if answer.run == delivery.run else 0  # what a run continued as did not ask for it
            fact = Fact(delivery.kind, ref, delivery.target, delivery.payload, delivery.at, row)
            self.fact(answer.run, fact)

    def deliver(self, delivery: Delivery, reply: Reply) -> None:
        """Store something for a run; the reply comes when it is on disk."""
        self.submit(delivery, partial(self._delivered, delivery, reply))

    def _delivered(self, delivery: Delivery, reply: Reply, answer: Committed | Error) -> None:
        if isinstance(answer, Error):
            self.recovery.doubt(answer)
            reply(Outcome(failure=answer.failure))
        elif not answer.accepted:
            reply(Outcome(failure=self.stored.lack_of(delivery.workflow_id)))
        else:
            self.arrived(delivery, answer)
            reply(Outcome(value=True))

    def holder(self, workflow_id: str) -> str:
        """Return the host of the open workflow with this id, with a key (`entry/key`) of the newest one; else ""."""
        is_known = workflow_id in self.open_ids or "/" in workflow_id or self.ownership is not None
        return self.stored.holder(workflow_id) if is_known else ""

    def _due(self, run: int, ref: int, is_call: bool) -> None:  # noqa: FBT001 - the heap's entry
        if is_call:
            self.calls.again(run, ref)
        elif not self.owns(run):
            return  # it has been armed again by whoever has the run
        elif ref <= RELEASE:
            serve_timer(self, run, ref)
        elif run in self.approvals.answering:  # the answer to what the timer may end is on its way to the disk
            self.timers.add(self.clock.now() + _SOON, run, ref)
        else:
            self.fact(run, Fact(events.TIMER_FIRED, ref, "", _NOTHING, self.clock.now()))

    def enqueue(self, resident: Resident) -> None:
        """Let a run have a turn soon; one that is busy gets it afterwards."""
        if not resident.queued and not resident.busy:
            resident.queued = True
            self._queue.append(resident)
            self._wake.set()

    def hold(self, resident: Resident) -> None:
        """Let a run have no turn before `release_turn`: what is on its way to the disk decides what it says."""
        if resident.queued:
            self._queue = deque(other for other in self._queue if other is not resident)
        resident.queued = True

    def release_turn(self, resident: Resident) -> None:
        """Let a run that was held have turns again; who waits for its turns to be over hears of it."""
        resident.queued = False
        if resident.wanting and self.residents.get(resident.run) is resident:
            self.enqueue(resident)
        self.progressed()

    def own_workflow(self, target: str) -> str | None:
        """Return the workflow id that a PID names in this store, None for any other destination."""
        return workflow_of(target, self.store_name, frozenset(self.hosts))

    # ---- turns -------------------------------------------------------------------------------------------------

    def _turn(self, resident: Resident) -> None:
        live = resident.live
        if resident.busy or (self.draining and not resident.wanting and self.rests(resident.run)):
            return  # nothing has happened to it: it is read when the node runs again, or by another one
        if live is None or resident.stale:
            if not self.owns(resident.run):
                self.recovery.cede(resident)
                return
            self.recovery.drop(resident)
            resident.busy, resident.stale = True, False
            self.gathering.want(resident)
            return
        if not (resident.facts or resident.wanting):
            return
        resident.used = self.clock.monotonic()
        facts = resident.facts
        try:
            draft = build(self, resident, live)
        except Exception as error:  # noqa: BLE001 - a fault of ours must stop one run, not the node
            resident.facts = facts
            self.recovery.pause(resident, f"internal error: {failure_of(error).message}")
            return
        if is_empty(draft) and not resident.pending:
            close_answered(self, resident, draft)
            return
        resident.busy = True
        self.submit(draft.turn, partial(committed, self, resident, draft))


def _note_to(node: Node) -> Callable[[str, str, str, Mapping[str, Any]], None]:
    def note(pid: str, level: str, text: str, fields: Mapping[str, Any]) -> None:
        node.note(level, text, {**fields, "pid": pid})

    return note
