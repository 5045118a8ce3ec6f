"""What is broken, and when: drawn from the seed, each fault for a while of its own."""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations
from random import Random
from typing import Final

from tests.chaos.database import Database
from tests.chaos.network import DATABASE, Network
from tests.chaos.node import Node

_PAUSE: Final = (0.3, 3.0)
_LASTS: Final = (0.5, 12.0)
"""Seconds: a node is dead for the others after six, so zombies and cut-off nodes are of both kinds."""
_JUMPS: Final = (3600.0, -3600.0, 86_400.0, -86_400.0, 37.0, -37.0, 0.4, 0.0)
_DELAYS: Final = (0.005, 0.05, 0.3, 2.0)

Mend = Callable[[], None]
Pair = tuple[str, str]


class Faults:
    """Breaks one thing after another, and mends each in its time."""

    def __init__(self, cluster: list[Node], database: Database, network: Network, drawn: Random) -> None:
        """Break these."""
        self.done: Counter[str] = Counter()
        self._cluster = cluster
        self._database = database
        self._network = network
        self._drawn = drawn
        self._began = time.monotonic()
        self._broken: list[tuple[float, Mend]] = []

    def go_on(self, seconds: float) -> None:
        """Break something every few moments for so long."""
        self._began = time.monotonic()
        end = self._began + seconds
        while time.monotonic() < end:
            time.sleep(self._drawn.uniform(*_PAUSE))
            self._mend(time.monotonic())
            what = self._drawn.choices(list(_FAULTS), [weight for weight, _ in _FAULTS.values()])[0]
            lasts, mend = self._drawn.uniform(*_LASTS), _FAULTS[what][1](self)
            self._broken.append((time.monotonic() + lasts, mend))

    def mend_all(self) -> None:
        """Mend everything that is still broken; wall clocks stay as they were set."""
        self._mend(float("inf"))
        self._network.mend()
        for node in self._cluster:
            node.go_on()

    def _mend(self, now: float) -> None:
        due = [mend for at, mend in self._broken if at <= now]
        self._broken = [(at, mend) for at, mend in self._broken if at > now]
        for mend in due:
            mend()
        for node in self._cluster:  # whoever has ended by itself too
            if now == float("inf") or not any(mend == node.start for _, mend in self._broken):
                node.start()

    def _note(self, what: str, about: str = "") -> None:
        self.done[what] += 1
        sys.stderr.write(f"chaos: {time.monotonic() - self._began:6.1f} s: {what} {about}\n")

    # ---- nodes -------------------------------------------------------------------------------------------------

    def kill(self) -> Mend:
        """Kill a node; it is started again, soon or late."""
        node = self._drawn.choice(self._cluster)
        self._note("kill", node.name)
        node.end(signal.SIGKILL)
        return node.start

    def stop(self) -> Mend:
        """Have a node stand still, and go on as if no time had passed: a zombie, when it took long."""
        node = self._drawn.choice(self._cluster)
        self._note("stop", node.name)
        node.stop()
        return node.go_on

    def jump(self) -> Mend:
        """Set the wall clock of a node by seconds, hours, or a day; it stays as it is."""
        node, seconds = self._drawn.choice(self._cluster), self._drawn.choice(_JUMPS)
        self._note("clock", f"{node.name} {seconds:+.1f} s")
        node.set_clock(seconds)
        return _nothing

    # ---- the database ------------------------------------------------------------------------------------------

    def crash(self) -> Mend:
        """Have the database lose its sessions and recover."""
        self._note("database crash")
        self._database.crash()
        return _nothing

    def restart(self) -> Mend:
        """Stop the database and start it a little later."""
        seconds = self._drawn.uniform(0.1, 4.0)
        self._note("database restart", f"after {seconds:.1f} s")
        self._database.stop()
        time.sleep(seconds)
        self._database.start()
        return _nothing

    # ---- the network -------------------------------------------------------------------------------------------

    def partition(self) -> Mend:
        """Cut ways between nodes and to the database, in one of many shapes."""
        shape = self._drawn.choice(list(_SHAPES))
        pairs = _SHAPES[shape](self._drawn, [node.name for node in self._cluster])
        torn = self._drawn.random() < 0.5  # as often as not, connections do not outlive it
        self._note(f"partition: {shape}", ", ".join(f"{one}→{other}" for one, other in pairs))
        for pair in pairs:
            self._network.cut(*pair)

        def mend() -> None:
            if torn:
                for pair in pairs:
                    self._network.tear(*pair)
            self._network.mend()

        return mend

    def slow(self) -> Mend:
        """Have the database, or the ways between nodes, answer late."""
        seconds, names = self._drawn.choice(_DELAYS), [node.name for node in self._cluster]
        pairs = self._drawn.choice((_all_from_database(self._drawn, names), _all_apart(self._drawn, names)))
        what = "slow database" if DATABASE in pairs[0] else "slow mesh"
        if all(self._network.slow(*pair, seconds) for pair in pairs):
            self._note(what, f"{seconds} s")
        return self._network.mend

    def tear(self) -> Mend:
        """Reset connections of a node."""
        node = self._drawn.choice(self._cluster).name
        other = self._drawn.choice([DATABASE, *(one.name for one in self._cluster if one.name != node)])
        if self._network.tear(node, other):
            self._note("torn connections", f"{node}, {other}")
        return _nothing


def _nothing() -> None:
    """There is nothing to mend."""


_FAULTS: Final[dict[str, tuple[int, Callable[[Faults], Mend]]]] = {
    "kill": (6, Faults.kill),
    "stop": (4, Faults.stop),
    "jump": (4, Faults.jump),
    "crash": (2, Faults.crash),
    "restart": (1, Faults.restart),
    "partition": (7, Faults.partition),
    "slow": (2, Faults.slow),
    "tear": (2, Faults.tear),
}


# ---- shapes of partitions: ordered pairs, the first can no longer be heard by the second ---------------------------


def _both(pairs: Sequence[Pair]) -> list[Pair]:
    return [each for one, other in pairs for each in ((one, other), (other, one))]


def _one_from_nodes(drawn: Random, names: list[str]) -> list[Pair]:
    one = drawn.choice(names)
    return _both([(one, other) for other in names if other != one])


def _one_from_database(drawn: Random, names: list[str]) -> list[Pair]:
    return _both([(drawn.choice(names), DATABASE)])


def _one_alone(drawn: Random, names: list[str]) -> list[Pair]:
    one = drawn.choice(names)
    return _both([(one, other) for other in (*names, DATABASE) if other != one])


def _one_way(drawn: Random, names: list[str]) -> list[Pair]:
    one, other = drawn.sample(names, 2)
    return [(one, other)]


def _chain(drawn: Random, names: list[str]) -> list[Pair]:
    one, other = drawn.sample(names, 2)
    return _both([(one, other)])


def _deaf(drawn: Random, names: list[str]) -> list[Pair]:
    one = drawn.choice(names)
    return [(other, one) for other in (*names, DATABASE) if other != one]


def _mute(drawn: Random, names: list[str]) -> list[Pair]:
    one = drawn.choice(names)
    return [(one, other) for other in (*names, DATABASE) if other != one]


def _asks_in_vain(drawn: Random, names: list[str]) -> list[Pair]:
    return [(drawn.choice(names), DATABASE)]


def _unanswered(drawn: Random, names: list[str]) -> list[Pair]:
    return [(DATABASE, drawn.choice(names))]


def _all_apart(_drawn: Random, names: list[str]) -> list[Pair]:
    return list(permutations(names, 2))


def _all_from_database(_drawn: Random, names: list[str]) -> list[Pair]:
    return _both([(one, DATABASE) for one in names])


_SHAPES: Final[dict[str, Callable[[Random, list[str]], list[Pair]]]] = {
    "one from the nodes": _one_from_nodes,
    "one from the database": _one_from_database,
    "one alone": _one_alone,
    "one way": _one_way,
    "a chain": _chain,
    "deaf": _deaf,
    "mute": _mute,
    "asks in vain": _asks_in_vain,
    "unanswered": _unanswered,
    "all apart": _all_apart,
    "all from the database": _all_from_database,
}
