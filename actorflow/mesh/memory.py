"""The transport within one process: for tests, which decide by a seed what gets lost, doubled, late or cut off.

It keeps time with trio's clock, so that under a mock clock a run repeats exactly.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from dataclasses import dataclass
from typing import Any, Final

import trio

from actorflow.errors import unavailable
from actorflow.mesh.transport import Arrival

_ROOM: Final = 64
"""Frames under way to one node that make its senders wait."""


@dataclass
class Faults:
    """What the network does to frames: seconds of delay, at least and at most, and shares of frames of 0 to 1.

    Frames with different delays overtake each other.
    """

    delay: tuple[float, float] = (0.0, 0.0)
    drop: float = 0.0
    double: float = 0.0


class MemoryNetwork:
    """Where memory transports find each other.

    Attributes:
        faults: what is done to every frame from now on.
        posted, dropped: how many frames were sent, and how many of them lost.
    """

    def __init__(self, seed: int = 0) -> None:
        """Be a network without faults."""
        self.faults = Faults()
        self.posted = self.dropped = 0
        self._random = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable; nothing is secret here
        self._numbers = itertools.count()
        self._listening: dict[str, MemoryTransport] = {}
        self._cuts: set[tuple[str, str]] = set()

    def transport(self, name: str) -> MemoryTransport:
        """Return a new end of the network, which listens at `mem://<name>` once it is open."""
        return MemoryTransport(self, f"mem://{name}")

    def cut(self, one: str, other: str, *, both_ways: bool = True) -> None:
        """Lose whatever `one` sends to `other`, by their names, and the other way round."""
        self._cuts.add((f"mem://{one}", f"mem://{other}"))
        if both_ways:
            self._cuts.add((f"mem://{other}", f"mem://{one}"))

    def heal(self) -> None:
        """Undo every cut."""
        self._cuts.clear()

    def carry(self, source: MemoryTransport, address: str, frame: bytes) -> bool:
        """Take a frame on its way, or lose it; False when too many are on the way to that address already."""
        target = self._listening.get(address)
        if target is not None and len(target.arriving) >= _ROOM and not self.faults.drop:
            return False
        self.posted += 1
        if target is None or (source.address, address) in self._cuts or self._random.random() < self.faults.drop:
            self.dropped += 1
            return True
        for _ in range(1 + (self._random.random() < self.faults.double)):
            at = trio.current_time() + self._random.uniform(*self.faults.delay)
            heapq.heappush(target.arriving, (at, next(self._numbers), frame, source.address))
        target.wake()
        return True

    def listen(self, transport: MemoryTransport) -> None:
        """Let frames to its address arrive at a transport.

        Raises:
            Error: kind Unavailable, when another one is there.
        """
        if self._listening.setdefault(transport.address, transport) is not transport:
            raise unavailable(f"cannot listen at {transport.address}: it is in use")

    def unlisten(self, transport: MemoryTransport) -> None:
        """Lose whatever is sent to a transport from now on."""
        if self._listening.get(transport.address) is transport:
            del self._listening[transport.address]


class MemoryTransport:
    """One node's end of a `MemoryNetwork` (`transport.Transport`)."""

    def __init__(self, network: MemoryNetwork, address: str) -> None:
        """Belong to a network; `address` is where it will listen."""
        self.address = address
        self.arriving: list[tuple[float, int, bytes, str]] = []
        self._network = network
        self._arrived = trio.Event()
        self.refused: set[str] = set()

    async def open(self) -> None:
        """Begin to listen."""
        await trio.lowlevel.checkpoint()
        self._network.listen(self)

    def close(self) -> None:
        """Listen no longer."""
        self._network.unlisten(self)

    def post(self, address: str, frame: bytes) -> bool:
        """Send a frame; to an address where nobody listens it is lost."""
        return self._network.carry(self, address, frame)

    async def room(self, address: str) -> None:  # noqa: ARG002 - the port's shape
        """Wait a moment: the other side takes what has arrived meanwhile."""
        await trio.sleep(0.001)

    async def receive(self) -> list[Arrival]:
        """Wait for frames whose time has come."""
        while True:
            now = trio.current_time()
            found: list[Arrival] = []
            while self.arriving and self.arriving[0][0] <= now:
                _, _, frame, source = heapq.heappop(self.arriving)
                found.append(Arrival(frame, source))
            if found:
                await trio.lowlevel.checkpoint()
                return found
            self._arrived = trio.Event()
            with trio.move_on_at(self.arriving[0][0] if self.arriving else math.inf):
                await self._arrived.wait()

    def wake(self) -> None:
        """Look at what has arrived."""
        self._arrived.set()

    def refuse(self, source: Any) -> None:
        """Remember who was refused."""
        self.refused.add(source)

    def forget(self, address: str) -> None:
        """Drop nothing: there are no connections."""
