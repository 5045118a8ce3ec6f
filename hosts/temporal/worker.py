"""The Temporal worker as a host: durable runs on a cluster behind the same port as any other host.

The worker of the SDK polls in the asyncio thread; scripts and functions run in the node's own thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import trio
from temporalio.worker import Worker

from actorflow.bundle import Bundle
from actorflow.errors import Error, not_found, unavailable
from actorflow.hosting import ProcessInfo
from actorflow.message import Message
from actorflow.names import Pid
from actorflow.node.limit import slices_of, written_limits
from actorflow.notice import Notice
from actorflow.ports import Outcome, Program, Reply, SpawnRequest
from actorflow.run.rule import NEWEST
from hosts.temporal.activating import Activating, Runner
from hosts.temporal.activity import activities
from hosts.temporal.asking import Asking
from hosts.temporal.connection import TemporalClient
from hosts.temporal.crossing import TrioSide
from hosts.temporal.dealing import Dealing
from hosts.temporal.failure import failure_from
from hosts.temporal.flow import ActorflowRun, Run
from hosts.temporal.header import WorkerHeaders
from hosts.temporal.operating import Operating
from hosts.temporal.pinning import Pins, answering
from hosts.temporal.placing import Placing, bundle_of, restricted_to
from hosts.temporal.polling import described_namespace, discarded, without_detector
from hosts.temporal.source import Sources
from hosts.temporal.tuning import lacking, worker_arguments
from hosts.temporal.view import View
from hosts.temporal.watching import Watching
from hosts.workflow.driver import Operator
from hosts.workflow.operation import RECORDED, is_operation
from hosts.workflow.settings import RunLimits
from hosts.workflow.terms import TermsOf

if TYPE_CHECKING:
    from actorflow.node.node import Node


_DISCARD: Final = 5.0
"""Seconds until a worker that was made and is not wanted is left alone."""


class TemporalWorker(Asking, Operating):
    """A `temporal.worker` entry at work (`ports.Host`)."""

    durable = True
    serves = False

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002 - every host's constructor is called so
        """Make a host that polls nothing yet."""
        self.id = id
        self.config = config
        self.node = node
        self.limits = RunLimits().under(written_limits(config))
        self.slices = slices_of(written_limits(config))
        self.operator = Operator(partial(_note, node), node.notices, self._check_startable)
        self.terms = TermsOf(node.registry)
        self.rules = NEWEST  # of the engine, that new runs go by: what they are pinned to says so
        self.sources = Sources(self)
        self.placing = Placing(self)
        self.watching = Watching(self)
        self.dealing = Dealing(self)
        self.view = View(self)
        self.runs: WeakSet[Run] = WeakSet()
        self._connection: TemporalClient | None = None
        self._trio: TrioSide | None = None
        self._worker: Worker | None = None
        self._ended = trio.Event()
        self._scope = trio.CancelScope()

    # ---- names -------------------------------------------------------------------------------------------------

    @property
    def connection(self) -> TemporalClient:
        """The connection of its client entry.

        Raises:
            Error: kind Unavailable, when it is not there.
        """
        if self._connection is None:
            raise unavailable(f"host is not running: {self.id!r}")
        return self._connection

    @property
    def side(self) -> TrioSide:
        """The way from the asyncio thread to the node's."""
        assert self._trio is not None  # noqa: S101 - it serves
        return self._trio

    @property
    def queue(self) -> str:
        """The task queue it serves, with the prefix of its client."""
        return self.connection.queue(self.config.task_queue)

    @property
    def task_queue(self) -> str:
        """Another name of this host inside workflows."""
        return str(self.config.task_queue)

    def pid_of(self, workflow_id: str) -> str:
        """Return the PID of a run: its node is the client, it names no machine."""
        return str(Pid(self.config.client, self.id, workflow_id))

    def entry_of(self, name: str, what: str) -> str:
        """Return the entry that is served as a `workflow` or an `activity` of Temporal under this name."""
        registry: Any = self.node.registry
        if name in registry or (what == "activity" and name in RECORDED):
            return name
        for entry in registry:
            temporal = entry.about.temporal if not entry.broken else None
            about = None if temporal is None else getattr(temporal, what)
            if about is not None and about.name == name:
                return str(entry.id)
        return name

    def activity_of(self, target: str) -> tuple[str, str]:
        """Return the name that a function has on Temporal, and the task queue of its calls, "" for the run's own."""
        try:
            entry: Any = self.node.registry.entry(target)
        except Error:
            return target, ""
        about = None if entry.about.temporal is None else entry.about.temporal.activity
        if about is None:
            return target, ""
        queue = ""
        if about.worker and about.worker != self.id:
            queue = self._queue_of(about.worker)
        return about.name or target, queue

    def _queue_of(self, worker: str) -> str:
        try:
            entry: Any = self.node.registry.entry(worker)
        except Error:
            return ""
        return "" if entry.broken or entry.kind != "temporal.worker" else self.connection.queue(entry.config.task_queue)

    def is_missing(self, target: str) -> bool:
        """Tell whether no function has this id."""
        return not is_operation(target) and target not in self.node.registry  # type: ignore[operator] # ours has it

    def check_served(self, entry: str, host: str = "") -> None:
        """Do nothing if this worker, or the one named, serves the workflows of an entry.

        Raises:
            Error: NotFound when there is no such entry; Invalid when only another worker serves it.
        """
        only = restricted_to(self.node.registry.entry(entry), "workflow")  # type: ignore[arg-type] # ours has it
        if only and only != (host or self.id):
            text = f"{entry} is served by {only} alone (meta.temporal.workflow.worker), not by {host or self.id}"
            raise not_found(text)

    def reach(self, side: TrioSide) -> None:
        """Use this way from the asyncio thread to the node's."""
        self._trio = side

    # ---- sources -----------------------------------------------------------------------------------------------

    def compiled(self, bundle: Bundle) -> Program:
        """Return the program of exactly this source; raises `Error` when it does not compile."""
        return self.node.programs.compiled(bundle, durable=True, slices=self.slices)

    def _check_startable(self, entry: str) -> None:
        self.compiled(bundle_of(self.node, entry))

    def track(self, run: Run) -> None:
        """Know a run that is in memory here."""
        self.runs.add(run)

    def forget(self, workflow_id: str) -> None:
        """List a run no more that was terminated: the cluster does not tell who has it in memory."""
        for run in [run for run in self.runs if run.started.get("workflow_id") == workflow_id]:
            self.runs.discard(run)

    # ---- ports.Host --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to poll.

        Raises:
            Error: kind Unavailable, when the client is not connected or the namespace does not exist.
        """
        for name, advice in lacking(self.config.worker_options):
            self.node.notices(Notice("option-ignored", f"worker_options.{name} has no effect: {advice}", self.id))
        self._connection = self.node.running.find(self.config.client, TemporalClient)
        await self.sources.open(self.config.sources)
        self._trio = TrioSide(trio.lowlevel.current_trio_token())
        self._ended, self._scope = trio.Event(), trio.CancelScope()
        await self.connection.run(self._look, f"worker {self.id}")
        try:
            worker: Worker = await self.connection.run(self._make, f"worker {self.id}")
        except BaseException:
            await self._discard()
            raise
        self.node.nursery.start_soon(self._serve, worker)  # which may be stopped before it has begun
        self.serves = True

    async def _look(self) -> None:
        """Look whether the namespace is there."""
        namespace = described_namespace(self.connection.client.namespace)
        await self.connection.client.service_client.workflow_service.describe_namespace(namespace)

    async def _discard(self) -> None:
        """Let go of a worker that does not serve: the SDK has no second one of a task queue beside it."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with trio.CancelScope(shield=True), trio.move_on_after(_DISCARD):
                await self.node.asyncio.run(partial(discarded, worker))

    async def _make(self) -> Worker:
        """Make the worker of the SDK."""
        arguments = worker_arguments(self.id, self.config.worker_options)
        workflows = [] if self.config.worker_options.disable_workflow_worker else [ActorflowRun]
        runner = Runner()
        self._worker = worker = Worker(
            self.connection.client,
            task_queue=self.queue,
            activities=activities(self),
            workflows=workflows,
            workflow_runner=runner,
            unsandboxed_workflow_runner=runner,  # that of classes that say so, as ours does
            workflow_task_executor=Activating(self.side.executor),
            interceptors=[WorkerHeaders(self)],
            on_fatal_error=self._fatal,
            max_workflow_task_external_storage_concurrency=1,  # with more the SDK makes a task for each payload
            **arguments,
        )
        without_detector(worker)
        answering(worker, Pins(self))
        return worker

    async def _fatal(self, error: BaseException) -> None:
        text = f"worker {self.id} has stopped: {error}"
        await self.side.call(self.node.notices, Notice("temporal-worker-failed", text, self.id))

    async def _serve(self, worker: Worker) -> None:
        try:
            with self._scope:
                await self.node.asyncio.run(worker.run)
        except Exception as error:  # noqa: BLE001 - the node goes on; whoever asks finds the host gone
            text = f"worker {self.id}: {failure_from(error).message}"
            self.node.notices(Notice("temporal-worker-failed", text, self.id))
            await self._discard()
        finally:
            self.serves = False
            self._ended.set()

    async def stop(self, grace: float) -> None:
        """Poll no more, and let running calls end for at most `grace` seconds; no run is cancelled."""
        self.watching.stop()
        worker, self._worker = self._worker, None
        if worker is not None and not self._ended.is_set():
            with trio.move_on_after(max(grace, 0.5)) as scope:
                await self.node.asyncio.run(worker.shutdown)
                await self._ended.wait()
            if scope.cancelled_caught:
                self._scope.cancel()
        for run in list(self.runs):
            run.leave()
        self._connection = None
        await self.sources.close()

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        """Start a run; the reply has its PID once the cluster has it."""

        def started(outcome: Outcome) -> None:
            if outcome.failure is None:
                self.node.router.adopt(request, outcome.value)
                if request.parent and (request.monitor or request.link):
                    self.watching.watch(outcome.value)
            reply(outcome)

        self._soon(partial(self.dealing.spawn, request), started)

    def send(self, pid: str, message: Message, reply: Reply) -> None:
        """Deliver a signal; the reply comes once the cluster has it."""
        self._soon(partial(self.dealing.send, pid, message), reply)

    def cancel(self, pid: str, sender: str, reason: str, reply: Reply) -> None:
        """Ask a run to stop."""
        self._soon(partial(self.dealing.cancel, pid, sender, reason), reply)

    def terminate(self, pid: str, reply: Reply) -> None:
        """End a run without running any more of its code."""
        self._soon(partial(self.dealing.terminate, pid), reply)

    def event(self, pid: str, event: Mapping[str, Any]) -> None:
        """Tell a run nothing: links to it hold on the side of the actor."""

    def alive(self, pid: str) -> bool | Outcome:
        """Tell that a run may be open, or how it ended; what the cluster says of it comes to whoever watches."""
        return self.watching.state(pid)

    def find(self, pid: str, then: Callable[[], None]) -> None:
        """Ask the cluster whether there is a run, and call `then`."""
        if self.watching.knows(pid):
            then()
        else:
            self._soon(partial(self.dealing.find, pid), lambda _outcome: then())

    def holds(self, workflow_id: str) -> str:
        """Return the PID of a workflow that was started or reached from here; else ""."""
        pid = self.pid_of(workflow_id)
        return pid if self.watching.knows(pid) else ""

    def processes(self) -> Iterable[ProcessInfo]:
        """List the runs in memory; `actorflow runs` lists what the cluster has."""
        for run in sorted(self.runs, key=lambda one: str(one.started.get("workflow_id", ""))):
            live = run.live
            if live is not None and live.outcome is None and run.driver is not None:
                who = run.driver.who
                state = "ready" if run.facts else "waiting"
                waits = tuple(live.machine.waits())
                yield ProcessInfo(who.pid, who.entry, self.id, state, len(run.facts), live.started, waits)

    def _soon(self, work: Callable[[], Awaitable[Any]], reply: Reply) -> None:
        """Do something in a task of the node and reply how it went."""

        async def doing() -> None:
            try:
                value = await work()
            except Error as error:
                reply(Outcome(failure=error.failure))
            else:
                reply(value if isinstance(value, Outcome) else Outcome(value))

        try:
            _ = self.connection
        except Error as error:
            reply(Outcome(failure=error.failure))
        else:
            self.node.nursery.start_soon(doing)


def _note(node: Node, pid: str, level: str, text: str, fields: Mapping[str, Any]) -> None:
    node.note(level, text, {**fields, "pid": pid})
