"""The workflow host: durable runs behind the same port as any other host.

A host is a name, a configuration and a share of an engine; hosts that name the same database share the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode, encode
from actorflow.errors import Error, Failure
from actorflow.hosting import ProcessInfo
from actorflow.message import Message
from actorflow.names import STORE, Pid, parse_pid
from actorflow.ports import Outcome, Reply, SpawnRequest
from actorflow.run import event as events
from actorflow.run.turn import ChangeRun, Committed, Delivery
from actorflow.store.approval import approvals, decision_of
from actorflow.store.control import ending
from actorflow.store.reaching import reached
from actorflow.store.token import tokens
from actorflow.store.view import workflow_of
from actorflow.store.wait import answer
from actorflow.store.why import Told
from actorflow.value import Limits, Value
from hosts.workflow.engines import engines_of
from hosts.workflow.explaining import told, unhandled
from hosts.workflow.faults import stopped
from hosts.workflow.option import task_queue
from hosts.workflow.owned import Owned
from hosts.workflow.query import query
from hosts.workflow.settings import Settings, settings_of
from hosts.workflow.storable import check_name
from hosts.workflow.travel import fork_run
from hosts.workflow.waking import wake

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.store.moving import Moves
    from actorflow.store.port import Reader
    from hosts.workflow.engine import Engine
    from hosts.workflow.start_plan import StartPlan

_ENVELOPE: Final = 2
"""Levels around what a delivery says: a list of payloads beside the sender."""


class WorkflowHost(Owned):
    """A `workflow.host` entry at work (`ports.Host`).

    Attributes:
        plans: by which plain starts of entries are made, see `start_plan`.
    """

    durable = True

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002 - every host's constructor is called so
        """Make a host; `config` is the entry's model or a mapping of its fields."""
        super().__init__()
        self.id = id
        self.node = node
        self.settings: Settings = settings_of(id, config)
        self.plans: dict[str, StartPlan] = {}
        self._pid_head = str(Pid(STORE, id, "")).removesuffix("}")
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine of this host's store.

        Raises:
            Error: kind Unavailable, when the host does not serve.
        """
        if self._engine is None:
            raise stopped(self.id)
        return self._engine

    @property
    def serves(self) -> bool:
        """Whether it has an engine: it has joined, and has not left."""
        return self._engine is not None

    @property
    def task_queue(self) -> str:
        """Another name of this host inside workflows."""
        return self.settings.task_queue

    @property
    def concurrency(self) -> int:
        """How many function calls of its runs are attempted at once."""
        return self.settings.concurrency

    @property
    def limits(self) -> Limits:
        """Bounds on one payload."""
        return self.settings.limits.values

    def pid_of(self, workflow_id: str) -> str:
        """Return the PID of a run: it names no machine."""
        return f"{self._pid_head}{workflow_id}}}"

    # ---- ports.Host --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the store, take over its open runs and begin to serve."""
        engine = await engines_of(self.node).join(self)
        if engine.ownership is None:
            self.lease = await engine.writer.claim(self.id, engine.lease)
            await engine.suspects.begin(self)
        else:
            await self._learn_the_time(engine)
        self._engine = engine  # from here on: runs that are taken over may start children at once
        if engine.ownership is None:
            await engine.recovery.take_over(self)
        else:
            await engine.ownership.join(self)

    async def _learn_the_time(self, engine: Engine) -> None:
        """Know what time it is before anybody is answered: starts come here as soon as there is an engine."""
        assert engine.ownership is not None  # noqa: S101 - asked for only then
        try:
            await engine.ownership.learn_the_time()
        except Error:
            await engines_of(self.node).leave(self, engine, 0.0)
            raise

    async def stop(self, grace: float) -> None:
        """Let running calls end for at most `grace` seconds, then let go of every run; none is cancelled."""
        if self._engine is not None:
            engine = self._engine
            try:
                await engines_of(self.node).leave(self, engine, grace)
            finally:
                self._engine = None  # not before: the last calls may start children
                engine.writer.moves.wake_all()

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        """Start a run; the reply has its PID once the start is on disk."""

        def started(outcome: Outcome) -> None:
            if outcome.failure is None:
                self.node.router.adopt(request, outcome.value)
            reply(outcome)

        try:
            engine = self.engine
            host = engine.admission.child_host(self, task_queue(request.options))
            engine.admission.spawn(host, request, engine.entropy.uuid(engine.clock.now()), started)
        except Error as error:
            reply(Outcome(failure=error.failure))

    def send(self, pid: str, message: Message, reply: Reply) -> None:
        """Deliver a signal; the reply comes once it is on disk."""
        payload = [message.sender, list(message.payloads)]
        self._deliver(pid, events.MESSAGE_RECEIVED, message.topic, message.sender, payload, reply)

    def cancel(self, pid: str, sender: str, reason: str, reply: Reply) -> None:
        """Ask a run to stop, and resume it for that if it is paused; the reply comes once that is on disk."""
        try:
            self.engine.control.ask("cancel", pid, reason, sender, reply)
        except Error as error:
            reply(Outcome(failure=error.failure))

    def terminate(self, pid: str, reply: Reply) -> None:
        """End a run without running any more of its code."""
        try:
            self.engine.control.ask("terminate", pid, "", "", reply)
        except Error as error:
            reply(Outcome(failure=error.failure))

    async def change(self, change: ChangeRun) -> Committed:
        """Commit a change of a run and act on it; returns the store's answer.

        Raises:
            Error: kind Unavailable, when the host does not serve; what the commit met.
        """
        engine = self.engine
        change.pid = self.pid_of(change.workflow_id)
        if change.end:
            ending(change, decode(change.end))
        committed: Committed = await answer(lambda told: engine.control.change(change, told), abandon=False)
        return committed

    def event(self, pid: str, event: Mapping[str, Any]) -> None:
        """Tell a run nothing: links to it hold on the side of the actor, and its children tell it by their commits.

        An actor ends with its node, and a kill tells nobody: what a run did would depend on how its node ended.
        """

    def _deliver(  # noqa: PLR0913, PLR0917 - the parts of a delivery
        self, pid: str, kind: str, target: str, sender: str, payload: Any, reply: Reply
    ) -> None:
        try:
            check_name("topic", target)
            data = encode(payload, self.limits.around(_ENVELOPE))
            delivery = Delivery(parse_pid(pid).id, kind, target, sender, data, self.engine.clock.now())
            self.engine.deliver(delivery, reply)
        except Error as error:
            reply(Outcome(failure=error.failure))

    def missing(self, pid: str) -> Failure | None:
        """Return where a run has gone that was moved to another store, None for any other."""
        return self.engine.stored.whereabouts(parse_pid(pid).id)

    def alive(self, pid: str) -> bool | Outcome:
        """Tell whether a run is open, how it ended, or that there is none of this id (False)."""
        workflow_id = parse_pid(pid).id
        engine = self.engine
        run = engine.open_ids.get(workflow_id)
        if run is not None and self.owns(run):
            return True
        if engine.ownership is not None:  # another node may turn it
            return engine.foreign.standing(self, workflow_id)
        outcome: bool | Outcome | None = engine.recent.get(workflow_id)
        if outcome is None:
            outcome = engine.stored.outcome(workflow_id) or engine.stored.has_come(workflow_id, self.id)
        return outcome

    def holds(self, workflow_id: str) -> str:
        """Return the PID of the open workflow with this id, if it is this host's; with a key an ended one's too."""
        if self._engine is None:
            return ""
        return self.pid_of(workflow_id) if self._engine.holder(workflow_id) == self.id else ""

    async def reached(self, pid: str, until: str) -> Value:
        """Wait until a run is, or was, in a state, and return it as `actorflow run show` does."""
        engine = self.engine

        async def ask(_reference: str, read: Callable[[Reader], Any]) -> Any:
            return await self.engine.writer.read(read)

        def watched(host: str) -> Moves | None:
            mine = engine.hosts.get(host)
            return engine.writer.moves if mine is not None and mine.serves else None

        return await reached(ask, pid, until, watched)

    @property
    def moves(self) -> Moves | None:
        """What tells of runs that have moved, None when the host does not serve."""
        return self._engine.writer.moves if self._engine is not None else None

    async def has(self, reference: str) -> bool:
        """Tell whether a run is this host's, by a PID, a workflow id or a run id."""
        row = await self.engine.writer.read(lambda store: store.find(workflow_of(reference)))
        return row is not None and row.host == self.id

    async def named(self, reference: str) -> dict[str, Any]:
        """Return what policies may say of a run, however it was named: its `workflow_id` and its `entry`."""
        row = await self.engine.writer.read(lambda store: store.find(workflow_of(reference)))
        return {} if row is None else {"workflow_id": row.workflow_id, "entry": row.entry}

    async def query(self, reference: str, name: str, args: tuple[Value, ...]) -> Value:
        """Answer a query of a run; see `query.query`."""
        return await query(self.engine, reference, name, args)

    async def told(self, reference: str) -> Told:
        """Return what is known of a run beside its store; see `explaining.told`."""
        return await told(self.engine, reference)

    async def unhandled(self, reference: str, name: str) -> str:
        """Say why an update may wait for its answer; see `explaining.unhandled`."""
        return await unhandled(self.engine, reference, name)

    async def update(
        self, reference: str, name: str, args: tuple[Value, ...], *, update_id: str = "", wait_for: str = "completed"
    ) -> Value:
        """Update a run; see `update.Updates.update`."""
        return await self.engine.updates.update(reference, name, args, update_id, wait_for)

    async def fork(self, reference: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Start a fork of a run; see `travel.fork_run`."""
        return await fork_run(self.engine, reference, **options)

    async def wake(self, reference: str, data: Value) -> None:
        """Let a suspended run go on; see `waking.wake`."""
        await wake(self.engine, reference, data)

    async def approve(self, reference: str, name: str, decision: Mapping[str, Any]) -> Value:
        """Answer an approval of a run with a decision as plain data; see `approving.Approvals.approve`."""
        return await self.engine.approvals.approve(reference, name, decision_of(decision))

    async def tokens(self, reference: str) -> list[dict[str, Any]]:
        """Return the tokens of a run with their history; see `store.token.tokens`."""
        found: list[dict[str, Any]] = await self.engine.writer.read(lambda store: tokens(store, reference))
        return found

    async def approvals(self, reference: str, *, only_open: bool) -> list[dict[str, Any]]:
        """Return the approvals of the engine's runs; see `store.approval.approvals`."""

        def read(store: Any) -> list[dict[str, Any]]:
            return approvals(store, reference, only_open=only_open)

        found: list[dict[str, Any]] = await self.engine.writer.read(read)
        return found

    def processes(self) -> Iterable[ProcessInfo]:
        """List the runs in memory; `actorflow runs` lists all, from the store."""
        if self._engine is None:
            return
        for resident in list(self._engine.residents.values()):
            live = resident.live
            if resident.host is not self or live is None:
                continue
            state = "ready" if resident.wanting or resident.busy else "waiting"
            slots = self._engine.calls.waits(resident.run, live.driver.open)
            waits = (*slots, *live.machine.waits())
            identity = live.driver.who
            yield ProcessInfo(identity.pid, identity.entry, self.id, state, len(resident.facts), live.started, waits)


def _ignore(_outcome: Outcome) -> None:
    """Take a reply nobody waits for."""
