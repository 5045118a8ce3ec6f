"""One queue of the memory driver: what is published waits in memory, in order, until a consumer has handled it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias
from uuid import uuid4

import trio

from actorflow.errors import Error, Failure, invalid
from actorflow.registry.kinds.queue_queue import QueueQueue
from actorflow.resource.backlog import Backlog
from actorflow.resource.delivery import NACK, Delivery, QueueMessage
from actorflow.value import Value, copy_value

DeadLetters: TypeAlias = Callable[[QueueMessage, str, Mapping[str, Value]], None]
"""Takes a message that has used up its attempts, the id of the queue it goes to, and headers that say where it was."""

_JSON: Final = "json/plain"
_LONGEST_ERROR: Final = 1000
"""Characters of a failure that a dead letter says it died of."""


class MemoryQueue:
    """A queue. It loses nothing but with its node: a message that comes back is kept even when the queue is full."""

    def __init__(self, queue_id: str, config: QueueQueue, dead: DeadLetters) -> None:
        """Make an empty queue."""
        self.id = queue_id
        self._config = config
        self._dead = dead
        self._backlog: Backlog[QueueMessage] = Backlog(config.driver_options.memory.max_length)
        self._in_flight = 0
        self.consumers = 0

    def configure(self, config: QueueQueue) -> None:
        """Take over the fields of the entry as they are now."""
        self._config = config
        self._backlog.room = config.driver_options.memory.max_length

    async def publish(self, body: Value, headers: Mapping[str, Value]) -> str:
        """Add a message and return its id, waiting while the queue is full.

        Raises:
            Error: kind Invalid, for a body that the queue's codec cannot say, or headers that are no map of texts.
        """
        message = QueueMessage(str(uuid4()), self._encoded(body), checked_headers(headers))
        accepted = trio.Event()
        give_up = self._backlog.offer(message, accepted.set)
        try:
            if not accepted.is_set():
                await accepted.wait()
        finally:
            give_up()
        return message.id

    def put(self, body: Value, headers: Mapping[str, Value]) -> None:
        """Add a message at once, whether or not there is room: a dead letter of another queue."""
        self._backlog.put(QueueMessage(str(uuid4()), body, headers))

    async def take(self) -> Delivery:
        """Return the next message, waiting for one; it stays in flight until it is settled."""
        taken: list[QueueMessage] = []
        arrived = trio.Event()

        def take(message: QueueMessage) -> None:
            taken.append(message)
            self._in_flight += 1
            arrived.set()

        give_up = self._backlog.want(take)
        try:
            if not arrived.is_set():  # else no checkpoint may take back what was just taken
                await arrived.wait()
        finally:
            give_up()
        (message,) = taken
        delivery = Delivery(message, lambda verdict: self._settle(delivery, verdict))
        return delivery

    def info(self) -> dict[str, Value]:
        """Return what the queue holds, as a value."""
        ready = len(self._backlog)
        return {
            "id": self.id,
            "driver": self._config.driver,
            "messages": ready + self._in_flight,
            "ready": ready,
            "in_flight": self._in_flight,
            "blocked": self._backlog.blocked,
            "consumers": self.consumers,
            "max_length": self._backlog.room,
        }

    def give_back(self, delivery: Delivery) -> None:
        """Put back a message whose handler was given up; that is no attempt."""
        if not delivery.verdict:
            self._in_flight -= 1
            self._backlog.put(delivery.message)

    def _settle(self, delivery: Delivery, verdict: str) -> None:
        self._in_flight -= 1
        if verdict != NACK:
            return
        message = delivery.message.again()
        letter = self._config.dead_letter
        if letter is None or not letter.max_attempts or message.attempts < letter.max_attempts:
            self._backlog.put(message)
            return
        headers: dict[str, Value] = {"dead_letter.queue": self.id, "dead_letter.attempts": message.attempts}
        if delivery.why:
            headers["dead_letter.error"] = delivery.why[:_LONGEST_ERROR]
        self._dead(message, letter.queue, headers)

    def _encoded(self, body: Value) -> Value:
        if self._config.codec != _JSON:
            return copy_value(body)
        try:
            return json.loads(json.dumps(body, default=_plain, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise invalid(f"{self.id}: the body is nothing that JSON can say: {error}") from None


def checked_headers(headers: Any) -> dict[str, Value]:
    """Return headers, which are a map with texts as keys, and texts, numbers or booleans as values; or None.

    Raises:
        Error: kind Invalid, when they are not.
    """
    if headers is None or headers == []:  # an empty table of Lua is a list
        return {}
    if not isinstance(headers, Mapping):
        raise invalid(f"headers: got {headers!r:.80}, expected a map")
    for key, value in headers.items():
        if not isinstance(key, str) or not isinstance(value, str | int | float):
            raise invalid(f"headers.{key}: got {value!r:.80}, expected text, a number or a boolean under a text")
    return dict(headers)


def _plain(value: Any) -> Value:
    """Return what JSON has no word for: an error is its message."""
    if isinstance(value, Failure | Error):
        return value.message
    raise TypeError(f"got {type(value).__name__}")
