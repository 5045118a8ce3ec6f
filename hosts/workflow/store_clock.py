"""The time of a database that several nodes share: what is due by the clock of one is due by that of another.

A node asks the database for its time with every beat. In between its own clock that never goes back counts on, so that
a wall clock which is set, by seconds or by days, moves nothing that is due. As long as what the database says and what
was counted agree within `TOLERATED`, the count goes on; else it begins anew with the time of the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.duration import SECOND

if TYPE_CHECKING:
    from actorflow.clock import Clock

TOLERATED: Final = SECOND // 4
"""Nanoseconds by which two clocks may differ, and that an answer of the database may take to mean anything."""


class StoreClock:
    """A clock that follows the database (`clock.Clock`)."""

    def __init__(self, clock: Clock) -> None:
        """Begin with the time of `clock`, and count on."""
        self._clock = clock
        self._base = clock.now() - clock.monotonic()
        self.monotonic = clock.monotonic

    def now(self) -> int:
        """Return the time of the database as far as it is known: nanoseconds since the Unix epoch."""
        return self.monotonic() + self._base

    @property
    def offset(self) -> int:
        """How many nanoseconds this clock is ahead of the wall clock of the node."""
        return self.now() - self._clock.now()

    def follow(self, sent: int, received: int, said: int) -> bool:
        """Take what the database said between two readings of `monotonic`; tells whether the time has jumped."""
        base = said - (sent + received) // 2
        if received - sent > TOLERATED or abs(base - self._base) <= TOLERATED:
            return False
        self._base = base
        return True
