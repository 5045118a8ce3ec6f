"""Measuring workers: the same client starts the same workflows on each of them, in turns, on one server."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from types import MappingProxyType
from typing import Any, Final

from temporalio.client import Client

from actorflow.errors import invalid, unavailable
from actorflow.node.suggest import did_you_mean
from hosts.temporal.bench.meter import READY, USED

_PLAIN: Final = "hosts.temporal.bench.plain"
_OURS: Final = "hosts.temporal.bench.ours"
WORKERS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "plain": (_PLAIN, "sandboxed"),
        "plain without its sandbox": (_PLAIN, "bare"),
        "actorflow, Python": (_OURS, "python"),
        "actorflow, Lua": (_OURS, "lua"),
    }
)
_BESIDE: Final[Mapping[str, str]] = MappingProxyType(
    {"to_plain": "plain", "to_plain_without_sandbox": "plain without its sandbox"}
)
"""What every worker is compared with: under these names are its ratios."""
_AT_A_TIME: Final = 10


@dataclass
class Measured:
    """What a worker has done: processor seconds for each workflow by its number of steps, and times on the wall."""

    name: str
    cpu: dict[int, list[float]] = field(default_factory=dict)
    latency: dict[int, list[float]] = field(default_factory=dict)
    rate: dict[int, list[float]] = field(default_factory=dict)

    def per_workflow(self, steps: int) -> float:
        """Return processor seconds of the worker for one workflow with so many steps."""
        return median(self.cpu[steps])

    def per_step(self, few: int, many: int) -> float:
        """Return processor seconds for one step more."""
        return (self.per_workflow(many) - self.per_workflow(few)) / (many - few)


class _Worker:
    """A process that serves a queue of its own."""

    def __init__(self, name: str, process: Process, queue: str) -> None:
        self.measured = Measured(name)
        self.process = process
        self.queue = queue

    async def cpu(self) -> float:
        """Return the processor seconds that it has used."""
        assert self.process.stdin is not None  # noqa: S101 - piped
        assert self.process.stdout is not None  # noqa: S101 - piped
        self.process.stdin.write(b"\n")
        while line := (await self.process.stdout.readline()).decode():
            if line.startswith(USED):
                return float(line.removeprefix(USED))
        raise unavailable(f"the worker {self.measured.name!r} has ended; see what it has printed above")


async def measure(  # noqa: PLR0913 - what there is to choose
    address: str,
    names: Sequence[str],
    *,
    workflows: int = 100,
    steps: tuple[int, int] = (1, 11),
    rounds: int = 3,
    say: Callable[[str], Any] = lambda _: None,
) -> list[Measured]:
    """Measure workers in turns: each round every one does `workflows` workflows with few steps, then with many.

    Raises:
        Error: kind Unavailable, when a worker does not come up.
    """
    client = await Client.connect(address)
    workers = [await _started(name, address) for name in names]
    try:
        for number in range(rounds + 1):  # the first one warms up
            for worker in workers:
                for count in steps:
                    say(f"round {number}: {worker.measured.name}, {count} steps")
                    await _round(client, worker, count, workflows, kept=number > 0)
    finally:
        for worker in workers:
            await _stop(worker.process)
    return [worker.measured for worker in workers]


async def _started(name: str, address: str) -> _Worker:
    module, how = WORKERS[name]
    queue = f"bench-{uuid.uuid4()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, address, queue, how, stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None  # noqa: S101 - piped
    if (await process.stdout.readline()).decode().strip() != READY:
        await _stop(process)
        raise unavailable(f"the worker {name!r} did not come up; see what it has printed above")
    return _Worker(name, process, queue)


async def _stop(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _round(client: Client, worker: _Worker, steps: int, workflows: int, *, kept: bool) -> None:
    limit, latencies = asyncio.Semaphore(_AT_A_TIME), list[float]()

    async def one() -> None:
        async with limit:
            began = time.perf_counter()
            identity = f"bench-{uuid.uuid4()}"
            await client.execute_workflow("bench:steps", steps, id=identity, task_queue=worker.queue)
            latencies.append(time.perf_counter() - began)

    before, began = await worker.cpu(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(workflows)))
    spent, took = await worker.cpu() - before, time.perf_counter() - began
    if kept:
        measured = worker.measured
        measured.cpu.setdefault(steps, []).append(spent / workflows)
        measured.latency.setdefault(steps, []).append(median(latencies))
        measured.rate.setdefault(steps, []).append(workflows * steps / took)


def compare(
    address: str, workflows: int, rounds: int, only: Sequence[str], say: Callable[[str], Any]
) -> list[dict[str, Any]]:
    """Measure workers and return for each what it costs, in milliseconds of processor time, beside the plain ones.

    Args:
        address: of the server.
        workflows: in each round.
        rounds: how often every worker is measured.
        only: the names of the workers, all when empty.
        say: is told what goes on.

    Raises:
        Error: kind Unavailable, when there is no server or a worker does not come up; Invalid for an unknown worker.
    """
    names = list(only) or list(WORKERS)
    if unknown := [name for name in names if name not in WORKERS]:
        raise invalid(f"no worker {unknown[0]!r}{did_you_mean(unknown[0], WORKERS)}; there are: {', '.join(WORKERS)}")
    try:
        measured = asyncio.run(measure(address, names, workflows=workflows, rounds=rounds, say=say))
    except RuntimeError as error:
        raise unavailable(f"no server at {address}: {error!s:.200}; `actorflow temporal dev` serves one") from None
    return lines(measured)


def lines(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Return what each worker costs, and how often that is what the plain ones cost, with and without the sandbox."""
    known = {one.name: one for one in measured}
    beside = {name: known[worker] for name, worker in _BESIDE.items() if worker in known}
    return [{**_line(one), **{name: _ratios(one, other) for name, other in beside.items()}} for one in measured]


def _line(one: Measured) -> dict[str, Any]:
    few, many = sorted(one.cpu)
    return {
        "worker": one.name,
        "workflow_ms": round(one.per_workflow(few) * 1000, 2),
        "step_ms": round(one.per_step(few, many) * 1000, 2),
        "latency_ms": round(median(one.latency[few]) * 1000, 1),
        "steps_per_second": round(median(one.rate[many]), 1),
    }


def _ratios(one: Measured, other: Measured) -> dict[str, float | None]:
    """Return how often a workflow of one step, and a step more, cost what they cost the other."""
    few, many = sorted(one.cpu)
    step = other.per_step(few, many)
    return {
        "workflow": round(one.per_workflow(few) / other.per_workflow(few), 2),
        "step": round(one.per_step(few, many) / step, 2) if step > 0 else None,
    }
