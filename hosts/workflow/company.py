"""How many suspects are attempted at a time: group testing, by which the guilty one is soon alone.

R. Dorfman, "The Detection of Defective Members of Large Populations", 1943. Each death halves how many go together;
each that ends well lets one more go, so that the innocent are soon as many as ever, whoever killed the node.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

M = TypeVar("M", bound=Hashable)
_ANY: Final = 2**62


class Company(Generic[M]):
    """Those that are attempted together now."""

    def __init__(self) -> None:
        """Let any number go together."""
        self._size = _ANY
        self._alone = False
        self._members: set[M] = set()

    def halve(self, died: int) -> None:
        """Let half as many go together as were under way when the node died."""
        self._size = max(1, died // 2)

    def admits(self, *, alone: bool) -> bool:
        """Tell whether one more may go now; `alone` is one that must go without any other."""
        if not self._members:
            return True
        return not (self._alone or alone) and len(self._members) < self._size

    def enter(self, member: M, *, alone: bool) -> None:
        """Let one go that was admitted."""
        self._members.add(member)
        self._alone = alone

    def leave(self, member: M) -> None:
        """Take note that one ended well; one that is not a member is nobody."""
        if member in self._members:
            self._members.remove(member)
            self._size += 1

    def __contains__(self, member: M) -> bool:
        """Tell whether one goes now."""
        return member in self._members
