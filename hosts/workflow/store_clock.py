"""The time of a database that several nodes share: what is due by the clock of one is due by that of another.

A node asks the database for its time with every beat. In between its own clock that never goes back counts on, so that
a wall clock which is set, by seconds or by days, moves nothing that is due. As long as what the database says and what
was counted agree within `TOLERATED`, the count goes on; else it begins anew with the time of the database.

An answer says what time it was at some moment between question and answer (Cristian 1989): one that took long says
little, but what contradicts it is wrong all the same.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from actorflow.duration import SECOND

if TYPE_CHECKING:
    from actorflow.clock import Clock

TOLERATED: Final = SECOND // 4
"""Nanoseconds by which two clocks may differ, and that an answer of the database may take to be sure."""


class StoreClock:
    """A clock that follows the database (`clock.Clock`)."""

    def __init__(self, clock: Clock) -> None:
        """Begin with the time of `clock`, and count on."""
        self._clock = clock
        self._base = clock.now() - clock.monotonic()
        self._error: float = inf
        self.monotonic = clock.monotonic

    @property
    def is_sure(self) -> bool:
        """Whether the database has said what time it is, in an answer that took no longer than `TOLERATED`."""
        return 2 * self._error <= TOLERATED

    def now(self) -> int:
        """Return the time of the database as far as it is known: nanoseconds since the Unix epoch."""
        return self.monotonic() + self._base

    @property
    def offset(self) -> int:
        """How many nanoseconds this clock is ahead of the wall clock of the node."""
        return self.now() - self._clock.now()

    def follow(self, sent: int, received: int, said: int) -> bool:
        """Take what the database said between two readings of `monotonic`; tells whether the time has jumped."""
        base, error = said - (sent + received) // 2, (received - sent) // 2
        if abs(base - self._base) <= error + TOLERATED:
            self._error = min(self._error, error)
            return False
        self._base, self._error = base, error
        return True
