"""SQL texts as scripts write them, made into what a driver takes: placeholders `?`, `?1` or `$1` in text, and values.

This knows strings, quoted names and comments, so that a `?` in them stays; otherwise no SQL.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from actorflow.errors import invalid

_COMMENT: Final = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*"
_PARTS: Final = rf"""
    '[^']*+(?:''[^']*+)*(?:'|\Z)
  | "[^"]*+(?:""[^"]*+)*(?:"|\Z)
  | `[^`]*+(?:`|\Z)
  | --[^\n]*+
  | {_COMMENT}(?:\*/|\Z)
  | \$(?P<number>[0-9]{{1,5}})
  | (?P<mark>\?[0-9]{{0,5}})
  | (?P<end>;)
"""
_ESCAPED: Final = r"""'[^'\\]*+(?:(?:''|\\.)[^'\\]*+)*(?:'|\\?\Z)"""
_ESCAPED_NAME: Final = _ESCAPED.replace("'", '"')
_DOLLAR: Final = r"""
    (?<![\w$])\$(?P<tag>[A-Za-z_]\w*+)?\$[^$]*+(?:\$(?!(?(tag)(?P=tag))\$)[^$]*+)*(?:\$(?(tag)(?P=tag))\$|\Z)
"""
"""What is repeated here begins with a character that what is before it cannot take, so that there is one way to match,
found without going back. (Possessive groups would say so, but those with alternatives fail before Python 3.11.5.)"""
_TRIGGER: Final = re.compile(
    rf"\s*+(?:(?:--[^\n]*+|{_COMMENT}\*/)\s*+)*create\s+(?:temp\s+|temporary\s+)?trigger\b", re.IGNORECASE
)
_MAX_TRIES: Final = 1000
MAX_LENGTH: Final = 1 << 20
"""Characters of one text."""


@dataclass(frozen=True, slots=True)
class Flavor:
    """How a driver takes SQL.

    Attributes:
        mark: what stands for a value; `$` is followed by its number, and beside `%s` percent signs are doubled.
        parts: finds what must not be read as plain SQL.
        one_by_one: whether the driver takes one statement only, so that several are split.
    """

    mark: str
    parts: re.Pattern[str]
    one_by_one: bool = False


def _flavor(mark: str, *more: str, one_by_one: bool = False) -> Flavor:
    return Flavor(mark, re.compile("|".join((*more, _PARTS)), re.VERBOSE | re.DOTALL), one_by_one)


SQLITE: Final = _flavor("?", r"\[[^\]]*+(?:\]|\Z)", one_by_one=True)
POSTGRES: Final = _flavor("%s", rf"(?<!\w)[eE]{_ESCAPED}", _DOLLAR)
NUMBERED: Final = Flavor("$", POSTGRES.parts)
MYSQL: Final = _flavor("%s", _ESCAPED, _ESCAPED_NAME, r"\#[^\n]*+")


class Statement(NamedTuple):
    """One text for a driver, with the values of its marks in order."""

    text: str
    values: tuple[Any, ...]


def statements(text: str, values: Sequence[Any], flavor: Flavor) -> list[Statement]:
    """Return what a driver is to run, one after another; nothing when the text has no statement.

    Raises:
        Error: kind Invalid, when there are more or fewer values than placeholders, or the text is too long.
    """
    if len(text) > MAX_LENGTH:
        raise invalid(f"the statement has {len(text)} characters, expected at most {MAX_LENGTH}: pass values as params")
    splitter = _Splitter(flavor, values)
    largest = 0
    for piece, position, ends in _placed(text, flavor):
        if position:
            splitter.add_mark(position)
            largest = max(largest, position)
        else:
            splitter.add_text(piece, ends=ends)
    splitter.finish()
    _check_count(largest, len(values))
    return splitter.made


def count_marks(text: str, flavor: Flavor) -> int:
    """Return how many values a text takes."""
    return max((position for _, position, _ in _placed(text, flavor)), default=0)


def _placed(text: str, flavor: Flavor) -> Iterator[tuple[str, int, bool]]:
    """Yield the pieces of a text: what is written, which value it stands for (0: none), whether it is a semicolon.

    Where there is a `$1`, a `?` is an operator: PostgreSQL has some.
    """
    pieces = list(_pieces(text, flavor))
    numbered = any(kind == "number" for kind, _ in pieces)
    marks = 0
    for kind, piece in pieces:
        if kind == "number" or (kind == "mark" and not numbered):
            marks += piece == "?"
            yield piece, (int(piece[1:]) if len(piece) > 1 else marks), False
        else:
            yield piece, 0, kind == "end"


class _Splitter:
    """Collects the pieces of statements."""

    def __init__(self, flavor: Flavor, values: Sequence[Any]) -> None:
        self.made: list[Statement] = []
        self._flavor = flavor
        self._given = values
        self._parts: list[str] = []
        self._values: list[Any] = []
        self._tries = 0

    def add_mark(self, position: int) -> None:
        """Add a placeholder for the value at a position, from 1."""
        if 0 < position <= len(self._given):
            self._values.append(self._given[position - 1])
        self._parts.append(f"${position}" if self._flavor.mark == "$" else self._flavor.mark)

    def add_text(self, piece: str, *, ends: bool) -> None:
        """Add plain SQL; `ends`: it is a semicolon."""
        before = self._parts[-1] if self._parts else ""
        self._parts.append(piece.replace("%", "%%") if self._flavor.mark == "%s" else piece)
        if ends and self._flavor.one_by_one and self._complete(before):
            self.finish()

    def finish(self) -> None:
        """Make a statement of what was added, unless that is blank."""
        text = "".join(self._parts)
        if not _is_blank(text, self._flavor):
            self.made.append(Statement(text, tuple(self._values)))
        self._parts, self._values = [], []

    def _complete(self, before: str) -> bool:
        """Tell whether the semicolon ends the statement: one within the body of a trigger does not."""
        if not _TRIGGER.match("".join(self._parts[:2])):
            return True
        if not before.rstrip().lower().endswith("end"):
            return False
        self._tries += 1
        if self._tries > _MAX_TRIES:
            raise invalid(f"the statement has a trigger with more than {_MAX_TRIES} times `end;`: write it simpler")
        return sqlite3.complete_statement("".join(self._parts))


def _pieces(text: str, flavor: Flavor) -> Iterator[tuple[str, str]]:
    """Yield the text in pieces: `number` ($1), `mark` (?), `end` (;), and "" for everything else."""
    at = 0
    for match in flavor.parts.finditer(text):
        kind = match.lastgroup or ""
        if kind not in {"number", "mark", "end"}:
            continue
        if match.start() > at:
            yield "", text[at : match.start()]
        yield kind, match[0]
        at = match.end()
    if at < len(text):
        yield "", text[at:]


def _is_blank(text: str, flavor: Flavor) -> bool:
    """Tell whether a text is nothing but blanks and comments."""
    left = flavor.parts.sub(lambda match: "" if match[0].startswith(("--", "/*", "#")) else match[0], text)
    return not left.strip(" \t\r\n;")


def _check_count(expected: int, got: int) -> None:
    if expected != got:
        hint = "; nil at the end of a list is lost, write sql.NULL" if got < expected else ""
        raise invalid(
            f"the statement has {expected} parameter{'s' if expected != 1 else ''}, got {got} value"
            f"{'s' if got != 1 else ''}{hint}"
        )
