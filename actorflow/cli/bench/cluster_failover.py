"""Fail-over: a node of three is killed under load, and each run that it turned is watched until it goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.cli.bench import durable
from actorflow.errors import Error
from actorflow.run.shard import SHARDS, shard_of

if TYPE_CHECKING:
    from actorflow.cli.bench.cluster_crew import Crew, Member
    from actorflow.cli.bench.cluster_database import BenchDatabase

_POLL: Final = 0.02
_STEPPING: Final = 4
"""Journal events of a run that is under way."""
_PATIENCE: Final = 120.0
_OWNED: Final = "SELECT shard, node FROM host_shard WHERE host = %s AND shard < %s"
_OPEN: Final = "SELECT run, lease, last_seq FROM run WHERE run IN (SELECT run FROM open_run WHERE host = %s)"


async def load(crew: Crew, database: BenchDatabase, count: int) -> None:
    """See to so many runs for each node that make a step now and then: enough that each shard has some."""
    await _balanced(crew, database)
    left = count - len(_runs(database, set(range(SHARDS)))) // len(crew.members)
    if left > 0:
        await crew.all("tickers", left)


async def fail_over(crew: Crew, database: BenchDatabase, member: Member, *, is_stopped: bool) -> list[float]:
    """Kill a node, and return how many seconds each of its runs stood still; `is_stopped` has it stand still before.

    That a process has ended is seen by others on its machine. One that stands still is found as one of another machine
    is that has died: by its counter.
    """
    await _balanced(crew, database)
    shards = {shard for shard, node in _owned(database).items() if node.startswith(f"{member.name}/")}
    with trio.fail_after(_PATIENCE):
        while not all(seq > _STEPPING for _, seq in _runs(database, shards).values()):  # noqa: ASYNC110 - no events
            await trio.sleep(_POLL)
    began = time.monotonic()
    await (member.stop() if is_stopped else member.kill())
    seconds = await _gone_on(database, shards, began)
    await member.kill()
    return seconds


async def _gone_on(database: BenchDatabase, shards: set[int], began: float) -> list[float]:
    """Watch the runs of some shards until each has another owner and has made a step; returns when each had."""
    before, seconds = _runs(database, shards), []
    while before:
        await trio.sleep(_POLL)
        stood = time.monotonic() - began
        if stood > _PATIENCE:
            raise Error(
                f"bench: {len(before)} runs of a killed node still stand after {_PATIENCE:g} s", retryable=False
            )
        for run, (token, seq) in _runs(database, shards).items():
            if run in before and token != before[run][0] and seq > before[run][1]:
                del before[run]
                seconds.append(stood)
    return seconds


async def _balanced(crew: Crew, database: BenchDatabase) -> None:
    """Wait until the nodes own everything, and each about its part."""
    names = {member.name for member in crew.members}
    with trio.fail_after(_PATIENCE):
        while True:
            nodes = [node.partition("/")[0] for node in _owned(database).values()]
            if set(nodes) == names and min(map(nodes.count, names)) >= SHARDS // (2 * len(names)):
                return
            await trio.sleep(_POLL)


def _owned(database: BenchDatabase) -> dict[int, str]:
    return dict(database.connection.execute(_OWNED, (durable.HOST, SHARDS)).fetchall())


def _runs(database: BenchDatabase, shards: set[int]) -> dict[int, tuple[int, int]]:
    """Return the token and the length of the journal of each open run in some shards."""
    rows: list[Any] = database.connection.execute(_OPEN, (durable.HOST,)).fetchall()
    return {run: (token, seq) for run, token, seq in rows if shard_of(run) in shards}
