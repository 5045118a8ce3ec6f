"""Running the benchmarks: each workload several times, on one node, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from actorflow import app
from actorflow.cli.bench import actors, durable, floor, scale
from actorflow.cli.bench.result import Result
from actorflow.cli.bench.scripts import write_registry

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

_FULL: Final = "SQLite, synchronous=FULL"
_ROWS_PER_STEP: Final = 2
_ROWS_PER_ONE_STEP_RUN: Final = 4
Measure = Callable[[Any], Awaitable[tuple[float, dict[str, float]]]]


async def measure(runs: int, only: str, size: int, tell: Callable[[str], None]) -> list[Result]:
    """Run every workload whose name contains `only`, `runs` times each, and return the results.

    `size` is how much the workloads of scale hold, 0 for a small amount of each.
    """
    with tempfile.TemporaryDirectory(prefix="actorflow-bench-") as temporary:
        place = Path(temporary)
        rows = [floor.sqlite_rows(place, run) for run in range(runs)]
        messages = [floor.bare_messages() for _ in range(runs)]
        results = [
            Result("floor/sqlite rows", "rows/s", rows, setting=_FULL),
            Result("floor/bare messages", "messages/s", messages),
        ]
        directory = write_registry(place / "registry")
        async with app.open(directory, data=place / "data") as node:
            for name, unit, setting, work in [*_workloads(place), *_scales(place, size)]:
                if only in name:
                    tell(name)
                    results.append(await _repeated(name, unit, setting, work, node, runs))
        _set_floors(results)
    return results


async def _repeated(  # noqa: PLR0913, PLR0917 - what a row of the table has
    name: str, unit: str, setting: str, work: Measure, node: Node, runs: int
) -> Result:
    values: list[float] = []
    more: dict[str, float] = {}
    for _ in range(runs):
        value, more = await work(node)
        values.append(value)
    return Result(name, unit, values, more=more, setting=setting)


def _workloads(place: Path) -> list[tuple[str, str, str, Measure]]:
    found: list[tuple[str, str, str, Measure]] = []
    for language in ("py", "lua"):
        entry = f"bench:steps_{language}"
        for in_flight, total in ((1, 300), (200, 3_000)):
            found.append(
                (f"durable/one-step/{language}/{in_flight}", "workflows/s", _FULL, _flight(entry, 1, total, in_flight))
            )
        found.append((f"durable/ten-step/{language}/200", "steps/s", _FULL, _flight(entry, 10, 1_000, 200)))
        found.append((f"durable/sequential/{language}", "steps/s", _FULL, _flight(entry, 1_000, 1, 1)))
        for kind, payload in (("map", actors.MAP), ("scalar", 1)):
            found.append((f"actors/ping-pong/{language}/{kind}", "messages/s", "", _ping_pong(language, payload)))
            found.append((f"actors/one-way/{language}/{kind}", "messages/s", "", _one_way(language, payload)))
        found.append((f"actors/spawn-exit/{language}", "processes/s", "", _brief(language)))
        found.append((f"actors/idle/{language}", "spawns/s", "", _idle(place, language)))
    found.append(("durable/signal", "round trips/s", _FULL, lambda node: durable.signal_round_trips(node, 200)))
    return found


def _scales(place: Path, size: int) -> list[tuple[str, str, str, Measure]]:
    units = {"kept": "workflows/s", "resume": "events/s"}
    found = []
    for what, usual in scale.SIZES.items():
        count, unit = size or usual, units.get(what, "runs/s")
        found.append((f"scale/{what}/{count}", unit, _FULL, _scale(place, what, count)))
    return found


def _scale(place: Path, what: str, count: int) -> Measure:
    async def work(_node: Node) -> tuple[float, dict[str, float]]:
        with tempfile.TemporaryDirectory(dir=place) as data:
            return await scale.measured(what, place / "registry", Path(data), count)

    return work


def _flight(entry: str, steps: int, total: int, in_flight: int) -> Measure:
    async def work(node: Node) -> tuple[float, dict[str, float]]:
        rate, more = await durable.workflows(node, entry, steps, total, in_flight)
        return rate * max(1, steps), more

    return work


def _ping_pong(language: str, payload: Value) -> Measure:
    async def work(node: Node) -> tuple[float, dict[str, float]]:
        return await actors.ping_pong(node, language, 100_000, payload), {}

    return work


def _one_way(language: str, payload: Value) -> Measure:
    async def work(node: Node) -> tuple[float, dict[str, float]]:
        return await actors.one_way(node, language, 100_000, payload), {}

    return work


def _brief(language: str) -> Measure:
    async def work(node: Node) -> tuple[float, dict[str, float]]:
        return await actors.brief(node, language, 20_000), {}

    return work


def _idle(place: Path, language: str) -> Measure:
    async def work(_node: Node) -> tuple[float, dict[str, float]]:
        with tempfile.TemporaryDirectory(dir=place) as data:
            return await actors.idle(place / "registry", Path(data), language, 100_000 if language == "py" else 10_000)

    return work


def _set_floors(results: list[Result]) -> None:
    """Set beside each result what the floor allows: rows a second by the journal rows it writes, or messages."""
    rows, messages = results[0].median, results[1].median
    for result in results[2:]:
        if result.name.startswith("durable/one-step"):
            result.floor = rows / _ROWS_PER_ONE_STEP_RUN
        elif result.unit == "steps/s":
            result.floor = rows / _ROWS_PER_STEP
        elif result.unit == "messages/s":
            result.floor = messages
