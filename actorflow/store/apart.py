"""A store that one part of a node uses beside the hosts: a writer, and a heartbeat on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import trio

from actorflow.run.turn import Committed, Item
from actorflow.store.owning import Ownership, Seen
from actorflow.store.writer import AnyWriter

T = TypeVar("T")


class Apart:
    """What such a part does with its store; see `Writer` for what each call raises."""

    def __init__(self, writer: AnyWriter) -> None:
        """Use a writer that nobody else uses; `close` closes it."""
        self._writer = writer
        self._pulse = writer.pulse()
        self._one = trio.CapacityLimiter(1)

    async def read(self, read: Callable[[Any], T]) -> T:
        """Return `read(reader)`."""
        return await self._writer.read(read)

    async def write(self, item: Item) -> Committed:
        """Commit an item and return the answer."""
        return await self._writer.write(item)

    async def own(self, change: Callable[[Ownership], T]) -> T:
        """Return `change(ownership)`."""
        return await self._writer.own(change)

    async def beat(self, node: str) -> Seen | None:
        """Raise the counter of a node and look who is there (`owning.Pulse.beat`), behind no commit."""
        return await trio.to_thread.run_sync(self._pulse.beat, node, limiter=self._one)

    async def close(self) -> None:
        """Let go of the store."""
        with trio.CancelScope(shield=True):
            async with self._one:
                self._pulse.close()
            await self._writer.close()
