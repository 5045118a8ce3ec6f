"""Queues for scripts: the queues of the memory driver by id, the messages in hand, and the operations `queue.*`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import Error, invalid
from actorflow.module.octets import described
from actorflow.node.operation import Caller
from actorflow.registry.change import Revision
from actorflow.resource.delivery import ACK, NACK, Delivery, QueueMessage
from actorflow.resource.memory_queue import MemoryQueue
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.node import Node

KIND: Final = "queue.queue"
DRIVER: Final = "queue.driver.memory"
DELIVERY: Final = "@queue.delivery"
"""Key of the context under which the handler of a message finds it; scripts neither see nor set keys with `@`."""


class Queues:
    """The queues of one node, each made when it is first used, and the messages that handlers have in hand."""

    def __init__(self, node: Node) -> None:
        """Know no queue."""
        self._node = node
        self._queues: dict[str, MemoryQueue] = {}
        self._numbers = itertools.count(1)
        self._in_hand: dict[str, tuple[str, Delivery]] = {}

    def queue(self, queue_id: Any) -> MemoryQueue:
        """Return a queue, as its entry says now.

        Raises:
            Error: kind NotFound when there is no such entry, Invalid when it is no queue or its driver cannot serve
                here, the entry's own fault when it is broken.
        """
        if not isinstance(queue_id, str) or not queue_id:
            raise invalid(f"queue: got {described(queue_id)}, expected the id of a {KIND} entry")
        entry = self._node.registry.entry(queue_id)
        if entry.kind != KIND:
            raise invalid(f"queue: {queue_id} is a {entry.kind}, expected a {KIND}")
        entry.require()
        driver = self._node.registry.entry(entry.config.driver)
        if driver.kind != DRIVER:
            raise invalid(f"{queue_id}: driver {entry.config.driver} is a {driver.kind}, this node has {DRIVER} only")
        queue = self._queues.get(queue_id)
        if queue is None:
            queue = self._queues[queue_id] = MemoryQueue(queue_id, entry.config, self._bury)
        else:
            queue.configure(entry.config)
        return queue

    def hand_out(self, handler: str, delivery: Delivery) -> str:
        """Remember a message that a call of the function `handler` handles, and return its number for the context."""
        number = str(next(self._numbers))
        self._in_hand[number] = (handler, delivery)
        return number

    def take_back(self, number: str) -> None:
        """Forget a message whose handler has ended: it is released."""
        del self._in_hand[number]

    def revise(self, revision: Revision) -> None:
        """Let the queues that exist follow their entries."""
        for queue_id in revision.ids("update"):
            entry = revision.registry.entry(queue_id)
            if queue_id in self._queues and entry.kind == KIND and entry.config is not None:
                self._queues[queue_id].configure(entry.config)

    # ---- operations --------------------------------------------------------------------------------------------

    async def publish(self, _caller: Caller, queue_id: Any, body: Value, headers: Any = None) -> bool:
        """Add a message to a queue, waiting while it is full."""
        await self.queue(queue_id).publish(body, headers)
        return True

    def info(self, _caller: Caller, queue_id: Any) -> dict[str, Value]:
        """Return what a queue holds."""
        return self.queue(queue_id).info()

    def message(self, caller: Caller) -> dict[str, Value]:
        """Return the message that the caller handles."""
        number = caller.context.get(DELIVERY, "")
        handler, delivery = self._in_hand.get(number, ("", None))
        if delivery is None or handler != caller.entry:
            raise invalid("queue.message: no message is handled here; only the function of a queue.consumer has one")
        message = delivery.message
        return {
            "delivery": number,
            "id": message.id,
            "headers": dict(message.headers),
            "attempts": message.attempts + 1,
        }

    def settle(self, caller: Caller, number: Any, verdict: Any) -> bool:
        """Settle the message that the caller handles."""
        if verdict not in (ACK, NACK):
            raise invalid(f"queue: got {described(verdict)}, expected ack or nack")
        handler, delivery = self._in_hand.get(number, ("", None)) if isinstance(number, str) else ("", None)
        if delivery is None or handler != caller.entry:
            raise invalid("the message is released: its handler has ended")
        delivery.settle(verdict)
        return True

    def _bury(self, message: QueueMessage, letter: str, headers: Mapping[str, Value]) -> None:
        """Move a message that has used up its attempts; one that cannot be moved is told of and kept nowhere."""
        try:
            self.queue(letter).put(message.body, {**message.headers, **headers})
            self._node.log("warn", f"message {message.id} is a dead letter now, in {letter}", dict(headers))
        except Error as error:
            self._node.log("error", f"message {message.id} is lost: {error.message}", dict(headers))


def queues(node: Node) -> Queues:
    """Return the queues of a node."""
    found: Queues = node.resources.setdefault("queues", Queues(node))
    return found


def install(node: Node) -> None:
    """Add the operations of queues."""
    known = queues(node)
    node.on_revision(known.revise)
    for operation in (known.publish, known.info, known.message, known.settle):
        node.operations.add(f"queue.{operation.__name__}", operation)


class MemoryDriver:
    """The resource of a `queue.driver.memory` entry: its queues need nothing to be started."""

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002, ARG002 - the signature of every resource
        """Remember whose it is."""
        self.id = id

    async def start(self) -> None:
        """Do nothing: a queue is made when it is first used."""

    async def stop(self, grace: float) -> None:
        """Do nothing: consumers stop before their driver, and what still waits ends with the node."""
