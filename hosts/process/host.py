"""The process host: starts, reaches and ends the processes of one `process.host` entry (`ports.Host`)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import CANCELED, INTERNAL, UNAVAILABLE, Error, Failure, not_found
from actorflow.hosting import ProcessInfo
from actorflow.machine.machine import Machine
from actorflow.message import Message
from actorflow.node.limit import slices_of, written_limits
from actorflow.notice import Notice
from actorflow.ports import Outcome, Program, Reply, SpawnRequest
from actorflow.registry.change import Revision
from actorflow.shape import Shapes
from actorflow.value import Value
from hosts.process.answering import answer, run_io
from hosts.process.bounds import Bounds
from hosts.process.crowding import look
from hosts.process.ending import crossing
from hosts.process.guarded import GuardedProcess
from hosts.process.lanes import Lanes
from hosts.process.process import Process, broken, closed
from hosts.process.queue import RunQueue
from hosts.process.starting import launch_later

if TYPE_CHECKING:
    from actorflow.node.node import Node

_REMEMBERED: Final = 1_000
"""How many processes that the application spawned are remembered after their end, for `node.wait`."""


class ProcessHost:
    """A host of ephemeral processes: all of them in one trio task, their state in memory.

    Attributes:
        id: registry id. node: what it shares with other hosts. notices: where they go.
        bounds, slices: what its processes are held to, unless their entry says otherwise.
        table: PID → process, what is alive. queue: what runs them. ready: its processes that are ready.
        shapes: of what is posted; copies: by topic, from there. lanes: where isolated ones compute.
        starting: PID of one that still loads there → who waits for it to start.
    """

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002 - the signature of every host
        """Make a host that does not run yet; `config` is the entry's checked model or a mapping."""
        self.id = id
        self.node = node
        written = written_limits(config)
        self.bounds = Bounds(node.limits).under(written)
        self.slices: Mapping[str, int] = slices_of(written)
        self.notices = node.notices
        self.table: dict[str, Process] = {}
        self.queue = RunQueue(self._ended, self._failed)
        self.ready, self.shapes = self.queue.ready, Shapes()
        self.copies = self.shapes.copies
        self.lanes = Lanes(lambda: node.nursery)
        self.starting: dict[str, list[Reply]] = {}
        self._bounds: dict[str, Bounds] = {}
        self._remembered: OrderedDict[str, Outcome] = OrderedDict()
        self._running = False
        self._unhear: Callable[[], None] = _nothing
        self._empty: trio.Event | None = None

    # ---- life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to serve; a second start is nothing."""
        if not self._running:
            self._running = True
            self._unhear = self.node.on_revision(self._revised)
            await self.node.nursery.start(self._serve)

    async def stop(self, grace: float) -> None:
        """Ask every process to stop, wait at most `grace` seconds, then end those that are left."""
        if not self._running:
            return
        self._running = False
        for process in list(self.table.values()):
            self._cancel(process, "", "scheduler shutdown")
        with trio.move_on_after(grace):
            await self._until_empty()
        for process in list(self.table.values()):
            self.end(process, Failure("context canceled", CANCELED, retryable=False))
        await self._until_empty()
        self.queue.stop()

    async def _until_empty(self) -> None:
        if self.table:
            self._empty = trio.Event()
            await self._empty.wait()

    async def _serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        try:
            await self.queue.serve(task_status)
        finally:
            self._running = False
            self._unhear()
            for process in self.table.values():  # only when the node was torn down without stopping its hosts
                process.machine.end(Outcome(failure=Failure("context canceled", CANCELED, retryable=False)))
            self.table.clear()

    # ---- what the node asks (ports.Host) -----------------------------------------------------------------------

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        """Start a process; the reply comes before its first step, at once unless its script loads in another thread."""
        try:
            pid = self.start_process(request)
        except Error as error:
            reply(Outcome(failure=error.failure))
            return
        waiting = self.starting.get(pid)
        if waiting is None:
            reply(Outcome(pid))
        else:
            waiting.append(reply)

    def send(self, pid: str, message: Message, reply: Reply) -> None:
        """Deliver a message; the reply comes at once."""
        answer(reply, self._send, pid, message)

    def cancel(self, pid: str, sender: str, reason: str, reply: Reply) -> None:
        """Ask a process to stop: an event if it reads events, else an interruption of its main task."""
        answer(reply, lambda: self._cancel(self._process(pid), sender, reason))

    def terminate(self, pid: str, reply: Reply) -> None:
        """End a process at its next scheduling point, without running any more of its code."""
        answer(reply, lambda: self.end(self._process(pid), Failure("process terminated", INTERNAL)))

    def event(self, pid: str, event: Mapping[str, Value]) -> None:
        """Deliver an EXIT or LINK_DOWN event."""
        process = self.table.get(pid)
        if process is not None and process.machine.outcome is None:
            self._take(process, partial(process.machine.event, event))

    def alive(self, pid: str) -> bool | Outcome:
        """Tell whether a process runs, or how it ended if the application spawned it not too long ago."""
        if pid in self.table:
            return True
        return self._remembered.get(pid, False)

    def processes(self) -> Iterator[ProcessInfo]:
        """List what is alive, in the order of starting."""
        for process in list(self.table.values()):
            yield process.info()

    # ---- starting ----------------------------------------------------------------------------------------------

    def start_process(self, request: SpawnRequest) -> str:
        """Start a process, or reach the one that has its name already, and return its PID.

        Raises:
            Error: Unavailable when the host is not running, NotFound for an unknown entry, the entry's own fault, or
                what stopped the script before its entry function began.
        """
        if not self._running:
            raise Error(f"host is not running: {self.id!r}", UNAVAILABLE, retryable=True)
        program = self.node.programs.process(request.entry, self.slices)
        holder = self.node.directory.find(request.name) if request.name else None
        if holder is not None:
            return self.reach(holder, request)
        return self.launch(program, request, self.node.new_pid(self.id))

    def launch(self, program: Program, request: SpawnRequest, pid: str) -> str:
        """Start `program` as the process `pid`; the parent's monitor and link exist before its first step.

        While its script loads in another thread it is in `starting`; a failure to load is its exit then.
        """
        own = self.node.guard.own(request.entry)
        if own:
            request = replace(request, context={**request.context, **own})
        process = self.kind_of(request.context)(self, pid, request)
        process.machine = machine = Machine(process, program)
        self.table[pid] = process
        try:
            machine.start(request.args)
            self.load(process)
            if machine.away is not None:
                launch_later(self, process, request)
                return pid
            self.launched(process, request)
        except BaseException:
            self._forget(process)
            raise
        return pid

    def launched(self, process: Process, request: SpawnRequest) -> None:
        """Let a process that has been loaded begin."""
        pid = process.pid
        if request.name:
            self.node.directory.register(request.name, pid)
        self.node.router.adopt(request, pid)
        for topic, payloads in request.messages:
            process.machine.deliver(Message(topic, "", payloads))
        self.queue.flag(process)

    def kind_of(self, context: Mapping[str, Value]) -> type[Process]:
        """Return what a process with this context is: one that is judged, or a plain one."""
        return GuardedProcess if self.node.guard.watches(context) else Process

    def bounds_of(self, entry_id: str) -> Bounds:
        """Return what processes of an entry are held to on this host."""
        bounds = self._bounds.get(entry_id)
        if bounds is None:
            options = self.node.registry.bundle(entry_id).options
            bounds = self._bounds[entry_id] = self.bounds.under(written_limits(options), options.get("mailbox", {}))
        return bounds

    def amend(self, config: Any) -> bool:
        """Go on with other limits; processes that run keep theirs."""
        self.bounds = Bounds(self.node.limits).under(written_limits(config))
        self._bounds.clear()
        return True

    def _revised(self, revision: Revision) -> None:
        """Forget what was read from entries that have changed, and tell processes that want to know of new code."""
        for operation in revision.operations:
            self._bounds.pop(operation.id, None)
        if not revision.outdated:
            return
        for process in list(self.table.values()):
            sources = revision.outdated.get(process.entry)
            if sources and process.machine.outcome is None and process.machine.upgradable:
                self._take(process, partial(process.machine.outdated, sources))

    def load(self, process: Process) -> None:
        """Run the script until its entry function is about to begin, for languages that load inside the main task."""
        machine = process.machine
        script: Any = machine.script
        if not getattr(script, "loading", False):
            return
        queued, process.queued = process.queued, True
        script.holding = True
        try:
            while machine.outcome is None and machine.ready and script.loading:
                machine.run(1)
        finally:
            process.queued = queued
        if machine.outcome is not None and script.loading:
            machine.outcome.unwrap()

    def load_on(self, process: Process) -> None:
        """Go on with loading in another thread, until it is away again; what comes then is its `starting`."""
        starting, machine = process.starting, process.machine
        try:
            self.load(process)
        except Error as error:
            machine.end(Outcome(failure=error.failure))
            self.queue.flag(process)
        if machine.away is None and machine.outcome is None and starting is not None:
            process.starting = None
            starting.finish()

    def back(self, process: Process, machine: Machine) -> None:
        """Take that what a process has computed in another thread is done."""
        if machine.outcome is not None:
            return
        try:
            machine.back()
            if process.starting is not None:
                self.load_on(process)
            else:
                self.queue.flag(process)
        except Exception as error:  # noqa: BLE001 - a bug met while running one process is not the others' end
            self._failed(process, error)
            self.queue.flag(process)

    def reach(self, holder: str, request: SpawnRequest) -> str:
        """Do to a process that exists already what a spawn asks for beside starting it; return its PID."""
        router = self.node.router
        router.adopt(request, holder)
        for topic, payloads in request.messages:
            router.send(holder, topic, payloads, "", _ignored)
        return holder

    # ---- messages ----------------------------------------------------------------------------------------------

    def deliver(self, process: Process, message: Message) -> None:
        """Give a message to a process of this host.

        Raises:
            Error: kind NotFound, when it is ending.
        """
        machine = process.machine
        if machine.outcome is not None:
            raise closed(process.pid)
        kept = machine.deliver(message)
        if kept == 1:
            process.watch_anew()
        if kept and kept >= process.watched:
            look(process, message.topic, kept)
        if machine.ready or machine.outcome is not None:
            self.queue.flag(process)

    def settle(self, process: Process, ref: int, outcome: Outcome) -> None:
        """Give a process the late answer to its request `ref`."""
        self._take(process, partial(process.machine.settle, ref, outcome))

    def run_io(self, function: Callable[[], Awaitable[Any]], reply: Reply) -> Callable[[], None]:
        """Run an async function as a trio task of its own; returns what cancels it. Its result is not copied."""
        scope = trio.CancelScope()
        self.node.nursery.start_soon(run_io, scope, function, reply)
        return scope.cancel

    def _send(self, pid: str, message: Message) -> bool:
        self.deliver(self._process(pid), message)
        return True

    def _cancel(self, process: Process, sender: str, reason: str) -> bool:
        self._take(process, partial(process.machine.cancel, sender, reason))
        return True

    def _process(self, pid: str) -> Process:
        process = self.table.get(pid)
        if process is None:
            raise not_found(f"process not found: {pid}")
        return process

    def _take(self, process: Process, fact: Callable[[], object]) -> None:
        """Feed a fact to a process; a bug of ours met on the way is its end, not that of whoever had the fact."""
        try:
            fact()
        except Exception as error:  # noqa: BLE001 - see above
            self._failed(process, error)
        if process.machine.ready or process.machine.outcome is not None:
            self.queue.flag(process)

    # ---- ending ------------------------------------------------------------------------------------------------

    def end(self, process: Process, failure: Failure) -> bool:
        """End a process, without running any more of its code."""
        process.machine.end(Outcome(failure=failure))
        self.queue.flag(process)
        return True

    def _ended(self, process: Process) -> None:
        """Tell the world that a process has ended: names, table, EXIT, LINK_DOWN, open requests, in this order."""
        starting, process.starting = process.starting, None
        if starting is not None:
            starting.fail((process.machine.outcome or Outcome()).failure or _NEVER_BEGAN)
        if self.table.get(process.pid) is not process:  # an upgrade has replaced it, or it has never replaced another
            process.give_up_all()
            del process.machine
            return
        outcome = crossing(process)
        node = self.node
        self.table.pop(process.pid, None)
        if not process.parent and not self.id.startswith("#"):  # a function's result has been taken
            self._remember(process.pid, outcome)
        try:
            node.exited(process.pid, outcome)
            process.give_up_all()
        except Exception as error:  # noqa: BLE001 - a bug in who is told must not stop the other processes
            self._failed(process, error)
        del process.machine  # the two hold each other: without this the process waits for a garbage collection
        if self._empty is not None and not self.table:
            self._empty.set()

    def _remember(self, pid: str, outcome: Outcome) -> None:
        self._remembered[pid] = outcome
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)

    def _failed(self, process: Process, error: Exception) -> None:
        outcome = broken(process, error)
        self.notices(Notice("internal-error", str(outcome.failure), process.pid))
        process.machine.end(outcome)

    def _forget(self, process: Process) -> None:
        """Drop a process that never began: nobody is told."""
        self.table.pop(process.pid, None)
        self.node.directory.release(process.pid)
        self.node.links.part(process.pid)
        process.give_up_all()
        process.machine.end(Outcome())


_NEVER_BEGAN: Final = Failure("the process has ended before it began", INTERNAL)


def _ignored(_outcome: Outcome) -> None:
    """Take a reply that nobody waits for."""


def _nothing() -> None:
    """Hear no longer of what was never heard."""
