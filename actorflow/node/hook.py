"""What a node knows of hooks: the face that verbs and applications use."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from actorflow.value import Value


@runtime_checkable
class AnyHook(Protocol):
    """A running hook."""

    async def hook_line(self) -> dict[str, Value]:
        """Return how it stands: `id`, `call`, `host`, `on`, and how many deliveries are behind, waiting and dead."""
        ...

    async def dead(self) -> list[dict[str, Value]]:
        """Return the deliveries that were given up, the oldest first, at most 1 000."""
        ...

    async def redrive(self) -> int:
        """Try every dead delivery again from its first attempt; returns how many."""
        ...
