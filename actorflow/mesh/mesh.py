"""The mesh of a node: what it says to the others about its processes, and what it does for them.

It is the guest of a cluster: items come in from there, in order, and each part of the mesh takes its own kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import UNAVAILABLE, Error, Failure
from actorflow.mesh.asking import Asks
from actorflow.mesh.claim import Claim
from actorflow.mesh.cluster import Cluster
from actorflow.mesh.following import Following
from actorflow.mesh.grouping import Grouping
from actorflow.mesh.item import Item, read_item, read_outcome, write_item
from actorflow.mesh.meeting import Peer
from actorflow.mesh.naming import MeshDirectory, Naming
from actorflow.mesh.offering import Offers
from actorflow.mesh.remote import RemoteHost
from actorflow.mesh.serving import Serving
from actorflow.names import parse_pid
from actorflow.notice import Notice

if TYPE_CHECKING:
    from actorflow.hosting import Host
    from actorflow.names import Pid
    from actorflow.node.node import Node
    from actorflow.ports import Outcome, Reply

_LOOK: Final = 0.25
"""Seconds between two looks at which hosts run here."""


class Mesh:
    """What a node is to others, and others to it (`node.elsewhere.Mesh`).

    Attributes:
        node: this node. cluster: the sessions with the others.
        asks: what was asked of others. serving: what they have asked. following: whose end they want to hear of.
        offers: which hosts run where. naming, grouping: names and groups that are not of one node.
    """

    cluster: Cluster

    def __init__(self, node: Node, join: Callable[[Mesh], Cluster], names: str = "") -> None:
        """Belong to a node; `join` makes the cluster, whose guest this is. `names`: see `Naming`."""
        self.node = node
        self.cluster = join(self)
        self.asks = Asks(self.cluster)
        self.following = Following(self)
        self.serving = Serving(self)
        self.offers = Offers(node)
        self.naming = Naming(self, names)
        self.grouping = Grouping(self)
        node.directory = MeshDirectory(self.naming)
        self._remotes: dict[str, RemoteHost] = {}

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            Error: kind Unavailable, when the address cannot be listened at.
        """
        await self.cluster.open()

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be one of the cluster until cancelled; it has been opened."""
        self.node.mesh = self
        async with trio.open_nursery() as nursery:
            await nursery.start(self.cluster.serve)
            task_status.started()
            while True:
                if self.offers.look():
                    self.say_to_all(self.offers.item())
                await trio.sleep(_LOOK)

    def say(self, name: str, item: bytes) -> None:
        """Say something to a node; when it is down that is nothing."""
        self.cluster.say(name, item, _ignored)

    def say_to_all(self, item: bytes) -> None:
        """Say something to every node that is up."""
        for name in self.cluster.up():
            self.say(name, item)

    # ---- for the router (node.elsewhere.Mesh) ------------------------------------------------------------------

    def node_of(self, pid: Pid) -> RemoteHost | None:
        """Return the node that a PID of another one names, None when none of that name was ever met."""
        if pid.node in self._remotes:
            return self._remotes[pid.node]
        return None

    async def register(self, name: str, pid: str, scope: int) -> None:
        """Give a process a name that other nodes know too: see `Naming.register`."""
        await self.naming.register(name, pid, scope)

    async def unregister(self, name: str) -> bool:
        """Free a name that other nodes know too; False when nobody has it."""
        return await self.naming.unregister(name)

    def lines(self) -> list[dict[str, Any]]:
        """Return every node as `actorflow nodes` lists it."""
        return [asdict(line) for line in self.cluster.members()]

    def host(self, host_id: str) -> Host | None:
        """Return where `node@host` is, or a durable host that other nodes run."""
        name, at, rest = host_id.partition("@")
        if not at:
            found = self.offers.find(host_id)
            return self._remotes.get(found) if found else None
        if name == self.node.name:
            return self.node.router.host(rest)
        return self._remotes.get(name) or RemoteHost(self, name)

    def drain(self, name: str, reply: Reply) -> None:
        """Ask a node to hand over what it has and to end; the reply says that it has begun to."""
        self.asks.ask(name, "drain", [], reply)

    def is_durable(self, pid: str) -> bool:
        """Tell whether a PID is one of a durable host of another node."""
        return bool(self.offers.find(parse_pid(pid).host))

    # ---- for the cluster (cluster.Guest) -----------------------------------------------------------------------

    def opened(self, peer: Peer) -> None:
        """Tell a node that is up now what this one has."""
        self._remotes.setdefault(peer.name, RemoteHost(self, peer.name))
        others = [[name, address] for name, address in self.cluster.known() if name != peer.name]
        self.say(peer.name, write_item(Item.MEMBERS, others))
        self.offers.look()
        self.say(peer.name, self.offers.item())
        self.naming.opened(peer.name)
        self.grouping.opened(peer.name)

    def taken(self, name: str, item: bytes) -> None:
        """Do what an item says."""
        try:
            kind, parts = read_item(item)
            take = _TAKERS.get(kind)
            if take is not None:
                take(self, name, parts)
        except (Error, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            self.node.notices(Notice("mesh-item", f"an item of node {name!r} was not understood: {error!r}", name))

    def broken(self, peer: Peer, reason: str) -> None:
        """Take that a node is down, and with it everything of it that is known here."""
        failure = Failure(
            f"node {peer.name!r} went down before it answered ({reason}); whether it was done is not known",
            UNAVAILABLE,
            details={"node": peer.name},
        )
        self.offers.broken(peer.name)
        self.serving.broken(peer.name)
        self.naming.broken(peer.name)
        self.grouping.broken(peer.name)
        self.following.broken(peer.name, reason)
        self.asks.broken(peer.name, failure)

    # ---- items -------------------------------------------------------------------------------------------------

    def _on_send(self, _name: str, parts: list[Any]) -> None:
        pid, topic, sender, payloads = parts
        self.node.router.send(pid, topic, tuple(payloads), sender, _unanswered)

    def _on_ask(self, name: str, parts: list[Any]) -> None:
        number, verb, args = parts
        self.serving.ask(name, number, verb, args)

    def _on_reply(self, _name: str, parts: list[Any]) -> None:
        number, outcome = parts
        self.asks.answer(number, read_outcome(outcome))

    def _on_drop(self, name: str, parts: list[Any]) -> None:
        self.serving.drop(name, parts[0])

    def _on_exited(self, _name: str, parts: list[Any]) -> None:
        self.following.exited(*parts)

    def _on_unlink(self, _name: str, parts: list[Any]) -> None:
        self.node.links.unlink(*parts)

    def _on_members(self, _name: str, parts: list[Any]) -> None:
        for name, address in parts[0]:
            self.cluster.meet(name, address)

    def _on_claim(self, node: str, parts: list[Any]) -> None:
        name, pid, stamp, scope = parts
        self.naming.claimed(node, name, Claim(pid, stamp, scope))

    def _on_unclaim(self, node: str, parts: list[Any]) -> None:
        self.naming.unclaimed(node, *parts)

    def _on_joined(self, _name: str, parts: list[Any]) -> None:
        self.grouping.joined(*parts)

    def _on_left(self, _name: str, parts: list[Any]) -> None:
        self.grouping.left(*parts)

    def _on_offers(self, name: str, parts: list[Any]) -> None:
        self.offers.take(name, parts[0])
        for pid in self.offers.followed_at(name):
            self._remotes[name].follow(pid)


_TAKERS: Final[Mapping[int, Callable[[Mesh, str, list[Any]], None]]] = MappingProxyType(
    {
        Item.SEND: Mesh._on_send,  # noqa: SLF001 - its own table
        Item.ASK: Mesh._on_ask,  # noqa: SLF001
        Item.REPLY: Mesh._on_reply,  # noqa: SLF001
        Item.DROP: Mesh._on_drop,  # noqa: SLF001
        Item.EXITED: Mesh._on_exited,  # noqa: SLF001
        Item.UNLINK: Mesh._on_unlink,  # noqa: SLF001
        Item.MEMBERS: Mesh._on_members,  # noqa: SLF001
        Item.OFFERS: Mesh._on_offers,  # noqa: SLF001
        Item.CLAIM: Mesh._on_claim,  # noqa: SLF001
        Item.UNCLAIM: Mesh._on_unclaim,  # noqa: SLF001
        Item.JOINED: Mesh._on_joined,  # noqa: SLF001
        Item.LEFT: Mesh._on_left,  # noqa: SLF001
    }
)
"""What is done with an item of a kind."""


def _ignored(_done: bool) -> None:  # noqa: FBT001 - what a Done takes
    """Take that a node is down: its end is told apart."""


def _unanswered(_outcome: Outcome) -> None:
    """Take that the receiver of a message from another node is gone: its sender was told that it is under way."""
