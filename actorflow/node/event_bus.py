"""The event bus of one node: what happens is published, and whoever subscribed to such events hears of it.

Best effort: events are kept nowhere, nobody waits for a subscriber, and one that fails is passed over. The events of
one publisher reach each subscriber in the order of publishing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from actorflow.errors import invalid
from actorflow.module.octets import described
from actorflow.node.event_pattern import EventPattern
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.supervision.state import Service
from actorflow.value import Value, copy_value

Event: TypeAlias = dict[str, Value]
"""`system`, `kind`, `path`, `data`: all that a subscriber gets, in a copy of its own."""

EventSink: TypeAlias = Callable[[Event], None]

ANY: Final = "**"
_KNOWN: Final = 1_000
"""How many pairs of system and kind the bus remembers the subscribers of."""


class _Subscriber(NamedTuple):
    system: EventPattern
    kind: EventPattern
    sink: EventSink


class EventBus:
    """Publishes to subscribers inside the node: those of scripts put the event into a mailbox."""

    def __init__(self, notices: NoticeSink = drop) -> None:
        """Make a bus that nobody listens to; `notices` is told of sinks that raise."""
        self._notices = notices
        self._subscribers: dict[int, _Subscriber] = {}
        self._tickets = 0
        self._found: dict[tuple[str, str], tuple[int, ...]] = {}
        self._waiting: deque[tuple[str, str, str, Value]] = deque()
        self._busy = False

    def __len__(self) -> int:
        """Return how many subscriptions there are."""
        return len(self._subscribers)

    def subscribe(self, system: str, kind: str, sink: EventSink) -> Callable[[], None]:
        """Call `sink` with each event whose system and kind fit the patterns; returns what ends that.

        A sink returns at once and may publish. An event published before is never heard.

        Raises:
            Error: kind Invalid, when a pattern is none.
        """
        subscriber = _Subscriber(EventPattern(system), EventPattern(kind), sink)
        self._tickets += 1
        ticket = self._tickets
        self._subscribers[ticket] = subscriber
        self._found.clear()

        def end() -> None:
            if self._subscribers.pop(ticket, None) is not None:
                self._found.clear()

        return end

    def publish(self, system: str, kind: str, path: str, data: Value = None) -> None:
        """Tell every subscriber of an event; each gets its own copy of `data`.

        Raises:
            Error: kind Invalid, when system, kind or path is empty, or `data` may not cross.
        """
        for name, text in (("system", system), ("kind", kind), ("path", path)):
            if not isinstance(text, str) or not text:
                raise invalid(f"event {name}: got {described(text)}, expected a non-empty text")
        self._waiting.append((system, kind, path, copy_value(data)))
        if self._busy:  # a sink publishes: after what is being told now
            return
        self._busy = True
        try:
            while self._waiting:
                self._tell(*self._waiting.popleft())
        finally:
            self._busy = False

    def _tell(self, system: str, kind: str, path: str, data: Value) -> None:
        for ticket in self._concerned(system, kind):
            subscriber = self._subscribers.get(ticket)
            if subscriber is None:  # ended by a sink before it
                continue
            event = {"system": system, "kind": kind, "path": path, "data": copy_value(data)}
            try:
                subscriber.sink(event)
            except Exception as error:  # noqa: BLE001 - one subscriber's trouble is not the publisher's, nor the others'
                text = f"a subscriber of {subscriber.system.text!r} failed: {type(error).__name__}: {error}"
                self._notices(Notice("event-sink-failed", text, path))

    def _concerned(self, system: str, kind: str) -> tuple[int, ...]:
        key = (system, kind)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _KNOWN:
                self._found.clear()
            found = self._found[key] = tuple(
                ticket
                for ticket, subscriber in self._subscribers.items()
                if subscriber.system.matches(system) and subscriber.kind.matches(kind)
            )
        return found


def service_update(before: Service, after: Service) -> Mapping[str, Value]:
    """Return the data of a `service.update` event: a service before and after a change of its state."""
    return {
        "id": after.spec.id,
        "state": str(after.state),
        "previous": str(before.state),
        "attempts": after.attempts,
        "run": after.run,
        "error": after.failure,
    }
