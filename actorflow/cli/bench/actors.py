"""Workloads of the process host: messages between two processes, and what an idle one weighs."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from actorflow import app
from actorflow.cli.bench.apart import apart, command, environment
from actorflow.cli.bench.floor import MESSAGES
from actorflow.cli.bench.resident import resident_bytes
from actorflow.cli.bench.row import Figures, Row, Stopwatch

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

HOST: Final = "bench:actors"
MAP: Final = {"id": 7, "to": "alice", "text": "hello"}
"""The small map that messages carry; scalars are rows of their own."""


def rows(place: Path) -> list[Row]:
    """Return the workloads of processes; `place` holds the registry and is free for data."""
    found = []
    for language, stay in (("py", 100_000), ("lua", 10_000)):
        for kind, payload in (("map", MAP), ("scalar", 1)):
            playing = partial(ping_pong, language=language, rounds=100_000, payload=payload)
            found.append(Row(f"actors/ping-pong/{language}/{kind}", "messages/s", playing, floor=MESSAGES))
            telling = partial(one_way, language=language, count=100_000, payload=payload)
            found.append(Row(f"actors/one-way/{language}/{kind}", "messages/s", telling, floor=MESSAGES))
        found.append(
            Row(f"actors/spawn-exit/{language}", "processes/s", partial(brief, language=language, count=20_000))
        )
        found.append(
            Row(f"actors/idle/{language}", "spawns/s", partial(idle, place=place, language=language, count=stay))
        )
    return found


async def ping_pong(node: Node, language: str, rounds: int, payload: Value = 1) -> Figures:
    """Measure messages between two processes that answer each other."""
    echo = await node.spawn(f"bench:echo_{language}", host=HOST)
    watch = Stopwatch()
    await node.exec(f"bench:player_{language}", host=HOST, args=[echo, rounds, payload], timeout=120)
    figures = watch.figures(2 * rounds)
    await node.terminate(echo)
    return figures


async def one_way(node: Node, language: str, count: int, payload: Value = 1) -> Figures:
    """Measure messages from one process to another, until the last one has been received."""
    watch = Stopwatch()
    sink = await node.spawn(f"bench:sink_{language}", host=HOST, args=[count])
    await node.spawn(f"bench:source_{language}", host=HOST, args=[sink, count, payload])
    await node.wait(sink, timeout=120)
    return watch.figures(count)


async def brief(node: Node, language: str, count: int) -> Figures:
    """Measure processes that one process spawns and that end at once, until the last one has ended."""
    watch = Stopwatch()
    await node.exec(f"bench:parent_{language}", host=HOST, args=[count], timeout=120)
    while any(True for _ in node.processes()):
        await trio.lowlevel.checkpoint()
    return watch.figures(count)


async def idle(_node: Node, place: Path, language: str, count: int) -> Figures:
    """Return spawns a second of processes that stay, and the memory they and their node take (MB, bytes each).

    Measured in a process of its own, so that nothing else is counted.
    """
    with tempfile.TemporaryDirectory(dir=place) as data:
        words = command("actorflow.cli.bench.actors", str(place / "registry"), data, language, str(count))
        return await apart(words, environment(place))


async def _idle_here(directory: Path, data: Path, language: str, count: int) -> Figures:
    from trio.testing import wait_all_tasks_blocked  # noqa: PLC0415 - imports pytest, which other figures would count

    async with app.open(directory, data=data) as node:
        gc.collect()
        before = resident_bytes()
        watch = Stopwatch()
        for _ in range(count):
            await node.spawn(f"bench:echo_{language}", host=HOST)
        await wait_all_tasks_blocked()
        rate, more = watch.figures(count)
        after = resident_bytes()
        return rate, {**more, "node_mb": after / 1e6, "bytes_each": (after - before) / count}


def main(directory: str, data: str, language: str, count: str) -> None:
    """Measure idle processes in this process and print the result as JSON."""
    sys.stdout.write(json.dumps(trio.run(_idle_here, Path(directory), Path(data), language, int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
