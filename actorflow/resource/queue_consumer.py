"""A consumer of a queue: calls its function with each message, and settles the message by how the call ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import Error
from actorflow.names import parse_id
from actorflow.node.waiting import Answer, within
from actorflow.ports import CallRequest
from actorflow.registry.kinds.queue_consumer import QueueConsumer
from actorflow.resource.delivery import ACK, NACK, Delivery
from actorflow.resource.memory_queue import MemoryQueue
from actorflow.resource.queues import DELIVERY, queues
from actorflow.value import copy_value

if TYPE_CHECKING:
    from actorflow.node.node import Node

_PAUSE: Final = 0.001
_LONGEST: Final = 0.1
"""A message that came back waits 1 ms for each earlier attempt, at most 0.1 s: a poisoned one costs little time."""


class Consumer:
    """The resource of a `queue.consumer` entry. It can be started once."""

    def __init__(self, id: str, config: QueueConsumer, node: Node) -> None:  # noqa: A002 - the signature of every resource
        """Make a consumer that takes nothing yet."""
        self.id = id
        self._config = config
        self._node = node
        self._slots = trio.Semaphore(min(config.concurrency, config.prefetch))
        self._taking = trio.CancelScope()
        self._handling = trio.CancelScope()
        self._done = trio.Event()

    async def start(self) -> None:
        """Begin to take messages.

        Raises:
            Error: when the queue or the function is not there, or broken.
        """
        queue = queues(self._node).queue(self._config.queue)
        self._node.registry.entry(self._config.func).require()
        self._node.nursery.start_soon(self._serve, queue)

    async def stop(self, grace: float) -> None:
        """Take no more, wait at most `grace` seconds for the calls under way, and give the others' messages back."""
        self._taking.cancel()
        with trio.move_on_after(grace):
            await self._done.wait()
        self._handling.cancel()
        await self._done.wait()

    async def _serve(self, queue: MemoryQueue) -> None:
        queue.consumers += 1
        try:
            with self._handling:
                async with trio.open_nursery() as calls:
                    with self._taking:
                        await self._take(queue, calls)
        finally:
            queue.consumers -= 1
            self._done.set()

    async def _take(self, queue: MemoryQueue, calls: trio.Nursery) -> None:
        while True:
            await self._slots.acquire()
            calls.start_soon(self._handle, queue, await queue.take())

    async def _handle(self, queue: MemoryQueue, delivery: Delivery) -> None:
        known = queues(self._node)
        number = known.hand_out(self._config.func, delivery)
        if self._config.auto_ack:
            delivery.settle(ACK)
        try:
            await trio.sleep(min(delivery.message.attempts * _PAUSE, _LONGEST))
            await self._call(delivery, number)
        except Error as error:
            self._tell(delivery, error)
            delivery.why = error.message
            delivery.conclude(NACK)
        except trio.Cancelled:
            queue.give_back(delivery)
            raise
        else:
            delivery.conclude(ACK)
        finally:
            known.take_back(number)
            self._slots.release()

    async def _call(self, delivery: Delivery, number: str) -> None:
        message = delivery.message
        context = self._node.guard.context_of(self._config.lifecycle.security, parse_id(self.id).namespace)
        request = CallRequest(
            self._config.func, (copy_value(message.body),), {**context, DELIVERY: number}, {}, invocation_id=message.id
        )
        answer: Answer[Any] = Answer()
        await within(answer, None, f"call of {self._config.func}", self._node.calls.call(request, answer))

    def _tell(self, delivery: Delivery, error: Error) -> None:
        message = delivery.message
        fields = {"consumer": self.id, "queue": self._config.queue, "message": message.id, "kind": error.kind}
        self._node.log("warn", f"attempt {message.attempts + 1} failed: {error.message}", fields)
