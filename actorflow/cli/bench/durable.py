"""Durable workloads on one SQLite file with synchronous=FULL."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from actorflow.cli.bench import actors
from actorflow.cli.bench.floor import COMMITS, FULL, ROWS
from actorflow.cli.bench.row import Figures, Row, Stopwatch, latencies
from actorflow.ports import Outcome, SpawnRequest

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

HOST: Final = "bench:workflows"
_ROWS_PER_STEP: Final = 2
_ROWS_PER_ONE_STEP_RUN: Final = 4
_COMMITS_PER_ONE_STEP_RUN: Final = 2


def rows() -> list[Row]:
    """Return the workloads of durable runs that need no store of their own."""
    found = []
    for language in ("py", "lua"):
        entry = f"bench:steps_{language}"
        for in_flight, total in ((1, 300), (32, 1_500), (200, 3_000)):
            work = partial(workflows, entry=entry, steps=1, total=total, in_flight=in_flight)
            floor, parts = (COMMITS, _COMMITS_PER_ONE_STEP_RUN) if in_flight == 1 else (ROWS, _ROWS_PER_ONE_STEP_RUN)
            found.append(Row(f"durable/one-step/{language}/{in_flight}", "workflows/s", work, FULL, floor, parts))
        for in_flight, total in ((1, 50), (32, 500), (200, 1_000)):
            work = partial(steps, entry=entry, each=10, total=total, in_flight=in_flight)
            floor, parts = (COMMITS, 1) if in_flight == 1 else (ROWS, _ROWS_PER_STEP)
            found.append(Row(f"durable/ten-step/{language}/{in_flight}", "steps/s", work, FULL, floor, parts))
        work = partial(steps, entry=entry, each=1_000, total=1, in_flight=1)
        found.append(Row(f"durable/sequential/{language}", "steps/s", work, FULL, COMMITS))
        work = partial(steps, entry=f"bench:children_{language}", each=100, total=20, in_flight=20)
        found.append(Row(f"durable/children/{language}", "children/s", work, FULL))
        found.append(
            Row(f"durable/answer/{language}", "answers/s", partial(answers, language=language, total=300), FULL)
        )
    return [*found, Row("durable/signal", "round trips/s", partial(signal_round_trips, total=200), FULL)]


class Flight:
    """A number of workflows, so many of them in flight at any moment."""

    def __init__(self, node: Node, entry: str, steps: int, total: int, in_flight: int, *args: Value) -> None:
        """Prepare; nothing runs yet."""
        self._node = node
        self._request = SpawnRequest(entry, HOST, (steps, *args))
        self._left = total
        self._running = 0
        self._in_flight = in_flight
        self._done = trio.Event()
        self._failure: Outcome | None = None
        self.seconds: list[float] = []

    async def run(self) -> None:
        """Run them all.

        Raises:
            Error: what one of them failed with.
        """
        for _ in range(min(self._in_flight, self._left)):
            self._launch()
        await self._done.wait()
        if self._failure is not None:
            self._failure.unwrap()

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


async def workflows(node: Node, entry: str, steps: int, total: int, in_flight: int) -> Figures:
    """Measure workflows, and the latencies of single ones."""
    flight = Flight(node, entry, steps, total, in_flight)
    watch = Stopwatch()
    await flight.run()
    return watch.figures(total, **latencies(flight.seconds))


async def steps(  # noqa: PLR0913, PLR0917 - what is in flight
    node: Node, entry: str, each: int, total: int, in_flight: int, args: tuple[Value, ...] = ()
) -> Figures:
    """Measure what workflows do `each` times, each after the other; `args` follow the number in their arguments."""
    flight = Flight(node, entry, each, total, in_flight, *args)
    watch = Stopwatch()
    await flight.run()
    return watch.figures(each * total)


async def answers(node: Node, language: str, total: int) -> Figures:
    """Measure messages of an actor to a waiting run, which answers each: sent, stored, read, answered, received."""
    run = await node.spawn(f"bench:answerer_{language}", host=HOST)
    seconds = []
    watch = Stopwatch()
    for _ in range(total):
        began = time.perf_counter()
        await node.exec("bench:asker", host=actors.HOST, args=[run], timeout=60)
        seconds.append(time.perf_counter() - began)
    figures = watch.figures(total, **latencies(seconds))
    await node.terminate(run)
    return figures


async def signal_round_trips(node: Node, total: int) -> Figures:
    """Measure signals that end a run, one at a time: from the signal to the result."""
    seconds = []
    watch = Stopwatch()
    for _ in range(total):
        pid = await node.spawn("bench:waiter", host=HOST)
        began = time.perf_counter()
        await node.send(pid, "go", 1)
        await node.wait(pid, timeout=30)
        seconds.append(time.perf_counter() - began)
    _, more = watch.figures(total, **latencies(seconds))
    return total / sum(seconds), more
