"""Functions of durable runs that count, in this process, how often they have ended for each number."""

from __future__ import annotations

from collections import Counter

import trio

ENDED: Counter[int] = Counter()
"""Emptied by the test that counts."""


TOLD: dict[str, list[str]] = {}
"""The ids of the deliveries that came for each run, one for each attempt."""
DONE: dict[str, str] = {}
"""The delivery of each run that was taken."""
FAILING: set[str] = set()
"""Whether deliveries are refused now: when there is something in it."""


async def told(event: dict[str, str]) -> None:
    """Take a delivery of a hook."""
    TOLD.setdefault(event["pid"], []).append(event["id"])
    if FAILING:
        raise OSError("nobody is there")
    DONE[event["pid"]] = event["id"]


async def step(number: int, seconds: float = 0.01) -> int:
    """Take a while, count, and return the double."""
    await trio.sleep(seconds)
    ENDED[number] += 1
    return number * 2
