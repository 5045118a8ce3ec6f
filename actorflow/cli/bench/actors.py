"""Workloads of the process host: messages between two processes, and what an idle one weighs."""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from actorflow import app

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

HOST: Final = "bench:actors"
MAP: Final = {"id": 7, "to": "alice", "text": "hello"}
"""The small map that messages carry; scalars are rows of their own."""


async def ping_pong(node: Node, language: str, rounds: int, payload: Value = 1) -> float:
    """Return messages a second between two processes that answer each other."""
    echo = await node.spawn(f"bench:echo_{language}", host=HOST)
    began = time.perf_counter()
    await node.exec(f"bench:player_{language}", host=HOST, args=[echo, rounds, payload], timeout=120)
    seconds = time.perf_counter() - began
    await node.terminate(echo)
    return 2 * rounds / seconds


async def one_way(node: Node, language: str, count: int, payload: Value = 1) -> float:
    """Return messages a second from one process to another, until the last one has been received."""
    began = time.perf_counter()
    sink = await node.spawn(f"bench:sink_{language}", host=HOST, args=[count])
    await node.spawn(f"bench:source_{language}", host=HOST, args=[sink, count, payload])
    await node.wait(sink, timeout=120)
    return count / (time.perf_counter() - began)


async def brief(node: Node, language: str, count: int) -> float:
    """Return processes a second that one process spawns and that end at once, until the last one has ended."""
    began = time.perf_counter()
    await node.exec(f"bench:parent_{language}", host=HOST, args=[count], timeout=120)
    while any(True for _ in node.processes()):
        await trio.lowlevel.checkpoint()
    return count / (time.perf_counter() - began)


async def idle(directory: Path, data: Path, language: str, count: int) -> tuple[float, dict[str, float]]:
    """Return spawns a second of processes that stay, and the memory they and their node take (MB, bytes each).

    Measured in a process of its own, so that nothing else is counted.
    """
    command = [sys.executable, "-m", "actorflow.cli.bench.actors", str(directory), str(data), language, str(count)]
    child = await trio.run_process(command, capture_stdout=True)
    rate, more = json.loads(child.stdout)
    return rate, more


async def _idle_here(directory: Path, data: Path, language: str, count: int) -> tuple[float, dict[str, float]]:
    from trio.testing import wait_all_tasks_blocked  # noqa: PLC0415 - imports pytest, which other figures would count

    async with app.open(directory, data=data) as node:
        gc.collect()
        before = resident_bytes()
        began = time.perf_counter()
        for _ in range(count):
            await node.spawn(f"bench:echo_{language}", host=HOST)
        await wait_all_tasks_blocked()
        seconds = time.perf_counter() - began
        after = resident_bytes()
        return count / seconds, {"node_mb": after / 1e6, "bytes_each": (after - before) / count}


def resident_bytes() -> int:
    """Return the resident memory of this process in bytes, 0 where the platform does not tell."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) * 4096


def main(directory: str, data: str, language: str, count: str) -> None:
    """Measure idle processes in this process and print the result as JSON."""
    sys.stdout.write(json.dumps(trio.run(_idle_here, Path(directory), Path(data), language, int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
