"""A cluster of a few nodes over the memory network, with guests that write down what happens."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from actorflow.mesh.cluster import Cluster
from actorflow.mesh.meeting import Peer
from actorflow.mesh.memory import MemoryNetwork
from actorflow.notice import Notice


class Guest:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.up: list[str] = []
        self.log: list[tuple[str, str]] = []
        self.items: dict[str, list[bytes]] = {}
        self.cluster: Cluster

    def opened(self, peer: Peer) -> None:
        self.log.append(("up", peer.name))
        for name, address in self.cluster.known():
            if name != peer.name:
                self.cluster.say(peer.name, f"meet {name} {address}".encode(), lambda _: None)

    def taken(self, name: str, item: bytes) -> None:
        if item.startswith(b"meet "):
            _, other, address = item.decode().split()
            self.cluster.meet(other, address)
        else:
            self.items.setdefault(name, []).append(item)

    def broken(self, peer: Peer, reason: str) -> None:
        self.log.append(("down", peer.name))
        self.reason = reason


class Town:
    """Nodes that can be started and killed."""

    def __init__(self, nursery: trio.Nursery, seed: int = 0) -> None:
        self.network = MemoryNetwork(seed)
        self.nursery = nursery
        self.seed = seed
        self.notices: list[Notice] = []
        self.guests: dict[str, Guest] = {}
        self.scopes: dict[str, trio.CancelScope] = {}

    async def start(self, name: str, *, incarnation: int = 1, seeds: str = "a", misspelt: str = "") -> Guest:
        guest = Guest()
        guest.cluster = Cluster(
            Peer(name, incarnation, ""),
            self.network.transport(name),
            "a secret of the cluster" + misspelt,
            seeds=[f"mem://{seed}" for seed in seeds],
            guest=guest,
            notices=self.notices.append,
            draw=random.Random(f"{self.seed}{name}{incarnation}").randbytes,
        )
        self.guests[name] = guest
        scope = self.scopes[name] = trio.CancelScope()

        async def serve(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
            with scope:
                await guest.cluster.serve(task_status=task_status)

        await guest.cluster.open()
        await self.nursery.start(serve)
        return guest

    def stop(self, name: str) -> None:
        self.scopes[name].cancel()

    def kill(self, name: str) -> None:
        """Stop a node that does not get to say good-bye."""
        for other in self.guests:
            self.network.cut(name, other)
        self.scopes[name].cancel()


@asynccontextmanager
async def town(seed: int = 0) -> AsyncIterator[Town]:
    async with trio.open_nursery() as nursery:
        yield Town(nursery, seed)
        nursery.cancel_scope.cancel()


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds, in steps of virtual time."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await trio.sleep(0.05)
