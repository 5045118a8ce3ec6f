"""Clocks: what time it is, as a port, so that tests decide it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the node sees it. Both readings are integer nanoseconds."""

    def now(self) -> int:
        """Return the wall clock: nanoseconds since the Unix epoch, UTC. It may jump."""
        ...

    def monotonic(self) -> int:
        """Return a clock that never goes back; only differences mean something."""
        ...


class SystemClock:
    """The clocks of the operating system."""

    def now(self) -> int:
        """Return `time.time_ns()`."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Return `time.monotonic_ns()`."""
        return time.monotonic_ns()


def instant_of(at: int) -> str:
    """Return Unix nanoseconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
