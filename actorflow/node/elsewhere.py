"""What a node asks of other nodes: the port that the mesh serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from actorflow.hosting import Host
from actorflow.names import Pid
from actorflow.ports import Reply, SpawnRequest


@runtime_checkable
class Elsewhere(Host, Protocol):
    """Another node, as the host of all its processes: what needs an answer from there has one later."""

    def exec(self, request: SpawnRequest, reply: Reply, reason: str) -> Callable[[], None]:
        """Start a process there and reply how it ended; returns what gives that up."""
        ...

    def watch(self, pid: str, reply: Reply) -> Callable[[], None]:
        """Reply how a process there ends, or has ended; returns what gives that up."""
        ...

    def relate(self, verb: str, sender: str, pid: str, reply: Reply) -> None:
        """Monitor or link a process there for one here, or undo that."""
        ...

    def follow(self, pid: str) -> None:
        """Hear of the end of a process there."""
        ...


class Mesh(Protocol):
    """The other nodes, for a router."""

    def node_of(self, pid: Pid) -> Elsewhere | None:
        """Return the node that a PID of another one names, None when there has never been such a node."""
        ...

    async def register(self, name: str, pid: str, scope: int) -> None:
        """Give a process a name that other nodes know too."""
        ...

    async def unregister(self, name: str) -> bool:
        """Free a name that other nodes know too; False when nobody has it."""
        ...

    def lines(self) -> list[dict[str, Any]]:
        """Return what is known of every node, this one first."""
        ...

    def drain(self, name: str, reply: Reply) -> None:
        """Ask a node to hand over what it has and to end; the reply says that it has begun to."""
        ...

    def host(self, host_id: str) -> Host | None:
        """Return where `node@host` is, or a durable host that only other nodes run; None for any other."""
        ...
