"""Durable workloads on one SQLite file with synchronous=FULL."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Final

import trio

from actorflow.ports import Outcome, SpawnRequest

if TYPE_CHECKING:
    from actorflow.node.node import Node

HOST: Final = "bench:workflows"


class Flight:
    """A number of workflows, so many of them in flight at any moment."""

    def __init__(self, node: Node, entry: str, steps: int, total: int, in_flight: int) -> None:
        """Prepare; nothing runs yet."""
        self._node = node
        self._request = SpawnRequest(entry, HOST, (steps,))
        self._left = total
        self._running = 0
        self._in_flight = in_flight
        self._done = trio.Event()
        self._failure: Outcome | None = None
        self.seconds: list[float] = []

    async def run(self) -> float:
        """Run them all; returns how many seconds that took."""
        began = time.perf_counter()
        for _ in range(min(self._in_flight, self._left)):
            self._launch()
        await self._done.wait()
        if self._failure is not None:
            self._failure.unwrap()
        return time.perf_counter() - began

    def _launch(self) -> None:
        self._left -= 1
        self._running += 1
        began = time.perf_counter()

        def finished(outcome: Outcome) -> None:
            self.seconds.append(time.perf_counter() - began)
            self._running -= 1
            if outcome.failure is not None:
                self._failure, self._left = outcome, 0
            if self._left:
                self._launch()
            elif not self._running:
                self._done.set()

        self._node.router.exec(self._request, finished)


async def workflows(node: Node, entry: str, steps: int, total: int, in_flight: int) -> tuple[float, dict[str, float]]:
    """Return workflows a second, and the latencies of single workflows."""
    flight = Flight(node, entry, steps, total, in_flight)
    seconds = await flight.run()
    quantiles = statistics.quantiles(flight.seconds, n=100) if len(flight.seconds) > 1 else flight.seconds * 99
    return total / seconds, {"p50_ms": quantiles[49] * 1000, "p99_ms": quantiles[98] * 1000}


async def signal_round_trips(node: Node, total: int) -> tuple[float, dict[str, float]]:
    """Return signalled runs a second, one at a time: start, signal, result."""
    seconds = []
    for _ in range(total):
        pid = await node.spawn("bench:waiter", host=HOST)
        began = time.perf_counter()
        await node.send(pid, "go", 1)
        await node.wait(pid, timeout=30)
        seconds.append(time.perf_counter() - began)
    return total / sum(seconds), {"p50_ms": statistics.median(seconds) * 1000}
