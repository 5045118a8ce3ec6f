"""Random bytes of the operating system, fetched many at a time: a system call each would cost more than a turn."""

from __future__ import annotations

import os
from typing import Final

_POOL: Final = 16_384
_DIGITS: Final = 19
"""Random digits of a UUID, one of them with its variant."""
VARIANT: Final = {f"{digit:x}": f"{digit & 0x3 | 0x8:x}" for digit in range(16)}
"""The digit of a UUID that holds its variant (RFC 9562 §4.1), by the digit drawn for it."""


class Entropy:
    """Hands out bytes of `os.urandom`, each byte once."""

    __slots__ = ("_digits", "_head", "_millisecond", "_pool", "_said", "_used")

    def __init__(self) -> None:
        """Begin with nothing fetched."""
        self._pool = b""
        self._used = 0
        self._digits = ""
        self._said = 0
        self._millisecond, self._head = -1, ""

    def take(self, size: int) -> bytes:
        """Return `size` random bytes, at most 16 KiB."""
        if self._used + size > len(self._pool):
            self._pool, self._used = os.urandom(_POOL), 0
        start, self._used = self._used, self._used + size
        return self._pool[start : self._used]

    def uuid(self, now: int) -> str:
        """Return a UUID in order of time (RFC 9562 version 7) as text; `now` are Unix nanoseconds.

        Rows with such keys are next to each other in an index when they were written together: with random ones each
        start writes a page of its own of every index, and the more runs are kept, the slower starts become. Made by
        hand, for `uuid.UUID` costs three times as much; what is random of it is drawn as the digits that it becomes.
        """
        millisecond = now // 1_000_000
        if millisecond != self._millisecond:
            time, self._millisecond = f"{millisecond:012x}", millisecond
            self._head = f"{time[:8]}-{time[8:]}-7"
        start = self._said
        text = self._digits[start : start + _DIGITS]
        if len(text) < _DIGITS:
            self._digits, start = os.urandom(_POOL).hex(), 0
            text = self._digits[:_DIGITS]
        self._said = start + _DIGITS
        return f"{self._head}{text[:3]}-{VARIANT[text[3]]}{text[4:7]}-{text[7:]}"
