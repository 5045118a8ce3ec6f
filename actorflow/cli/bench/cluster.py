"""The rows `cluster/…`: node processes that share one PostgreSQL, and what nodes say to each other.

Load is made in the nodes themselves, so that no client takes a share of the machine. Processor time is that of the
nodes and that of the database apart, for each operation.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from actorflow.cli.bench.cluster_crew import Crew, crew
from actorflow.cli.bench.cluster_database import BenchDatabase, postgres, schema
from actorflow.cli.bench.cluster_failover import fail_over, load
from actorflow.cli.bench.cluster_tls import with_tls
from actorflow.cli.bench.result import Result
from actorflow.cli.bench.row import Figures, Row
from actorflow.cli.bench.scripts import write_registry
from actorflow.errors import INTERNAL, Error

ROWS: Final = "floor/postgresql rows"
_NODES: Final = (1, 2, 4)
_IN_FLIGHT: Final = 200
_ROWS_A_STEP: Final = 2
_ROWS_A_RUN: Final = 4


@dataclass(slots=True)
class Sizes:
    """How much each workload does."""

    one_step: int = 3_000
    ten_step: int = 1_000
    signals: int = 200
    claims: int = 200
    messages: int = 50_000
    rounds: int = 5_000
    tickers: int = 48


@dataclass(slots=True)
class Stage:
    """Where a workload runs: the nodes, their database, how much it does, what it has measured, and which run it is."""

    crew: Crew
    database: BenchDatabase
    sizes: Sizes
    seconds: list[float] = field(default_factory=list)
    run: int = 0


def chosen(only: str) -> bool:
    """Tell whether there are workloads in this group whose name contains `only`."""
    return any(only in row.name for _, _, rows in _scenes() for row in rows)


async def measure_cluster(  # noqa: PLR0913 - what is asked, and of what
    runs: int, only: str, place: Path, tell: Callable[[str], None], *, store: str = "", sizes: Sizes | None = None
) -> list[Result]:
    """Run every workload of the group whose name contains `only`, `runs` times each, and return the results.

    Raises:
        Error: kind Unavailable, when there is no PostgreSQL; kind Invalid, when the URL is of something else.
    """
    results: list[Result] = []
    with postgres(store) as server:
        for number, (count, tls, rows) in enumerate(_scenes()):
            wanted = [row for row in rows if only in row.name]
            if not wanted:
                continue
            with schema(server) as database:
                if not results:
                    floors = [database.rows(run) for run in range(runs)]
                    results.append(Result(ROWS, "rows/s", floors, setting=database.setting))
                directory = _registry(place, tls=tls)
                async with crew(count, directory, place / f"scene-{number}", database.url) as made:
                    await made.meet()
                    for row in wanted:
                        tell(row.name)
                        stage = Stage(made, database, sizes or Sizes())
                        results.append(await _repeated(row, stage, runs, results[0].median))
    return results


def _registry(place: Path, *, tls: bool) -> Path:
    directory = write_registry(place / ("registry-tls" if tls else "registry-cluster"))
    if tls:
        with_tls(directory)
    return directory


async def _repeated(row: Row, stage: Stage, runs: int, floor: float) -> Result:
    figures = []
    for run in range(runs):
        stage.run = run
        figures.append(await row.work(stage))
    bare = floor / row.parts if row.floor else None
    return Result(row.name, row.unit, [value for value, _ in figures], bare, figures[-1][1], stage.database.setting)


def _scenes() -> list[tuple[int, bool, list[Row]]]:
    """Return the workloads by how many nodes they run on, and whether those talk over TLS."""
    scenes = [(count, False, _flights(count)) for count in _NODES]
    scenes[1][2].extend(
        [Row("cluster/claim/2", "ms", claim), Row("cluster/signal/2", "ms", signal), *_messages("clear")]
    )
    return [*scenes, (2, True, _messages("tls")), (3, False, _failures())]


def _flights(count: int) -> list[Row]:
    return [
        Row(f"cluster/one-step/py/{count}", "workflows/s", partial(flights, steps=1), "", ROWS, _ROWS_A_RUN),
        Row(f"cluster/ten-step/py/{count}", "steps/s", partial(flights, steps=10), "", ROWS, _ROWS_A_STEP),
    ]


def _failures() -> list[Row]:
    return [
        Row("cluster/fail-over/3", "s", partial(failing, is_stopped=False)),
        Row("cluster/stand-still/3", "s", partial(failing, is_stopped=True)),
    ]


def _messages(way: str) -> list[Row]:
    return [
        Row(f"cluster/mesh/one-way/{way}", "messages/s", one_way),
        Row(f"cluster/mesh/round-trip/{way}", "messages/s", round_trip),
    ]


async def flights(stage: Stage, steps: int) -> Figures:
    """Return steps a second of all nodes together, their latencies, and the processor time of each."""
    total = stage.sizes.one_step if steps == 1 else stage.sizes.ten_step
    share = -(-total // len(stage.crew.members))
    before = await _used(stage)
    answers = await stage.crew.all("flight", "bench:steps_py", steps, share, _IN_FLIGHT)
    after = await _used(stage)
    count = share * len(stage.crew.members) * steps
    seconds = max(answer["ended"] for answer in answers) - min(answer["began"] for answer in answers)
    more = {name: statistics.mean(answer[name] for answer in answers) for name in ("p50_ms", "p99_ms")}
    used = {name: (after[name] - before[name]) / count * 1e6 for name in before}
    return count / seconds, {**more, **used}


async def _used(stage: Stage) -> dict[str, float]:
    """Return the processor seconds of all nodes, and of the database where it can be known."""
    used = {"node_us": sum(await stage.crew.all("usage"))}
    database = stage.database.cpu()
    return used if database is None else {**used, "database_us": database}


async def claim(stage: Stage) -> Figures:
    """Return milliseconds from a start at one node to the first call at the node that owns the run."""
    return _quantiles(stage, await stage.crew.members[0].ask("claims", stage.sizes.claims), 1000)


async def signal(stage: Stage) -> Figures:
    """Return milliseconds from a signal at one node to a run at another until its result is there."""
    there, here = stage.crew.members[:2]
    pids = await there.ask("waiters", stage.sizes.signals)
    return _quantiles(stage, await here.ask("signalled", pids), 1000)


async def failing(stage: Stage, *, is_stopped: bool) -> Figures:
    """Return seconds for which the runs of a node that is killed, or that stands still, do not go on."""
    for member in stage.crew.members:
        if not member.runs:
            await stage.crew.start(member)
    await load(stage.crew, stage.database, stage.sizes.tickers)
    member = stage.crew.members[stage.run % len(stage.crew.members)]
    return _quantiles(stage, await fail_over(stage.crew, stage.database, member, is_stopped=is_stopped), 1)


def _quantiles(stage: Stage, seconds: Sequence[float], factor: float) -> Figures:
    """Return the median of this run, and p50 and p99 of all runs so far."""
    if not seconds:
        raise Error("bench: nothing was measured: no run came to another node", INTERNAL, retryable=False)
    stage.seconds.extend(each * factor for each in seconds)
    cuts = statistics.quantiles(stage.seconds, n=100) if len(stage.seconds) > 1 else stage.seconds * 99
    return statistics.median(seconds) * factor, {"p50": cuts[49], "p99": cuts[98], "most": max(stage.seconds)}


async def one_way(stage: Stage) -> Figures:
    """Return messages a second from a process of one node to one of another, until the last has been received."""
    count = stage.sizes.messages
    seconds, used = await _played(stage, "bench:counter", "bench:counted", count)
    return count / seconds, {"node_us": used / count * 1e6}


async def round_trip(stage: Stage) -> Figures:
    """Return messages a second between two processes of two nodes that answer each other."""
    rounds = stage.sizes.rounds
    seconds, used = await _played(stage, "bench:echo_py", "bench:player_py", rounds)
    return 2 * rounds / seconds, {"round_trip_us": seconds / rounds * 1e6, "node_us": used / rounds / 2 * 1e6}


async def _played(stage: Stage, there: str, here: str, count: int) -> tuple[float, float]:
    """Run a process at one node that talks to one at another; returns its seconds, and the nodes' processor seconds."""
    first, second = stage.crew.members[:2]
    peer = await second.ask("actor", there)
    before = await _used(stage)
    seconds = await first.ask("play", here, peer, count, 1)
    return seconds, (await _used(stage))["node_us"] - before["node_us"]
