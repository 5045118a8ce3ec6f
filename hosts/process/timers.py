"""All timers of a process host: one heap, served by one deadline of the trio task that runs the queue.

Stopping a timer leaves its entry in the heap, where it fires into nothing; when those entries outnumber the live
ones the heap is rebuilt without them.
"""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hosts.process.process import Process

_FEW: Final = 512
"""Stopped entries that are not worth a rebuild."""


class Timers:
    """The heap. Times are seconds of the trio clock; timers due at the same time fire in the order of arming."""

    __slots__ = ("_armed", "_heap", "stopped")

    def __init__(self) -> None:
        """Make an empty heap."""
        self._heap: list[tuple[float, int, Process, int]] = []
        self._armed = 0
        self.stopped = 0

    def __len__(self) -> int:
        """Return how many entries the heap holds, stopped ones included."""
        return len(self._heap)

    def arm(self, due: float, process: Process, ref: int) -> None:
        """Fire the request `ref` of a process at `due`."""
        self._armed += 1
        heappush(self._heap, (due, self._armed, process, ref))

    def next_due(self) -> float:
        """Return when the next entry is due, infinity when there is none."""
        return self._heap[0][0] if self._heap else math.inf

    def pop_due(self, now: float) -> tuple[Process, int] | None:
        """Return and forget the next entry that is due, or None."""
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, process, ref = heappop(self._heap)
        return process, ref

    def stop(self, count: int = 1) -> None:
        """Note that `count` entries will fire into nothing."""
        self.stopped += count
        if self.stopped > _FEW and self.stopped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if _is_armed(entry[2], entry[3])]
            heapify(self._heap)
            self.stopped = 0


def _is_armed(process: Process, ref: int) -> bool:
    """Tell whether a process still waits for a timer; one that has ended has no timers, and no machine either."""
    return process.timers > 0 and ref in (process.machine.requests or ())
