"""Running the benchmarks: each workload several times, on one node, one after another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actorflow import app
from actorflow.cli.bench import actors, cluster, crowd, durable, growth, scale, start
from actorflow.cli.bench.beside import Peer
from actorflow.cli.bench.floor import floors
from actorflow.cli.bench.result import Result
from actorflow.cli.bench.row import Row
from actorflow.cli.bench.scripts import write_registry
from actorflow.errors import UNAVAILABLE, Error

if TYPE_CHECKING:
    from actorflow.node.node import Node


async def measure(  # noqa: PLR0913, PLR0917 - what the verb is given
    runs: int, only: str, size: int, tell: Callable[[str], None], store: str = "", peers: Sequence[Peer] = ()
) -> list[Result]:
    """Run every workload whose name contains `only`, `runs` times each, and return the results.

    `size` is how much the workloads of scale hold, 0 for a small amount of each; `store` the URL of the PostgreSQL of
    the group `cluster/`, "" for one that is started for it. Without one that group is left out, and `tell` is told why.
    After each run of a workload the `peers` run theirs.

    Raises:
        Error: kind Unavailable, when nothing but that group is asked for, or when `store` cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="actorflow-bench-") as temporary:
        place = Path(temporary)
        results = floors(place, runs)
        bare = {result.name: result.median for result in results}
        rows = [row for row in all_rows(place, size) if only in row.name]
        if rows:
            directory = write_registry(place / "registry")
            async with app.open(directory, data=place / "data") as node:
                for row in rows:
                    tell(row.name)
                    results.append(await _repeated(row, node, runs, bare, peers))
        if cluster.chosen(only):
            try:
                results.extend(await cluster.measure_cluster(runs, only, place, tell, store=store))
            except Error as error:
                if store or not rows or error.kind != UNAVAILABLE:
                    raise
                tell(error.message)
    return [*results, *(found for peer in peers for found in peer.results(results))]


def all_rows(place: Path, size: int) -> list[Row]:
    """Return all workloads, in the order of the table; `place` is a directory for registries and data."""
    processes = [*actors.rows(place), *crowd.rows()]
    return [*durable.rows(), *processes, *scale.rows(place, size), *growth.rows(), *start.rows(place)]


async def _repeated(row: Row, node: Node, runs: int, bare: dict[str, float], peers: Sequence[Peer]) -> Result:
    figures = []
    for _ in range(runs):
        figures.append(await row.work(node))
        for peer in peers:
            await peer.measure(row.name)
    floor = bare[row.floor] / row.parts if row.floor else None
    return Result(row.name, row.unit, [rate for rate, _ in figures], floor, figures[-1][1], row.setting)
