"""What a node knows of schedules: the face that verbs and applications use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from actorflow.value import Value


@runtime_checkable
class AnySchedule(Protocol):
    """A running schedule. Instants are Unix nanoseconds."""

    async def line(self) -> dict[str, Value]:
        """Return how it stands: `id`, `target`, `host`, `times`, `paused`, `next_start`, `last`, counts."""
        ...

    async def pause(self, reason: str, by: str) -> None:
        """Start nothing from now on; slots that pass meanwhile are not caught up."""
        ...

    async def resume(self, by: str) -> None:
        """Start again with the next slot."""
        ...

    async def trigger(self) -> str:
        """Start a run now, as if a slot were due; returns its PID, or "" when overlap kept it back."""
        ...

    async def backfill(self, begin: int, end: int) -> Sequence[str]:
        """Start the runs of the slots in [begin, end] that have none yet, in order; returns their PIDs."""
        ...
