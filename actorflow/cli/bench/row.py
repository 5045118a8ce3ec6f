"""What a benchmark is made of: a row of the table, and the taking of time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

Figures = tuple[float, dict[str, float]]
"""How much was done a second, and further figures by name: `p50_ms`, `cpu_us` (an operation, of this process), …"""
Work = Callable[[Any], Awaitable[Figures]]
"""Do it on a node that runs the registry of the benchmarks."""


@dataclass(frozen=True, slots=True)
class Row:
    """One workload.

    Attributes:
        name: stable, e.g. `durable/one-step/py/200`. unit: what is counted, e.g. `workflows/s`. work: does it once.
        setting: what matters to the figure, e.g. `synchronous=FULL`.
        floor: the name of the floor it stands on, or "". parts: how many units of that floor one operation needs.
    """

    name: str
    unit: str
    work: Work
    setting: str = ""
    floor: str = ""
    parts: float = 1


class Stopwatch:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        """Start."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def figures(self, count: int, **more: float) -> Figures:
        """Return operations a second, and the processor time each of them took in this process, in microseconds."""
        cpu = time.process_time() - self._cpu
        return count / (time.perf_counter() - self._wall), {"cpu_us": 1e6 * cpu / count, **more}


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile in milliseconds."""
    quantiles = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [*seconds] * 99
    return {"p50_ms": quantiles[49] * 1000, "p99_ms": quantiles[98] * 1000}
