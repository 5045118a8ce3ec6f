"""One heap for all timers of an engine, served by one sleeping task."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from actorflow.duration import SECOND

if TYPE_CHECKING:
    from actorflow.clock import Clock

_AT_ONCE = 500
"""So many entries fire before the rest of the node has its turn: a hundred thousand may be due in one moment."""
_LONGEST_SLEEP = 60.0
"""Wake at least this often (seconds): a wall clock may be set while we sleep."""


class Timers:
    """Due times of timers and of calls that wait for their next attempt.

    Entries are never taken out early: who stopped a timer ignores it when it comes. Times are Unix nanoseconds.

    Attributes:
        firing: many are due, and not all of them have fired.
    """

    def __init__(self, clock: Clock, fire: Callable[[int, int, bool], None]) -> None:
        """Serve `fire(run, ref, is_call)` for each entry when it is due."""
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[int, int, int, bool]] = []
        self._scope: trio.CancelScope | None = None
        self._sleeping_until = math.inf
        self.firing = False

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._heap)

    def add(self, due: int, run: int, ref: int, *, is_call: bool = False) -> None:
        """Add an entry."""
        heapq.heappush(self._heap, (due, run, ref, is_call))
        if due < self._sleeping_until and self._scope is not None:
            self._scope.cancel()

    def wake(self) -> None:
        """Look again what is due: the time has jumped."""
        if self._scope is not None:
            self._scope.cancel()

    async def serve(self) -> None:
        """Fire what is due, for ever."""
        while True:
            while self._fire_due():
                self.firing = True
                await trio.lowlevel.checkpoint()
            self.firing = False
            with trio.CancelScope() as self._scope:
                self._sleeping_until = self._heap[0][0] if self._heap else math.inf
                await trio.sleep(min(max(self._until_next(), 0.0), _LONGEST_SLEEP))
            self._scope = None

    def _until_next(self) -> float:
        return (self._heap[0][0] - self._clock.now()) / SECOND if self._heap else _LONGEST_SLEEP

    def _fire_due(self) -> bool:
        """Fire what is due, up to a number; returns whether more may be."""
        now, heap = self._clock.now(), self._heap
        for _ in range(_AT_ONCE):
            if not heap or heap[0][0] > now:
                return False
            _, run, ref, is_call = heapq.heappop(heap)
            self._fire(run, ref, is_call)
        return True
