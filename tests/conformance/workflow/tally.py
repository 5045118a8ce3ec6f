"""Functions of durable runs that count, in this process, how often they have ended for each number."""

from __future__ import annotations

from collections import Counter

import trio

ENDED: Counter[int] = Counter()
"""Emptied by the test that counts."""


async def step(number: int, seconds: float = 0.01) -> int:
    """Take a while, count, and return the double."""
    await trio.sleep(seconds)
    ENDED[number] += 1
    return number * 2
