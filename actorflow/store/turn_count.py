"""What a connection that writes to a server knows of the turnstile: whose turn it was, and what others have done."""

from __future__ import annotations


class Turn:
    """What a connection that writes knows: its row in `writer`, and whether others have written.

    Attributes:
        writer: the name of the row, "" before the first transaction. committed: how many of its commits are known.
        version: changes when another connection has written what concerns others (`telling.is_quiet`).
        numbers: the last numbers of a run and of an inbox row, where the turn tells them.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self.writer = ""
        self.committed = 0
        self.version = 0
        self.loud = 0
        self.was_quiet = False
        self.numbers: tuple[int, int] | None = None
