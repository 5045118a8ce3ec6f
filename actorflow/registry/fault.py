"""Faults: what is wrong with the configuration, where, and what was probably meant. Collected, never raised singly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from actorflow.errors import Error, invalid

Scope: TypeAlias = Literal["file", "entry", "notice"]
"""How far a fault reaches: `file`: nothing starts; `entry`: that entry is broken; `notice`: kept as data."""

_SIMILAR: Final = 0.7
_LONGEST_NAME: Final = 200
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        scope: how far it reaches.
        file: the file as messages name it, or `-o …` for an override.
        line: line in it, from 1; 0 when there is none.
        path: the field, dotted, e.g. `lifecycle.restart.max_delay`; "" for the whole entry or file.
        got: what is there.
        expected: what should be there.
        suggestion: what was probably meant, or "".
        entry: registry id of the entry, or "".
    """

    scope: Scope
    file: str
    line: int
    path: str
    got: str
    expected: str
    suggestion: str = ""
    entry: str = ""

    @property
    def where(self) -> str:
        """`file:line`, or the file alone."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        """Return `file:line  entry path  got …, expected …  did you mean …`."""
        about = " ".join(part for part in (self.entry, self.path) if part)
        text = f"got {self.got}, expected {self.expected}"
        hint = f"did you mean {self.suggestion}?" if self.suggestion else ""
        return "  ".join(part for part in (self.where, about, text, hint) if part)

    def error(self) -> Error:
        """Return the error that whoever needs the broken entry gets: kind Invalid, never retryable."""
        return invalid(str(self), entry=self.entry, file=self.file, line=self.line, path=self.path)


class Suggester:
    """Finds the known name closest to a wrong one.

    Answers are remembered, and the comparisons made in all are bounded, so that ten thousand wrong names in a registry
    of ten thousand entries cost no more than a second; past the bound there is no suggestion.
    """

    def __init__(self, names: Iterable[str], budget: int = 200_000) -> None:
        """Take the known names."""
        self._names = [name for name in names if len(name) <= _LONGEST_NAME]
        self._budget = budget
        self._known: dict[str, str] = {}

    def closest(self, name: str) -> str:
        """Return the closest known name in quotes, or "" when none is close."""
        if name not in self._known:
            self._known[name] = self._search(name)
        return self._known[name]

    def _search(self, name: str) -> str:
        if len(name) > _LONGEST_NAME or self._budget < 0:
            return ""
        self._budget -= len(self._names)
        from difflib import SequenceMatcher  # noqa: PLC0415 - most registries have no wrong names

        matcher: SequenceMatcher[str] = SequenceMatcher(a="", b=name, autojunk=False)
        best, found = _SIMILAR, ""
        for candidate in self._names:
            matcher.set_seq1(candidate)
            if min(matcher.real_quick_ratio(), matcher.quick_ratio()) > best and (ratio := matcher.ratio()) > best:
                best, found = ratio, candidate
        return repr(found) if found else ""


def closest(name: str, names: Iterable[str]) -> str:
    """Return the one of `names` closest to `name`, in quotes, or "" when none is close."""
    return Suggester(names).closest(name)


def shown(value: Any) -> str:
    """Return a short description of a value for `got …`."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value[: _SHOWN + 1] if isinstance(value, str | bytes) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def dotted(path: Iterable[str | int]) -> str:
    """Return a path the way messages write it: `input[0].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
