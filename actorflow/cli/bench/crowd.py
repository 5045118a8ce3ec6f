"""Workloads of many processes, and of one that does much: rings, fans, storms, selects, calls, loops, a busy one."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from actorflow.cli.bench.actors import HOST, MAP
from actorflow.cli.bench.floor import ADDITIONS, MESSAGES
from actorflow.cli.bench.row import Figures, Row, Stopwatch, latencies
from actorflow.errors import Error

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

_SIZE: Final = 1_000
_SOURCES: Final = 100
_LOOP: Final = 100_000
"""Additions between two ops: well below what the watchdogs allow, also on a slow machine."""


def rows() -> list[Row]:
    """Return these workloads."""
    found = []
    for language in ("py", "lua"):
        for what, unit, work, floor in (
            ("ring", "messages/s", partial(ring, size=_SIZE, rounds=100, payload=MAP), MESSAGES),
            ("fan-in", "messages/s", partial(fan_in, sources=_SOURCES, count=100_000, payload=MAP), MESSAGES),
            ("select", "selects/s", partial(repeated, entry="select", count=100_000), MESSAGES),
            ("links", "ends/s", partial(links, count=10_000), ""),
            ("monitors", "exits/s", partial(repeated, entry="monitors", count=10_000), ""),
            ("calls", "calls/s", partial(repeated, entry="caller", count=10_000), ""),
            ("loop", "additions/s", partial(loop, count=100), ADDITIONS),
            ("beside-busy", "processes/s", partial(beside_busy, count=100), ""),
        ):
            found.append(Row(f"actors/{what}/{language}", unit, partial(work, language=language), floor=floor))
    return found


async def ring(node: Node, language: str, size: int, rounds: int, payload: Value) -> Figures:
    """Measure a message that goes round a ring of processes, from the start of the first one to the end of all."""
    watch = Stopwatch()
    await node.exec(f"bench:ring_{language}", host=HOST, args=[size, rounds, payload], timeout=120)
    return watch.figures(size * rounds)


async def fan_in(node: Node, language: str, sources: int, count: int, payload: Value) -> Figures:
    """Measure messages of many processes to one, until the last one has been received."""
    watch = Stopwatch()
    sink = await node.spawn(f"bench:sink_{language}", host=HOST, args=[count])
    for _ in range(sources):
        await node.spawn(f"bench:source_{language}", host=HOST, args=[sink, count // sources, payload])
    await node.wait(sink, timeout=120)
    return watch.figures(count)


async def repeated(node: Node, language: str, entry: str, count: int) -> Figures:
    """Measure a process that does the same thing so many times."""
    watch = Stopwatch()
    await node.exec(f"bench:{entry}_{language}", host=HOST, args=[count], timeout=120)
    return watch.figures(count)


async def links(node: Node, language: str, count: int) -> Figures:
    """Measure processes that are started with a link to one that fails, until all have ended with it."""
    watch = Stopwatch()
    try:
        await node.exec(f"bench:links_{language}", host=HOST, args=[count], timeout=120)
    except Error:
        while any(True for _ in node.processes()):
            await trio.lowlevel.checkpoint()
    return watch.figures(count)


async def loop(node: Node, language: str, count: int) -> Figures:
    """Measure additions in a script that computes, in so many processes one after the other."""
    watch = Stopwatch()
    for _ in range(count):
        await node.exec(f"bench:loop_{language}", host=HOST, args=[_LOOP], timeout=120)
    return watch.figures(count * _LOOP)


async def beside_busy(node: Node, language: str, count: int) -> Figures:
    """Measure how long it takes to start a process and hear of its end, beside one that never stops computing."""
    busy = await node.spawn(f"bench:busy_{language}", host=HOST)
    watch, seconds = Stopwatch(), []
    for _ in range(count):
        began = time.perf_counter()
        await node.exec(f"bench:brief_{language}", host=HOST, timeout=120)
        seconds.append(time.perf_counter() - began)
    figures = watch.figures(count, **latencies(seconds))
    await node.terminate(busy)
    return figures
