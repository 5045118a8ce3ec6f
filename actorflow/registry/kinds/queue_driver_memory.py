"""`queue.driver.memory`: queues that live in the memory of their node."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.lifecycle import Lifecycle


class QueueDriverMemory(Config):
    """Queues that live in the memory of their node and end with it."""

    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("queue.driver.memory", QueueDriverMemory, factory="actorflow.resource.queues:MemoryDriver", resource=True)
