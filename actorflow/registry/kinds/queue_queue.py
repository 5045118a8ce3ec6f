"""`queue.queue`: messages that wait for consumers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Positive, Reference


class DeadLetter(Config):
    """Where messages go that were delivered `max_attempts` times in vain; 0 tries for ever."""

    queue: Reference
    max_attempts: Count = 0


class MemoryOptions(Config):
    """What the memory driver reads: how many messages may wait before publishing waits too."""

    max_length: Positive = 1_000


class DriverOptions(Config):
    """Options by driver."""

    memory: MemoryOptions = MemoryOptions()
    amqp: Any = None
    sqs: Any = None


class QueueQueue(Config):
    """Messages that wait for consumers, in the order of publishing.

    With the codec `json/plain` a body is held to what JSON can say; any other keeps values as they are. `queue_name`
    is the name of the queue at drivers outside of the node.
    """

    driver: Reference
    codec: Literal["json/plain", "yaml/plain", "application/msgpack", "lua/any", "golang/any"] = "lua/any"
    queue_name: str = ""
    dead_letter: DeadLetter | None = None
    driver_options: DriverOptions = Field(default_factory=DriverOptions)


KIND = Kind("queue.queue", QueueQueue, references={"driver": ("queue.driver.*",)})
