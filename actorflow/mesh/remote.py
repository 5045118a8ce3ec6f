"""Another node as a host (`ports.Host`): what a process asks of one of its processes travels there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from actorflow.errors import INTERNAL, NOT_FOUND, UNAVAILABLE, Error, Failure
from actorflow.hosting import ProcessInfo
from actorflow.mesh.asking import not_up
from actorflow.mesh.item import Item, spawn_parts, write_item
from actorflow.message import EXIT, Message, exit_event
from actorflow.names import parse_pid
from actorflow.ports import Outcome, Reply, SpawnRequest

if TYPE_CHECKING:
    from actorflow.mesh.mesh import Mesh
    from actorflow.value import Value

_BOOT_SHIFT = 44
"""As in `node.node`: the number of the boot is above these bits of a process id."""


class RemoteHost:
    """One node; `durable` ones are asked in a way that waits for what their host says."""

    durable = False

    def __init__(self, mesh: Mesh, name: str) -> None:
        """Stand for the node `name`."""
        self.id = name
        self._mesh = mesh
        self._node = mesh.node

    async def start(self) -> None:
        """Do nothing: it has been started elsewhere."""

    async def stop(self, grace: float) -> None:
        """Do nothing: it is stopped elsewhere."""

    # ---- what the router asks ----------------------------------------------------------------------------------

    def spawn(self, request: SpawnRequest, reply: Reply) -> None:
        """Start a process there. The monitor and link of its parent are made before anything of its end is heard."""

        def started(outcome: Outcome) -> None:
            if outcome.failure is None and self._lives(request.parent):
                self._node.router.adopt(request, str(outcome.value))
                if request.link:
                    self._mesh.following.follow(request.parent, self.id)
            reply(outcome)

        linked = request.parent if request.link else ""
        follow = bool(request.parent) and (request.monitor or request.link)
        self._ask("spawn", [*spawn_parts(request, _there(request.host)), linked, follow], started)

    def exec(self, request: SpawnRequest, reply: Reply, reason: str) -> Callable[[], None]:
        """Start a process there and reply how it ended."""
        return self._ask("exec", [*spawn_parts(request, _there(request.host)), reason], reply)

    def watch(self, pid: str, reply: Reply) -> Callable[[], None]:
        """Reply how a process there ends, or has ended."""
        return self._ask("watch", [pid], reply)

    def send(self, pid: str, message: Message, reply: Reply) -> None:
        """Send a message. To an actor: the reply says that it is under way, and waits while too much is already."""
        if self._mesh.is_durable(pid):
            self._ask("send", [pid, message.topic, message.sender, list(message.payloads)], reply)
            return
        gone = self._gone(pid)
        if gone is not None:
            reply(Outcome(failure=gone))
            return
        try:
            item = write_item(Item.SEND, pid, message.topic, message.sender, list(message.payloads))
        except Error as error:
            reply(Outcome(failure=error.failure))
        else:
            self._mesh.cluster.say(self.id, item, partial(self._said, reply))

    def cancel(self, pid: str, sender: str, reason: str, reply: Reply) -> None:
        """Ask a process there to stop."""
        self._ask("cancel", [pid, sender, reason], reply)

    def terminate(self, pid: str, reply: Reply) -> None:
        """End a process there."""
        self._ask("terminate", [pid], reply)

    def event(self, pid: str, event: Mapping[str, Value]) -> None:
        """Do nothing: the node there hears of the end of a process itself, and tells its own."""

    def alive(self, pid: str) -> bool | Outcome:
        """Tell whether a process may live there, as far as is known here."""
        return self._gone(pid) is None

    def processes(self) -> Iterator[ProcessInfo]:
        """List nothing: they are listed there."""
        return iter(())

    # ---- what only another node has ----------------------------------------------------------------------------

    def relate(self, verb: str, sender: str, pid: str, reply: Reply) -> None:
        """Do `monitor`, `unmonitor`, `link` or `unlink` between a process here and one there."""
        links = self._node.links
        if verb == "unmonitor":
            links.unmonitor(sender, pid)
            reply(Outcome(value=True))
        elif verb == "unlink":
            links.unlink(sender, pid)
            self._mesh.say(self.id, write_item(Item.UNLINK, sender, pid))
            reply(Outcome(value=True))
        else:
            self._relate(verb, sender, pid, reply)

    def _relate(self, verb: str, sender: str, pid: str, reply: Reply) -> None:
        link = verb == "link"

        def answered(outcome: Outcome) -> None:
            failure = outcome.failure
            if failure is not None:
                reply(Outcome(failure=Failure(failure.message, INTERNAL, retryable=False, details=failure.details)))
                return
            has_ended, *parts = outcome.value
            if self._lives(sender):
                if has_ended:
                    self._tell_result(sender, pid, Outcome(*parts), link=link)
                elif link:
                    self._node.links.link(sender, pid)
                    self._mesh.following.follow(sender, self.id)
                else:
                    self._node.links.monitor(sender, pid)
            reply(Outcome(value=True))

        if not link and self._node.links.monitors(sender, pid):
            reply(Outcome(failure=Failure(f"already monitoring pid {pid}", INTERNAL, retryable=False)))
            return
        self._ask("follow", [pid, sender if link else ""], answered)

    def follow(self, pid: str) -> None:
        """Hear of the end of a process there, for whoever here wants to know."""
        self._ask("follow", [pid, ""], lambda outcome: self._followed(pid, outcome))

    def _followed(self, pid: str, outcome: Outcome) -> None:
        failure = outcome.failure
        if failure is None and outcome.value[0]:  # it has ended before
            self._node.exited(pid, Outcome(*outcome.value[1:]), durable=True)
        elif failure is not None and failure.kind != UNAVAILABLE:
            self._node.exited(pid, Outcome(failure=failure))

    def _tell_result(self, sender: str, pid: str, outcome: Outcome, *, link: bool) -> None:
        if link:
            self._node.tell_link(sender, pid, outcome, durable=True)
        else:
            self._node.tell(sender, exit_event(pid, self._node.clock.now(), outcome.value, outcome.failure, EXIT))

    def _ask(self, verb: str, args: list[Any], reply: Reply) -> Callable[[], None]:
        return self._mesh.asks.ask(self.id, verb, args, reply)

    def _said(self, reply: Reply, done: bool) -> None:  # noqa: FBT001 - what a Done takes
        reply(Outcome(value=True) if done else Outcome(failure=not_up(self._mesh.cluster, self.id)))

    def _lives(self, pid: str) -> bool:
        """Tell whether a process of this node is there still."""
        try:
            host, pid = self._node.router.resolve_here(pid)
        except Error:
            return False
        return host.alive(pid) is True

    def _gone(self, pid: str) -> Failure | None:
        """Return why nobody can have this PID, as far as is known here: its node is not up, or up anew."""
        peer = self._mesh.cluster.peer(self.id)
        if peer is None:
            return not_up(self._mesh.cluster, self.id)
        number = parse_pid(pid).id
        try:
            boot = int(number, 16) >> _BOOT_SHIFT
        except ValueError:
            return None
        if boot != peer.incarnation:
            text = f"process not found: {pid} was of an earlier life of node {self.id!r}"
            return Failure(text, NOT_FOUND, retryable=False)
        return None


def _there(host: str) -> str:
    """Return a host as its own node knows it: `b@app:hosts` is `app:hosts`."""
    return host.rpartition("@")[2]
