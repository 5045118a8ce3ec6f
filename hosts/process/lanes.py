"""Lanes of a process host: threads in which isolated scripts compute, one for each lane in which there is work."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import trio

from actorflow.lane import Action, Lane, Work


class Lanes:
    """Serves lanes with trio's worker threads, as many as there are busy lanes."""

    __slots__ = ("_limiter", "_nursery")

    def __init__(self, nursery: Callable[[], trio.Nursery]) -> None:
        """Serve nothing yet; `nursery` is asked whenever a lane gets its first work."""
        self._nursery = nursery
        self._limiter = trio.CapacityLimiter(math.inf)

    def put(self, lane: Lane, work: Work, done: Action) -> None:
        """Do `work` in a thread after what is in the lane already; `done` is called in the node's thread."""
        lane.waiting.append((work, done))
        if not lane.busy:
            lane.busy = True
            self._nursery().start_soon(self._serve, lane)

    async def _serve(self, lane: Lane) -> None:
        try:
            while lane.waiting:
                work, done = lane.waiting.popleft()
                await trio.to_thread.run_sync(partial(work, trio.from_thread.run_sync), limiter=self._limiter)
                done()
        finally:
            lane.busy = False
