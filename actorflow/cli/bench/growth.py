"""What more work costs: longer histories and larger values. Twice as much should cost twice as much, and no more."""

from __future__ import annotations

from functools import partial
from typing import Final

from actorflow.cli.bench.durable import steps
from actorflow.cli.bench.floor import FULL
from actorflow.cli.bench.row import Row

_HISTORIES: Final = ((10, 400), (1_000, 4), (10_000, 1))
"""Steps of a run, and how many such runs one measurement takes, two at a time."""
_PAYLOADS: Final = ((100, 1_000), (10_000, 500), (1_000_000, 20))
"""Bytes that go into a step and come out of it, and how many such steps one measurement takes."""


def rows() -> list[Row]:
    """Return the workloads that grow."""
    found = []
    for each, total in _HISTORIES:
        work = partial(steps, entry="bench:steps_py", each=each, total=total, in_flight=2)
        found.append(Row(f"growth/history/{each}", "steps/s", work, FULL))
    for size, total in _PAYLOADS:
        work = partial(steps, entry="bench:carrier", each=10, total=total // 10, in_flight=4, args=(size,))
        found.append(Row(f"growth/payload/{size}", "steps/s", work, FULL))
    return found
