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
    """Messages kept by topic, each with its number of arrival: the inbox takes the oldest of several topics.

    Attributes:
        waiting: by topic, (number of arrival, message); a topic without messages is not there.
        arrivals: the last number. count: how many messages there are.
    """

    __slots__ = ("arrivals", "count", "waiting")

    def __init__(self) -> None:
        """Make an empty mailbox."""
        self.waiting: dict[str, deque[tuple[int, Message]]] = {}
        self.arrivals = 0
        self.count = 0

    def put(self, message: Message) -> None:
        """Keep a message behind all others."""
        self.arrivals += 1
        self.count += 1
        queue = self.waiting.get(message.topic)
        if queue is None:
            queue = self.waiting[message.topic] = deque()
        queue.append((self.arrivals, message))

    def take(self, topic: str) -> Message | None:
        """Return the oldest message of exactly this topic and forget it, or None."""
        queue = self.waiting.get(topic)
        if not queue:
            return None
        message = queue.popleft()[1]
        self.count -= 1
        if not queue:
            del self.waiting[topic]
        return message

    def take_for(self, topic: str, listened: Container[str]) -> Message | None:
        """Return the next message for the listener of `topic` and forget it; `listened` are all topics with one."""
        if topic is not INBOX_TOPIC:
            return self.take(topic)
        if len(self.waiting) == 1:  # as in most mailboxes
            (name,) = self.waiting
            return None if name in listened or name[0] == "@" else self.take(name)
        oldest, found = 0, ""
        for name, queue in self.waiting.items():
            arrival = queue[0][0]
            if (not oldest or arrival < oldest) and name not in listened and name[0] != "@":
                oldest, found = arrival, name
        return self.take(found) if oldest else None

    def find(self, topic: str, is_wanted: Callable[[Message], bool]) -> Message | None:
        """Return the oldest message of exactly this topic that is wanted, without taking it."""
        return next((message for _, message in self.waiting.get(topic, ()) if is_wanted(message)), None)

    def drop_newest(self, topic: str) -> None:
        """Drop the message of this topic that came last."""
        queue = self.waiting[topic]
        queue.pop()
        self.count -= 1
        if not queue:
            del self.waiting[topic]

    def drop_oldest(self) -> None:
        """Drop the message that came first of those that are not the system's own."""
        self.take_for(INBOX_TOPIC, ())

    def forget(self, topic: str) -> None:
        """Drop every message of exactly this topic."""
        self.count -= len(self.waiting.pop(topic, ()))

    def messages(self) -> list[Message]:
        """Return everything kept, in order of arrival, without taking it."""
        kept = [pair for queue in self.waiting.values() for pair in queue]
        kept.sort(key=itemgetter(0))
        return [message for _, message in kept]
