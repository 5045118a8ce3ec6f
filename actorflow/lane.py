"""Lanes: what only one thread at a time may enter, and the work that waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]
Tell: TypeAlias = Callable[[Action], None]
"""Has the node's thread do something, and returns when that is done; for work that runs in another thread."""
Work: TypeAlias = Callable[[Tell], None]
"""What a script computes in another thread. It raises nothing."""


class Lane:
    """The way into something that threads must not enter at the same time. Only the node's thread uses this object.

    Attributes:
        busy: another thread is inside, or about to be. waiting: what is to be done there next, in this order.
    """

    __slots__ = ("__weakref__", "busy", "waiting")

    def __init__(self) -> None:
        """Make a lane that is free."""
        self.busy = False
        self.waiting: deque[tuple[Work, Action]] = deque()

    def do(self, errand: Action) -> None:
        """Run a short errand: now in this thread if the lane is free, else after what is before it."""
        if self.busy:
            self.waiting.append((lambda _tell: errand(), _nothing))
        else:
            errand()


def _nothing() -> None:
    """Nobody waits for an errand."""
