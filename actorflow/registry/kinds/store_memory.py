"""`store.memory`: a key-value store in memory."""

from __future__ import annotations

from actorflow.duration import MINUTE
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Positive
from actorflow.registry.kinds.lifecycle import Lifecycle


class StoreMemory(Config):
    """A key-value store in memory, gone when it stops.

    It refuses new keys when it holds `max_size`. Expired ones are dropped every `cleanup_interval` (0: never), and
    when there is no room.
    """

    max_size: Positive = 10_000
    cleanup_interval: Duration = 5 * MINUTE
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("store.memory", StoreMemory, "actorflow.resource.store_memory:MemoryKeyValues", resource=True)
