"""Lua tokens, with their places in the source: what the type eraser and the Lua linter read.

Knows the lexical rules of Lua 5.4 plus the tokens of the type syntax (`->`, `?`, `!`, `@`). It has no opinion on
grammar. Every character is looked at a bounded number of times, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

NAME: Final = "<name>"
STRING: Final = "<string>"
NUMBER: Final = "<number>"
END: Final = "<end>"

KEYWORDS: Final = frozenset(
    [
        "and",
        "break",
        "do",
        "else",
        "elseif",
        "end",
        "false",
        "for",
        "function",
        "goto",
        "if",
        "in",
        "local",
        "nil",
        "not",
        "or",
        "repeat",
        "return",
        "then",
        "true",
        "until",
        "while",
    ]
)


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: `NAME`, `STRING`, `NUMBER`, `END`, or the text itself for keywords and symbols.
        text: the text as written.
        start: index of its first character.
        end: index after its last character.
    """

    kind: str
    text: str
    start: int
    end: int


_TOKEN: Final = re.compile(
    r"""
      (?P<space>[ \t\r\n\f\v]++)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<comment>--)
    | (?P<long>\[=*+\[)
    | (?P<number>0[xX](?:[pP][+-]?|[0-9A-Fa-f.])*+ | \.?[0-9](?:[eE][+-]?|[0-9A-Fa-f.])*+)
    | (?P<string>"(?:[^"\\\r\n]|\\z\s*+|\\\r\n|\\.)*+" | '(?:[^'\\\r\n]|\\z\s*+|\\\r\n|\\.)*+')
    | (?P<symbol>\.\.\.|\.\.|::|->|==|~=|!=|<=|<<|//|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG: Final = re.compile(r"\[(=*+)\[")
_LINE_END: Final = re.compile(r"[\r\n]|\Z")


def _skip_long(source: str, start: int) -> int | None:
    """Return the index after the long bracket that opens at `start`, `start` if none opens, None if it never closes."""
    opened = _LONG.match(source, start)
    if opened is None:
        return start
    close = "]" + opened[1] + "]"
    found = source.find(close, opened.end())
    return None if found < 0 else found + len(close)


def _skip_comment(source: str, start: int) -> int | None:
    """Return the index after the comment whose text starts at `start`, None if it never closes."""
    after = _skip_long(source, start)
    if after != start:
        return after
    line_end = _LINE_END.search(source, start)
    return line_end.start() if line_end else len(source)


def tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of `source`, ending with one of kind `END`.

    A first line that starts with `#` is skipped as Lua's file loader does. `>` is always a token of its own, so that
    `>>` closes two generic lists. A string or comment that is never closed ends the tokens where it begins: the
    compiler has the message for it. Raises nothing.
    """
    at = _skip_comment(source, 1) or 0 if source.startswith("#") else 0
    while (found := _TOKEN.match(source, at)) is not None:
        kind, start, at = found.lastgroup, at, found.end()
        if kind == "space":
            continue
        if kind in {"comment", "long"}:
            after = _skip_comment(source, at) if kind == "comment" else _skip_long(source, start)
            if after is None:
                at = start
                break
            at = after
            if kind == "long":
                yield Token(STRING, source[start:at], start, at)
            continue
        text = found[0]
        if kind == "symbol" and text in "\"'":
            at = start
            break
        yield Token(_kind(kind, text), text, start, at)
    yield Token(END, "", at, at)


def _kind(group: str | None, text: str) -> str:
    if group == "name":
        return text if text in KEYWORDS else NAME
    if group == "number":
        return NUMBER
    return STRING if group == "string" else text
