"""How long it takes until something happens: a command, a boot, a first result; and what a node does until then.

Each is measured in a process of its own.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actorflow.cli.bench import apart
from actorflow.cli.bench.floor import FULL
from actorflow.cli.bench.row import Figures, Row
from actorflow.cli.bench.started import GATE

_ENTRIES: Final = 10_000
_ENTRIES_A_FILE: Final = 100
_POLL: Final = 0.02


def rows(place: Path) -> list[Row]:
    """Return the workloads of starting; `place` holds the registry and is free for data."""
    return [
        Row("start/command", "starts/s", partial(command, place=place)),
        Row("start/first-result", "starts/s", partial(_apart, what="first_result", place=place), FULL),
        Row("start/resume", "starts/s", partial(resume, place=place), FULL),
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


async def resume(_node: Any, place: Path) -> Figures:
    """Kill a process with a run that has taken 1 000 steps, and measure the next one until the run has ended."""
    with tempfile.TemporaryDirectory(dir=place) as data:
        await _leave(place, Path(data))
        return await apart.apart(_started("resumed", place / "registry", data), apart.environment(place))


async def _leave(place: Path, data: Path) -> None:
    """Have a process killed while its run waits in the last of its calls, which then ends when it is made again."""
    async with trio.open_nursery() as nursery:
        words, env = _started("stepped", place / "registry", str(data)), apart.environment(place)
        child = await nursery.start(partial(trio.run_process, words, check=False, env=env))
        while child.poll() is None and not (data / f"{GATE}.reached").exists():  # noqa: ASYNC110 - another makes it
            await trio.sleep(_POLL)
        child.kill()
    (data / GATE).touch()


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


def _started(what: str, directory: Path, data: str) -> list[str]:
    return apart.command("actorflow.cli.bench.started", what, str(directory), data, repr(time.time()))


async def _apart(_node: Any, what: str, place: Path, directory: Path | None = None, count: int = 1) -> Figures:
    async def measured(what: str, directory: Path) -> Figures:
        with tempfile.TemporaryDirectory(dir=place) as data:
            return await apart.apart(_started(what, directory, data), apart.environment(place))

    await measured("first_result", place / "registry")  # compiles all modules
    rate, more = await measured(what, directory or place / "registry")
    return count * rate, more
