"""Clocks: what time it is, as a port, so that tests decide it."""

from __future__ import annotations

import time
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
