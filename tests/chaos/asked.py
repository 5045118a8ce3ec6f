"""What was asked and acknowledged, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from actorflow.run.state import CANCELLED, COMPLETED
from actorflow.testing.invariant import Signal

SIGNALS: Final = 3
"""Messages that each order is told, in order."""


@dataclass(frozen=True)
class Expected:
    """What a run has to come to.

    Attributes:
        effects: what is done exactly once. pairs: when the first was done, so was the second, each at most once.
        naps: of two effects, the seconds that lie between them at least. within: a key, and the effects between whose
            times nobody else who has the key does anything.
    """

    state: str
    result: Any = None
    effects: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    naps: tuple[tuple[str, str, float], ...] = ()
    within: tuple[str, str, str] | None = None


@dataclass
class Asked:
    """What was acknowledged."""

    runs: dict[str, Expected] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    cancelled: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)


def order(number: int) -> Expected:
    """Return what an order comes to: three charges, one of its child, and the last of its signals."""
    steps = tuple(f"order {number} step {step}" for step in range(3))
    return Expected(COMPLETED, 3 * number + 3 + 1 + SIGNALS, (*steps, f"ship {number}"))


def guarded(number: int, till: int) -> Expected:
    """Return what a run with a key comes to: nobody else has the key meanwhile."""
    begin, end = f"guarded {number} begins", f"guarded {number} ends"
    return Expected(COMPLETED, number, (begin, end), within=(f"till-{till}", begin, end))


def nap(number: int, milliseconds: int) -> Expected:
    """Return what a sleeper comes to: it does not wake early."""
    begin, end = f"nap {number} begins", f"nap {number} ends"
    return Expected(COMPLETED, number, (begin, end), naps=((begin, end, milliseconds / 1000),))


def refund(number: int) -> Expected:
    """Return what a run that is cancelled comes to: what was taken is given back."""
    return Expected(CANCELLED, None, pairs=((f"refund {number} taken", f"refund {number} given back"),))
