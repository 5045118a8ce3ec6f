"""Notices: things a person should know that are not errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: a stable code, the sentence, and where it is about (`file:line`, an id, a PID, or empty)."""

    code: str
    text: str
    where: str = ""

    def __str__(self) -> str:
        """Return `where: text`."""
        return f"{self.where}: {self.text}" if self.where else self.text


NoticeSink: TypeAlias = Callable[[Notice], None]


def drop(_notice: Notice) -> None:
    """Take a notice and forget it: the sink of those who do not listen."""
