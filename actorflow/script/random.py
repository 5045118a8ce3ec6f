"""Random numbers drawn from the process's recorded source, so that a replay sees the same ones.

In a function they are drawn from the machine's.
The algorithms are written out here and never change: what was drawn must mean the same after an upgrade of Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from actorflow.errors import invalid
from actorflow.script.argument import number, whole
from actorflow.script.source import draw

T = TypeVar("T")

_MANTISSA: Final = 53


def randbytes(size: int) -> bytes:
    """Return `size` random bytes.

    Raises:
        Error: kind Invalid, for a negative size.
    """
    if whole("random.randbytes", "size", size) < 0:
        raise invalid(f"random.randbytes: got {size}, expected 0 or more")
    return draw("random", size) if size else b""


def getrandbits(bits: int) -> int:
    """Return a random integer of at most so many bits."""
    size = (whole("random.getrandbits", "number of bits", bits) + 7) // 8
    return int.from_bytes(randbytes(size), "big") >> (size * 8 - bits)


def random() -> float:
    """Return a random float, 0.0 <= x < 1.0."""
    return float(getrandbits(_MANTISSA) / (1 << _MANTISSA))


def uniform(low: float, high: float) -> float:
    """Return a random float between two others."""
    low, high = number("random.uniform", "lower bound", low), number("random.uniform", "upper bound", high)
    return low + (high - low) * random()


def randint(low: int, high: int) -> int:
    """Return a random integer, low <= x <= high.

    Raises:
        Error: kind Invalid, when there is none.
    """
    if whole("random.randint", "lower bound", low) > whole("random.randint", "upper bound", high):
        raise invalid(f"random.randint: got {low} to {high}, expected the lower bound first")
    return low + _below(high - low + 1)


def choice(items: Sequence[T]) -> T:
    """Return one of the items.

    Raises:
        Error: kind Invalid, when there are none.
    """
    if not isinstance(items, Sequence):
        raise invalid(f"random.choice: got {items!r:.80}, expected a sequence")
    if not items:
        raise invalid("random.choice: got an empty sequence, expected at least one item")
    return items[_below(len(items))]


def shuffle(items: list[Any]) -> None:
    """Put the items of a list into random order, in place."""
    for last in range(len(items) - 1, 0, -1):
        other = _below(last + 1)
        items[last], items[other] = items[other], items[last]


def sample(items: Sequence[T], count: int) -> list[T]:
    """Return `count` different items in random order.

    Raises:
        Error: kind Invalid, when there are not so many.
    """
    if not isinstance(items, Sequence):
        raise invalid(f"random.sample: got {items!r:.80}, expected a sequence")
    if not 0 <= whole("random.sample", "count", count) <= len(items):
        raise invalid(f"random.sample: got {count} of {len(items)} items, expected 0 to {len(items)}")
    pool = list(items)
    shuffle(pool)
    return pool[:count]


def _below(limit: int) -> int:
    bits = (limit - 1).bit_length()
    if bits == 0:
        return 0
    while True:  # a draw too large is thrown away: taking it modulo the limit would favour small numbers
        drawn = getrandbits(bits)
        if drawn < limit:
            return drawn
