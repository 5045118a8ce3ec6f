"""The router: finds the host of a PID or name and hands it what a process, a host or the node itself asks.

Every method answers through its `reply`, at once or later, and raises nothing. Payloads and arguments are values
already copied for the receiver.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from actorflow.errors import INTERNAL, UNAVAILABLE, Error, Failure, invalid, not_found
from actorflow.hosting import Finding, Host, Missing
from actorflow.message import EXIT, Message, exit_event
from actorflow.names import is_pid, parse_pid
from actorflow.node.elsewhere import Elsewhere
from actorflow.node.execution import Execution
from actorflow.node.suggest import did_you_mean
from actorflow.ports import Outcome, Reply, SpawnRequest

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

_OF_LIVING: Final = ("monitor", "link")
CONTROLS: Final = ("monitor", "unmonitor", "link", "unlink", "cancel", "terminate")


def is_durable(host: Host) -> bool:
    """Tell whether a host's processes outlive the node: those that have ended can still be asked how."""
    return bool(getattr(host, "durable", False))


class Router:
    """Routes by the host part of a PID; everything else is a name in the directory."""

    def __init__(self, node: Node) -> None:
        """Route between the hosts of `node`."""
        self._node = node

    def host(self, host_id: str) -> Host:
        """Return a host that runs, by its id or by the name of its task queue.

        Raises:
            Error: kind Unavailable when it is not running, NotFound when there is no such host, or it is the one that
                runs functions: nothing else is started there.
        """
        if host_id.startswith("#"):
            raise not_found(f"host not found: {host_id!r} runs functions only, name the id of a host")
        host = self._node.hosts.get(host_id)
        if host is not None:
            return host
        mesh = self._node.mesh
        if mesh is not None and (elsewhere := mesh.host(host_id)) is not None:
            return elsewhere
        try:
            entry = self._node.registry.entry(host_id)
        except Error:
            for one in self._node.hosts.values():
                if host_id and getattr(one, "task_queue", "") == host_id:
                    return one
            hint = did_you_mean(host_id, self._node.hosts)
            raise not_found(f"host not found: {host_id!r}{hint}") from None
        entry.require()
        if entry.kind.partition(".")[0] in {"process", "workflow", "function", "library"} and not entry.kind.endswith(
            ".host"
        ):
            raise not_found(f"host not found: {host_id!r} is a {entry.kind}")
        raise Error(f"host is not running: {host_id!r}", UNAVAILABLE, retryable=True)

    def serves_durably(self, host_id: str) -> bool:
        """Tell whether this names a durable host that runs: by its id or its task queue."""
        try:
            return is_durable(self.host(host_id))
        except Error:
            return False

    def resolve(self, dest: str) -> tuple[Host, str]:
        """Return the host of a PID or registered name, and the PID in full; the host may be another node.

        Raises:
            Error: kind NotFound, when the name or the host of the PID is unknown.
        """
        if not isinstance(dest, str):
            raise invalid(f"not a PID or name: got {dest!r}, expected text")
        if not is_pid(dest):
            name, dest = dest, self._node.directory.resolve(dest) or self._workflow(dest)
            if not dest:
                hint = self._node.directory.hint(name)
                raise not_found(f"could not resolve {name!r} as PID or registered name{hint}")
        pid, mesh = parse_pid(dest), self._node.mesh
        if mesh is not None and pid.node != self._node.name and (elsewhere := mesh.node_of(pid)) is not None:
            return elsewhere, dest
        host = self._node.hosts.get(pid.host) or self._node.hosts.get(_scheduler_of(pid.host)) or self.host(pid.host)
        if pid.node:
            return host, dest
        if is_durable(host):  # the node part of its PIDs is the store
            return host, host.pid_of(pid.id)  # type: ignore[attr-defined] # as durable ones do
        return host, str(pid._replace(node=self._node.name))

    def resolve_here(self, dest: str) -> tuple[Host, str]:
        """Return what `resolve` does for what another node asks; nothing is passed on to a third.

        Raises:
            Error: kind NotFound, when it is not on this node.
        """
        host, pid = self.resolve(dest)
        if self._away(host) is not None:
            raise not_found(f"process not found: {dest} is not on node {self._node.name!r}")
        return host, pid

    def _workflow(self, workflow_id: str) -> str:
        """Return the PID of the workflow with this id, which is open on a durable host here, or ended; else ""."""
        for host in self._node.hosts.values():
            if is_durable(host) and (pid := host.holds(workflow_id)):  # type: ignore[attr-defined] # as durable ones do
                return str(pid)
        return ""

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        """Start a process; the reply has its PID."""
        try:
            if not request.host:
                raise invalid(
                    f"no host given for {request.entry!r}: name the host to start it on (`--host ID`, `host=`)"
                )
            host = self.host(request.host)
        except Error as error:
            reply(Outcome(failure=error.failure))
        else:
            host.spawn(request, reply)

    def exec(self, request: SpawnRequest, reply: Reply, *, reason: str = "") -> Callable[[], None]:
        """Start a process and reply how it ended. Returns what gives that up.

        The process then goes on, or with a `reason` is asked to stop with it.
        """
        away = self._elsewhere(request.host)
        if away is not None:
            return away.exec(request, reply, reason)
        execution = Execution(self, reply, reason)
        execution.spawn(request)
        return execution.give_up

    def watch(self, dest: str, reply: Reply) -> Callable[[], None]:
        """Reply how a process ends, or has ended where the host still knows. Returns what gives that up."""
        try:
            host, pid = self.resolve(dest)
            if (away := self._away(host)) is not None:
                return away.watch(pid, reply)
            state = host.alive(pid)
            if state is False:
                raise _not_here(host, pid)
        except Error as error:
            reply(Outcome(failure=error.failure))
            return _nothing
        if isinstance(state, Outcome):
            reply(state)
            return _nothing
        return self._node.links.watch(pid, reply)

    def watch_living(self, pid: str, reply: Reply) -> Callable[[], None]:
        """Reply how a process ends that lives on this node, by its PID in full. Returns what gives that up."""
        return self._node.links.watch(pid, reply)

    def send(self, dest: str, topic: str, payloads: tuple[Value, ...], sender: str, reply: Reply) -> None:
        """Send a message to a PID or name; the reply is True once it is as safe as the receiver's host makes it."""
        try:
            host, pid = self.resolve(dest)
        except Error as error:
            reply(Outcome(failure=error.failure))
        else:
            host.send(pid, Message(topic, sender, payloads), reply)

    def cancel(self, dest: str, sender: str, reason: str, reply: Reply) -> None:
        """Ask a process to stop."""
        try:
            host, pid = self.resolve(dest)
        except Error as error:
            reply(Outcome(failure=error.failure))
        else:
            host.cancel(pid, sender, reason, reply)

    def terminate(self, dest: str, reply: Reply) -> None:
        """End a process without running any more of its code; a failure of this has kind Internal."""

        def answered(outcome: Outcome) -> None:
            failure = outcome.failure
            reply(outcome if failure is None else Outcome(failure=_internal(failure, failure.retryable)))

        try:
            host, pid = self.resolve(dest)
        except Error as error:
            answered(Outcome(failure=error.failure))
        else:
            host.terminate(pid, answered)

    def control(self, verb: str, sender: str, dest: str, detail: Value, reply: Reply) -> None:
        """Do one of `CONTROLS` on behalf of the process `sender`; `detail` is the reason of a cancel."""
        if verb == "cancel":
            self.cancel(dest, sender, str(detail or ""), reply)
        elif verb == "terminate":
            self.terminate(dest, reply)
        elif verb in _OF_LIVING and (find := self._finder(dest)) is not None:
            find(partial(self._control, verb, sender, dest, reply))
        else:
            self._control(verb, sender, dest, reply)

    def _control(self, verb: str, sender: str, dest: str, reply: Reply) -> None:
        try:
            away = self._relate(verb, sender, dest)
        except Error as error:
            reply(Outcome(failure=_internal(error.failure, retryable=False)))
        else:
            if away is None:
                reply(Outcome(value=True))
            else:
                away[0].relate(verb, sender, away[1], reply)

    def _finder(self, dest: str) -> Callable[[Callable[[], None]], None] | None:
        """Return what has a host that must ask somebody else find out whether a process lives; None for most hosts."""
        try:
            host, pid = self.resolve(dest)
        except Error:
            return None
        return partial(host.find, pid) if isinstance(host, Finding) else None

    def name(self, verb: str, name: str, pid: str) -> Value:
        """Do `register`, `lookup` or `unregister` in the directory and return its answer.

        Raises:
            Error: kind NotFound for an unknown name or a dead PID, AlreadyExists for a name of another process.
        """
        directory = self._node.directory
        if verb == "lookup":
            return directory.lookup(name)
        if verb == "unregister":
            return directory.unregister(name)
        if verb != "register":
            raise invalid(f"unknown name operation {verb!r}{did_you_mean(verb, ('register', 'lookup', 'unregister'))}")
        if is_pid(name):
            raise invalid(f"a process name must not look like a PID, got {name!r}")
        host, pid = self.resolve(pid)
        if host.alive(pid) is not True:
            raise not_found(f"process not found: {pid}")
        directory.register(name, pid)
        if (away := self._away(host)) is not None:
            away.follow(pid)
        return True

    def adopt(self, request: SpawnRequest, pid: str) -> None:
        """Install the monitor and link that a spawn asks for between its parent and `pid`; both may exist already."""
        if not request.parent:
            return
        links = self._node.links
        if request.monitor:
            links.unmonitor(request.parent, pid)
            links.monitor(request.parent, pid)
        if request.link:
            links.link(request.parent, pid)

    def _elsewhere(self, host_id: str) -> Elsewhere | None:
        """Return the node that a host is on if it is not this one."""
        mesh = self._node.mesh
        return None if mesh is None or host_id in self._node.hosts else self._away(mesh.host(host_id))

    def _away(self, host: Host | None) -> Elsewhere | None:
        """Return a host as the other node that it is, None for one of this node."""
        return host if self._node.mesh is not None and isinstance(host, Elsewhere) else None

    def _relate(self, verb: str, sender: str, dest: str) -> tuple[Elsewhere, str] | None:
        """Monitor, link or undo that on this node; returns the node of a process elsewhere, and its PID."""
        links = self._node.links
        if verb not in CONTROLS:
            raise invalid(f"unknown control {verb!r}{did_you_mean(verb, CONTROLS)}")
        if verb.startswith("un"):
            found, pid = self._known(dest)
            if (away := self._away(found)) is not None:
                return away, pid
            (links.unmonitor if verb == "unmonitor" else links.unlink)(sender, pid)
            return None
        host, pid = self.resolve(dest)
        if (away := self._away(host)) is not None:
            return away, pid
        state = host.alive(pid)
        if isinstance(state, Outcome) and is_durable(host):
            self._tell_result(sender, pid, state, link=verb == "link")
        elif state is not True:
            raise not_found(f"pid not registered: {pid}")
        else:
            (links.monitor if verb == "monitor" else links.link)(sender, pid)
        return None

    def _known(self, dest: str) -> tuple[Host | None, str]:
        """Return the host and the PID in full; one of a host that is gone is its own."""
        try:
            return self.resolve(dest)
        except Error:
            if not is_pid(dest):
                raise
            return None, dest

    def _tell_result(self, sender: str, pid: str, outcome: Outcome, *, link: bool) -> None:
        """A durable run that has ended: the watcher reads its result."""
        if link:
            self._node.tell_link(sender, pid, outcome, durable=True)
        else:
            event = exit_event(pid, self._node.clock.now(), outcome.value, outcome.failure, EXIT)
            self._node.tell(sender, event)


def _scheduler_of(host_part: str) -> str:
    """Return the host of a function run's PID: `app:f#lua.1` belongs to `#lua`."""
    _, mark, rest = host_part.rpartition("#")
    return mark + rest.partition(".")[0] if mark else ""


def _internal(failure: Failure, retryable: bool | None) -> Failure:  # noqa: FBT001 - the three-valued flag is data
    return Failure(failure.message, INTERNAL, retryable, failure.details, failure.stack)


def _not_here(host: Host, pid: str) -> Error:
    """Return what to say to who waits for a process that a host does not have."""
    known = host.missing(pid) if isinstance(host, Missing) else None
    return Error(known) if known is not None else not_found(f"process not found: {pid}")


def _nothing() -> None:
    """Give up what has already been answered."""
