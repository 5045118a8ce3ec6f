"""What one node has to say to another and what of it is not confirmed: numbered, bounded, sent again from anywhere.

Numbers count from 1 within a conversation. An item stays until the receiver has confirmed it. This file knows no time.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MOST_ITEMS: Final = 16_384
MOST_BYTES: Final = 64 * 1024 * 1024
BATCH_ITEMS: Final = 512
BATCH_BYTES: Final = 256 * 1024
"""About how much rides in one frame: enough that a frame costs little, and a lost one too."""


class Outbox:
    """The items of one conversation in one direction.

    Attributes:
        confirmed: number of the last item that the receiver has. sent: of the last one sent, since the last rewind.
        limit: of the last one that the receiver has room for.
    """

    def __init__(self, most_items: int = MOST_ITEMS, most_bytes: int = MOST_BYTES) -> None:
        """Hold nothing; there is room for that many items, or for that many bytes of them."""
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._items: deque[bytes] = deque()
        self._bytes = 0
        self.confirmed = 0
        self.sent = 0
        self.limit = 0

    def __len__(self) -> int:
        """Return how many items are not confirmed."""
        return len(self._items)

    @property
    def has_room(self) -> bool:
        """Whether one more item is taken."""
        return len(self._items) < self._most_items and self._bytes < self._most_bytes

    @property
    def has_more(self) -> bool:
        """Whether there is something to send now, which the receiver has room for."""
        return self.confirmed + len(self._items) > self.sent < self.limit

    @property
    def is_waiting(self) -> bool:
        """Whether something was sent and is not confirmed."""
        return self.sent > self.confirmed

    def put(self, item: bytes) -> None:
        """Take an item; the caller has asked whether there is room."""
        self._items.append(item)
        self._bytes += len(item)

    def batch(self) -> tuple[int, list[bytes]]:
        """Return the number of the next item to send, and the items from it on that ride together."""
        first, start = self.sent + 1, self.sent - self.confirmed
        items: list[bytes] = []
        size = 0
        stop = min(len(self._items), self.limit - self.confirmed, start + BATCH_ITEMS)
        for place in range(start, stop):
            item = self._items[place]
            size += len(item)
            if items and size > BATCH_BYTES:
                break
            items.append(item)
        self.sent += len(items)
        return first, items

    def confirm(self, received: int, limit: int) -> bool:
        """Drop what the receiver has, up to `received`; tell whether that was anything new."""
        if received > self.confirmed + len(self._items):
            return False  # of items that were never put: nothing that this side has said
        self.limit = max(self.limit, limit)
        if received <= self.confirmed:
            return False
        for _ in range(received - self.confirmed):
            self._bytes -= len(self._items.popleft())
        self.confirmed = received
        self.sent = max(self.sent, received)
        return True

    def rewind(self) -> None:
        """Send everything again that is not confirmed."""
        self.sent = self.confirmed
