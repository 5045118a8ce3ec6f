"""The mailbox: messages that nobody takes yet, in order of arrival, found by topic in constant time.

Routing is decided when a message is taken, not when it arrives: a listener of its exact topic comes first, then the
inbox for every topic nobody listens to, and topics that begin with `@` never reach the inbox.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from operator import itemgetter

from actorflow.message import INBOX_TOPIC, Message


class Mailbox:
    """Messages kept by topic, each with its number of arrival: the inbox takes the oldest of several topics."""

    __slots__ = ("_arrivals", "_topics", "count")

    def __init__(self) -> None:
        """Make an empty mailbox."""
        self._topics: dict[str, deque[tuple[int, Message]]] = {}
        self._arrivals = 0
        self.count = 0

    def put(self, message: Message) -> None:
        """Keep a message behind all others."""
        self._arrivals += 1
        self.count += 1
        queue = self._topics.get(message.topic)
        if queue is None:
            queue = self._topics[message.topic] = deque()
        queue.append((self._arrivals, message))

    def take(self, topic: str) -> Message | None:
        """Return the oldest message of exactly this topic and forget it, or None."""
        queue = self._topics.get(topic)
        if not queue:
            return None
        message = queue.popleft()[1]
        self.count -= 1
        if not queue:
            del self._topics[topic]
        return message

    def take_for(self, topic: str, listened: Container[str]) -> Message | None:
        """Return the next message for the listener of `topic` and forget it; `listened` are all topics with one."""
        if topic is not INBOX_TOPIC:
            return self.take(topic)
        oldest, found = 0, ""
        for name, queue in self._topics.items():
            arrival = queue[0][0]
            if (not oldest or arrival < oldest) and name not in listened and name[0] != "@":
                oldest, found = arrival, name
        return self.take(found) if oldest else None

    def find(self, topic: str, is_wanted: Callable[[Message], bool]) -> Message | None:
        """Return the oldest message of exactly this topic that is wanted, without taking it."""
        return next((message for _, message in self._topics.get(topic, ()) if is_wanted(message)), None)

    def drop_newest(self, topic: str) -> None:
        """Drop the message of this topic that came last."""
        queue = self._topics[topic]
        queue.pop()
        self.count -= 1
        if not queue:
            del self._topics[topic]

    def drop_oldest(self) -> None:
        """Drop the message that came first of those that are not the system's own."""
        self.take_for(INBOX_TOPIC, ())

    def forget(self, topic: str) -> None:
        """Drop every message of exactly this topic."""
        self.count -= len(self._topics.pop(topic, ()))

    def messages(self) -> list[Message]:
        """Return everything kept, in order of arrival, without taking it."""
        kept = [pair for queue in self._topics.values() for pair in queue]
        kept.sort(key=itemgetter(0))
        return [message for _, message in kept]
