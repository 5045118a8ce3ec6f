"""Queues: publish to a `queue.queue` entry, and settle the message that a `queue.consumer` calls a function with.

    await queue.publish("app:tasks", {"n": 1}, {"priority": "high"})

    async def handle(body):
        message = await queue.message()
        if message.attempts > 3:
            await message.ack()

A message is acknowledged when its handler ends without an error, and comes back when it raises; `ack` and `nack`
decide before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actorflow.script.argument import mapping
from actorflow.script.operation import perform


async def publish(queue: str, data: Any, headers: Mapping[str, Any] | None = None) -> None:
    """Add a message to a queue, waiting while the queue is full.

    Raises:
        Error: kind NotFound when there is no such queue, Invalid for headers that are no map of texts or a body that
            the codec of the queue cannot say.
    """
    await perform(
        "queue.publish", queue, data, None if headers is None else mapping("queue.publish", "headers", headers)
    )


async def info(queue: str) -> dict[str, Any]:
    """Return what a queue holds: `messages`, `ready`, `in_flight`, `blocked`, `consumers`, `max_length`."""
    found: dict[str, Any] = await perform("queue.info", queue)
    return found


async def message() -> Message:
    """Return the message that this function handles.

    Raises:
        Error: kind Invalid, anywhere but in the function of a `queue.consumer`.
    """
    return Message(**await perform("queue.message"))


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the hands of its handler.

    Attributes:
        delivery: names this delivery. id: the same for all deliveries of the message.
        headers: what was published with it. attempts: 1 for the first delivery.
    """

    delivery: str
    id: str
    headers: dict[str, Any]
    attempts: int

    def header(self, name: str, default: Any = None) -> Any:
        """Return one header."""
        return self.headers.get(name, default)

    async def ack(self) -> None:
        """Say that it is done with.

        Raises:
            Error: kind Invalid, when it is settled already, or its handler has ended.
        """
        await perform("queue.settle", self.delivery, "ack")

    async def nack(self) -> None:
        """Put it back at the tail of its queue, or among the dead letters when its attempts are used up.

        Raises:
            Error: kind Invalid, when it is settled already, or its handler has ended.
        """
        await perform("queue.settle", self.delivery, "nack")
