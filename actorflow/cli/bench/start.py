"""How long it takes until something happens: a command, a boot, a first result; and what a node does until then.

Each is measured in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.cli.bench import apart
from actorflow.cli.bench.actors import resident_bytes
from actorflow.cli.bench.durable import HOST, Flight
from actorflow.cli.bench.floor import FULL
from actorflow.cli.bench.row import Figures, Row

_ENTRIES: Final = 10_000
_ENTRIES_A_FILE: Final = 100
_IDLE_SECONDS: Final = 5.0
_FILE: Final = ("bench:steps_py", 10, 1_000, 200)
"""Entry, steps, runs, and how many of them are in flight, of the store whose size is told."""


def rows(place: Path) -> list[Row]:
    """Return the workloads of starting; `place` holds the registry and is free for data."""
    return [
        Row("start/command", "starts/s", partial(command, place=place)),
        Row("start/first-result", "starts/s", partial(_apart, what="first_result", place=place), FULL),
        Row("start/idle", "boots/s", partial(_apart, what="idle", place=place), FULL),
        Row(f"start/entries/{_ENTRIES}", "entries/s", partial(entries, place=place)),
        Row("start/file", "steps/s", partial(_apart, what="file", place=place), FULL),
    ]


async def command(_node: Any, place: Path) -> Figures:
    """Measure the smallest thing that the command line does, from its start to its end."""
    words, env = apart.command("actorflow.cli.main", "--help"), apart.environment(place)
    await trio.run_process(words, capture_stdout=True, env=env)  # compiles its modules
    began = time.perf_counter()
    await trio.run_process(words, capture_stdout=True, env=env)
    seconds = time.perf_counter() - began
    return 1 / seconds, {"seconds": seconds}


async def entries(_node: Any, place: Path) -> Figures:
    """Measure the boot of a registry of 10 000 entries, of which each is a function with a file of its own."""
    with tempfile.TemporaryDirectory(dir=place) as directory:
        for first in range(0, _ENTRIES, _ENTRIES_A_FILE):
            _write_namespace(Path(directory) / f"n{first}", first)
        return await _apart(_node, "boot", place, Path(directory), _ENTRIES)


def _write_namespace(directory: Path, first: int) -> None:
    lines = [f"namespace: n{first}", "entries:"]
    directory.mkdir()
    for number in range(first, first + _ENTRIES_A_FILE):
        lines.append(f"  - {{name: f{number}, kind: function.lua, source: file://f{number}.lua, method: main}}")
        (directory / f"f{number}.lua").write_text("return {main = function(value) return value end}\n")
    (directory / "_index.yaml").write_text("\n".join(lines) + "\n")


async def _apart(_node: Any, what: str, place: Path, directory: Path | None = None, count: int = 1) -> Figures:
    async def measured(what: str, directory: Path) -> Figures:
        with tempfile.TemporaryDirectory(dir=place) as data:
            words = apart.command("actorflow.cli.bench.start", what, str(directory), data, repr(time.time()))
            return await apart.apart(words, apart.environment(place))

    await measured("first_result", place / "registry")  # compiles all modules
    rate, more = await measured(what, directory or place / "registry")
    return count * rate, more


async def first_result(directory: Path, data: Path, began: float) -> Figures:
    """Return how often a second a process could start, boot a node and have the result of a run of one step."""
    async with app.open(directory, data=data) as node:
        await node.exec("bench:steps_py", host=HOST, args=[1])
        seconds = time.time() - began
    return 1 / seconds, {"seconds": seconds, "node_mb": resident_bytes() / 1e6}


async def idle(directory: Path, data: Path, began: float) -> Figures:
    """Return the memory of a node that has nothing to do, and the processor time it takes all the same (% of one)."""
    async with app.open(directory, data=data):
        seconds = time.time() - began
        cpu = time.process_time()
        await trio.sleep(_IDLE_SECONDS)
        share = 100 * (time.process_time() - cpu) / _IDLE_SECONDS
        return 1 / seconds, {"boot_s": seconds, "node_mb": resident_bytes() / 1e6, "cpu_percent": share}


async def boot(directory: Path, data: Path, began: float) -> Figures:
    """Return how long a process takes from its start until its node has booted."""
    async with app.open(directory, data=data):
        seconds = time.time() - began
        return 1 / seconds, {"seconds": seconds, "node_mb": resident_bytes() / 1e6}


async def file(directory: Path, data: Path, _began: float) -> Figures:
    """Return how many bytes of its store a step takes, when runs of ten steps have ended and the node has stopped."""
    entry, steps, total, in_flight = _FILE
    began = time.perf_counter()
    async with app.open(directory, data=data) as node:
        await Flight(node, entry, steps, total, in_flight).run()
        seconds = time.perf_counter() - began
    size = sum(item.stat().st_size for item in os.scandir(data) if item.name.startswith("runs.db"))
    return steps * total / seconds, {"bytes_a_step": size / (steps * total)}


_WORKLOADS: Final[dict[str, Callable[[Path, Path, float], Awaitable[Figures]]]] = {
    "first_result": first_result,
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
