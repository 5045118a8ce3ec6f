"""Two sessions and what is under way between them, for tests that lose, double and reorder frames."""

from __future__ import annotations

import random

from actorflow.mesh.frame import cluster_key, read_head
from actorflow.mesh.meeting import Broken, Opened, Peer, Taken, Timing
from actorflow.mesh.session import Session

KEY = cluster_key("a secret of the cluster", "test")
TIMING = Timing()
MS = 1_000_000


class Side:
    """A session with what it has come to: what was delivered in each conversation, and what broke."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a session is made of
        self, name: str, other: str, seed: int, now: int = 0, incarnation: int = 1, key: bytes = KEY
    ) -> None:
        me = Peer(name, incarnation, f"mem://{name}")
        self.session = Session(
            me, other, f"mem://{other}", key, random.Random(f"{name}{seed}{incarnation}").randbytes, TIMING, now
        )
        self.delivered: list[bytes] = []
        self.broken: list[str] = []
        self.opened = 0
        self.alien = 0

    @property
    def is_open(self) -> bool:
        return self.session.state.value == "open"

    def take(self, data: bytes, now: int) -> None:
        if not self.session.receive(read_head(data), data, now):
            self.alien += 1
        self.collect()

    def collect(self) -> None:
        events, self.session.events = self.session.events, []
        for event in events:
            if isinstance(event, Taken):
                self.delivered += event.items
            elif isinstance(event, Broken):
                self.broken.append(event.reason)
            elif isinstance(event, Opened):
                self.opened += 1

    def frames(self, now: int) -> list[bytes]:
        self.session.tick(now)
        frames = self.session.take_frames(now)
        self.collect()
        return frames


class Wire:
    """Time, two sides, and the frames under way to each; `run` lets everything arrive for a while."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.now = 1_000_000 * MS
        self.a, self.b = Side("a", "b", seed, self.now), Side("b", "a", seed, self.now)
        self.under_way: dict[str, list[bytes]] = {"a": [], "b": []}

    def side(self, name: str) -> Side:
        return self.a if name == "a" else self.b

    def pump(self) -> None:
        for name, to in (("a", "b"), ("b", "a")):
            self.under_way[to] += self.side(name).frames(self.now)

    def deliver(self, to: str, place: int = 0) -> None:
        self.side(to).take(self.under_way[to].pop(place), self.now)

    def arrive(self) -> None:
        """Let what is under way arrive, and what that gives rise to."""
        self.pump()
        while self.under_way["a"] or self.under_way["b"]:
            for to in ("a", "b"):
                while self.under_way[to]:
                    self.deliver(to)
            self.pump()

    def run(self, milliseconds: int, step: int = 50) -> None:
        for _ in range(0, milliseconds, step):
            self.now += step * MS
            self.arrive()

    def lose(self, milliseconds: int, step: int = 50) -> None:
        """Let time pass in which nothing arrives."""
        for _ in range(0, milliseconds, step):
            self.now += step * MS
            self.pump()
            self.under_way = {"a": [], "b": []}

    def restart(self, name: str, incarnation: int) -> None:
        side = Side(name, "b" if name == "a" else "a", self.seed, self.now, incarnation)
        setattr(self, name, side)
