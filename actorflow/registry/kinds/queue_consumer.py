"""`queue.consumer`: a service that calls a function with each message of a queue."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Reference
from actorflow.registry.kinds.lifecycle import Lifecycle


class QueueConsumer(Config):
    """A service that calls `func` with the body of each message of `queue`.

    At most `concurrency` calls run at once, and at most `prefetch` messages are in flight. A message is settled by how
    its call ends; with `auto_ack` it is when it is taken, and a failed call loses it.
    """

    queue: Reference
    func: Reference
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 1
    prefetch: Annotated[int, Field(ge=1, le=10_000)] = 10
    auto_ack: bool = False
    driver_options: Any = None
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind(
    "queue.consumer",
    QueueConsumer,
    factory="actorflow.resource.queue_consumer:Consumer",
    resource=True,
    references={"queue": ("queue.queue",), "func": ("function.*", "process.*", "workflow.*")},
)
