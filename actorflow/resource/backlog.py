"""A bounded first-in first-out list whose senders and takers wait their turn; it knows no tasks and no time.

Items leave in the order in which they were accepted; waiting senders are accepted, and waiting takers served, in the
order of asking. What is put back goes to the tail and needs no room: it had its place already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Sender(Generic[T]):
    __slots__ = ("accepted", "item")

    def __init__(self, item: T, accepted: Callable[[], None]) -> None:
        self.item = item
        self.accepted = accepted


class Backlog(Generic[T]):
    """Holds at most `room` items, apart from those put back."""

    def __init__(self, room: int) -> None:
        """Hold nothing."""
        self._room = room
        self._items: deque[T] = deque()
        self._senders: deque[_Sender[T]] = deque()
        self._takers: deque[Callable[[T], None]] = deque()

    def __len__(self) -> int:
        """Return how many items wait to be taken."""
        return len(self._items)

    @property
    def blocked(self) -> int:
        """How many senders wait for room."""
        return len(self._senders)

    @property
    def room(self) -> int:
        """How many items may wait; setting it lets senders in that have room now."""
        return self._room

    @room.setter
    def room(self, room: int) -> None:
        self._room = room
        self._move()

    def offer(self, item: T, accepted: Callable[[], None]) -> Callable[[], None]:
        """Add an item at the tail as soon as there is room, and then call `accepted`, at once or later.

        Returns what gives the offer up while it waits.
        """
        sender = _Sender(item, accepted)
        self._senders.append(sender)
        self._move()
        return lambda: _drop(self._senders, sender)

    def put(self, item: T) -> None:
        """Add an item at the tail, whether or not there is room."""
        self._items.append(item)
        self._move()

    def want(self, taken: Callable[[T], None]) -> Callable[[], None]:
        """Call `taken` with the next item, at once or later. Returns what gives that up while it waits."""
        self._takers.append(taken)
        self._move()
        return lambda: _drop(self._takers, taken)

    def _move(self) -> None:
        """Let in and hand out until nothing can move; `room` counts what waits, not what takers hold."""
        while True:
            if self._senders and len(self._items) < self._room:
                sender = self._senders.popleft()
                self._items.append(sender.item)
                sender.accepted()
            elif self._items and self._takers:
                self._takers.popleft()(self._items.popleft())
            else:
                return


def _drop(waiting: deque[T], one: T) -> None:
    """Take one out if it still waits; compared by identity, for callbacks may be equal."""
    for index, item in enumerate(waiting):
        if item is one:
            del waiting[index]
            return
