"""The tokens of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from actorflow.module.expr_tree import bad_syntax

Kind: TypeAlias = Literal["number", "text", "name", "operator", "pointer", "end"]

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*(?:(?!\*/).)*\*/)
    |(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]+)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<pointer>\#(?:[^\W\d]\w*)?)
    |(?P<operator>\?\.|\?\?|\*\*|\.\.|==|!=|<=|>=|&&|\|\||[-+*/%^<>!?:.,;=|()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_PLAIN: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_MOST_DIGITS: Final = 40
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text` as it is written, `value` what a number or text means."""

    kind: Kind
    text: str
    at: int
    value: Any = None


def tokens(source: str) -> list[Token]:
    """Return the tokens of a text, the last of which is its end.

    Raises:
        Error: kind Invalid, naming the place of what is no token.
    """
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            what = "a text without its end" if source[at] in "\"'`" else f"{source[at]!r}"
            raise bad_syntax(source, at, f"got {what}, expected a value or an operator")
        if match.lastgroup != "space":
            found.append(_token(source, match))
        at = match.end()
    return [*found, Token("end", "the end", at)]


def _token(source: str, match: re.Match[str]) -> Token:
    text, at = match.group(), match.start()
    if match.lastgroup == "number":
        return Token("number", text, at, _number(source, text, at))
    if match.lastgroup == "text":
        return Token("text", text, at, text[1:-1] if text[0] == "`" else _unescaped(source, text, at))
    return Token(match.lastgroup, text, at)  # type: ignore[arg-type]  # the names of the groups are the kinds


def _number(source: str, text: str, at: int) -> int | float:
    digits = text.replace("_", "")
    if len(digits) > _MOST_DIGITS:
        raise bad_syntax(source, at, f"got a number of {len(digits)} digits, expected one of 64 bits")
    try:
        value = int(digits, 0) if digits[:2].lower() in {"0x", "0b", "0o"} else int(digits)
    except ValueError:
        try:
            return float(digits)
        except ValueError:
            raise bad_syntax(source, at, f"got {text!r}, expected a number") from None
    if value > _LARGEST:
        raise bad_syntax(source, at, f"got {text}, expected a number of 64 bits")
    return value


def _unescaped(source: str, text: str, at: int) -> str:
    def meant(match: re.Match[str]) -> str:
        escape = match.group(1)
        plain = _PLAIN.get(escape)
        if plain is not None:
            return plain
        try:
            return chr(int(escape, 8) if escape.isdigit() else int(escape[1:], 16))
        except (ValueError, OverflowError):
            raise bad_syntax(source, at + 1 + match.start(), f"got {match.group()!r}, expected an escape") from None

    return _ESCAPE.sub(meant, text[1:-1])
