"""The time of a database that several nodes share: what is due by the clock of one is due by that of another.

A node asks the database for its time with every beat. As long as the two agree within `TOLERATED`, as they do where
clocks are kept in step, its own clock is the time; else the difference is added to it. Time may jump by that, as any
wall clock may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.duration import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from actorflow.clock import Clock

TOLERATED: Final = SECOND // 4
"""Nanoseconds by which two clocks may differ, and that an answer of the database may take to mean anything."""


class StoreClock:
    """A clock that follows the database (`clock.Clock`); `now` is the node's own as long as the two agree."""

    now: Callable[[], int]

    def __init__(self, clock: Clock) -> None:
        """Begin with the time of `clock`."""
        self._clock = clock
        self.offset = 0
        self.now = clock.now
        self.monotonic = clock.monotonic

    def follow(self, sent: int, received: int, said: int) -> bool:
        """Take what the database said between two readings of the own clock; tells whether the time has jumped."""
        offset = said - (sent + received) // 2
        if not 0 <= received - sent <= TOLERATED or abs(offset - self.offset) <= TOLERATED:
            return False
        self.offset = offset if abs(offset) > TOLERATED else 0
        self.now = self._shifted if self.offset else self._clock.now
        return True

    def _shifted(self) -> int:
        return self._clock.now() + self.offset
