"""The processes whose start is measured: each is what an application is, and imports nothing else of the benchmarks."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import trio

import actorflow
from actorflow.cli.bench.resident import resident_bytes

Figures: TypeAlias = tuple[float, dict[str, float]]

GATE: Final = "gate"
"""The file in the data directory that lets the last call of a run end; with `.reached` behind, the one it makes."""
_HOST: Final = "bench:workflows"
_IDLE_SECONDS: Final = 5.0
_FILE: Final = ("bench:steps_py", 10, 1_000, 200)
"""Entry, steps, runs, and how many of them are in flight, of the store whose size is told."""
_STEPS: Final = 1_000
_RUN: Final = "resumed"


async def first_result(directory: Path, data: Path, began: float) -> Figures:
    """Return how often a second a process could start, boot a node and have the result of a run of one step."""
    async with actorflow.open(directory, data=data) as node:
        await node.exec("bench:steps_py", host=_HOST, args=[1])
        seconds = time.time() - began
    return 1 / seconds, {"seconds": seconds, "node_mb": resident_bytes() / 1e6}


async def stepped(directory: Path, data: Path, _began: float) -> Figures:
    """Take a run to where it waits in the last of its calls, and be killed there."""
    async with actorflow.open(directory, data=data) as node:
        args = [_STEPS, str(data / GATE)]
        await node.exec("bench:gated", host=_HOST, args=args, options={"workflow.id": _RUN})
    raise SystemExit("the run has ended")


async def resumed(directory: Path, data: Path, began: float) -> Figures:
    """Return how often a second a process could start and end a run of 1 000 steps that another one has left."""
    async with actorflow.open(directory, data=data) as node:
        await node.wait(f"{{local@{_HOST}|{_RUN}}}")
        seconds = time.time() - began
    return 1 / seconds, {"seconds": seconds, "node_mb": resident_bytes() / 1e6}


async def idle(directory: Path, data: Path, began: float) -> Figures:
    """Return the memory of a node that has nothing to do, and the processor time it takes all the same (% of one)."""
    async with actorflow.open(directory, data=data):
        seconds = time.time() - began
        cpu = time.process_time()
        await trio.sleep(_IDLE_SECONDS)
        share = 100 * (time.process_time() - cpu) / _IDLE_SECONDS
        return 1 / seconds, {"boot_s": seconds, "node_mb": resident_bytes() / 1e6, "cpu_percent": share}


async def boot(directory: Path, data: Path, began: float) -> Figures:
    """Return how long a process takes from its start until its node has booted."""
    async with actorflow.open(directory, data=data):
        seconds = time.time() - began
        return 1 / seconds, {"seconds": seconds, "node_mb": resident_bytes() / 1e6}


async def file(directory: Path, data: Path, _began: float) -> Figures:
    """Return how many bytes of its store a step takes, when runs of ten steps have ended and the node has stopped."""
    from actorflow.cli.bench.durable import Flight  # noqa: PLC0415 - brings what shows results

    entry, steps, total, in_flight = _FILE
    began = time.perf_counter()
    async with actorflow.open(directory, data=data) as node:
        await Flight(node, entry, steps, total, in_flight).run()
        seconds = time.perf_counter() - began
    size = sum(item.stat().st_size for item in os.scandir(data) if item.name.startswith("runs.db"))
    return steps * total / seconds, {"bytes_a_step": size / (steps * total)}


_WORKLOADS: Final[dict[str, Callable[[Path, Path, float], Awaitable[Figures]]]] = {
    "first_result": first_result,
    "stepped": stepped,
    "resumed": resumed,
    "idle": idle,
    "boot": boot,
    "file": file,
}


def main(what: str, directory: str, data: str, began: str) -> None:
    """Measure in this process, which was started at the moment `began`, and print the result as JSON."""
    figures: Any = trio.run(_WORKLOADS[what], Path(directory), Path(data), float(began))
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
