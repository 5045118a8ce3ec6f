"""Running the benchmarks: each workload several times, on one node, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from actorflow import app
from actorflow.cli.bench import actors, crowd, durable, growth, scale, start
from actorflow.cli.bench.floor import floors
from actorflow.cli.bench.result import Result
from actorflow.cli.bench.row import Row
from actorflow.cli.bench.scripts import write_registry

if TYPE_CHECKING:
    from actorflow.node.node import Node


async def measure(runs: int, only: str, size: int, tell: Callable[[str], None]) -> list[Result]:
    """Run every workload whose name contains `only`, `runs` times each, and return the results.

    `size` is how much the workloads of scale hold, 0 for a small amount of each.
    """
    with tempfile.TemporaryDirectory(prefix="actorflow-bench-") as temporary:
        place = Path(temporary)
        results = floors(place, runs)
        bare = {result.name: result.median for result in results}
        directory = write_registry(place / "registry")
        async with app.open(directory, data=place / "data") as node:
            for row in all_rows(place, size):
                if only in row.name:
                    tell(row.name)
                    results.append(await _repeated(row, node, runs, bare))
    return results


def all_rows(place: Path, size: int) -> list[Row]:
    """Return all workloads, in the order of the table; `place` is a directory for registries and data."""
    processes = [*actors.rows(place), *crowd.rows()]
    return [*durable.rows(), *processes, *scale.rows(place, size), *growth.rows(), *start.rows(place)]


async def _repeated(row: Row, node: Node, runs: int, bare: dict[str, float]) -> Result:
    figures = [await row.work(node) for _ in range(runs)]
    floor = bare[row.floor] / row.parts if row.floor else None
    return Result(row.name, row.unit, [rate for rate, _ in figures], floor, figures[-1][1], row.setting)
