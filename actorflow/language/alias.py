"""Declarations `type X = T` whose type is used as a value: which they are, and the Lua statement each becomes.

`type Node = {next: Node?}` becomes `local Node;Node=__type("Node",…);` on the same line. Types may refer to later ones
of the same block, so the locals of those are declared with the first that needs them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from actorflow.language.lexer import NAME, Token
from actorflow.language.type_value import TypeValues

_OPENING: Final = frozenset({"function", "do", "if", "repeat"})
_CLOSING: Final = frozenset({"end", "until"})


class Blocks:
    """Numbers the blocks of a source, token by token."""

    def __init__(self) -> None:
        """Begin in the main block."""
        self._open = [0]
        self._last = 0

    @property
    def current(self) -> int:
        """The number of the block that the next token is in."""
        return self._open[-1]

    def token(self, kind: str) -> None:
        """Take the next token into account."""
        if kind in _OPENING:
            self._last += 1
            self._open.append(self._last)
        elif kind in _CLOSING and len(self._open) > 1:
            self._open.pop()


@dataclass(frozen=True, slots=True)
class Alias:
    """One declaration.

    Attributes:
        at: index of its first token, the word `type`. begin, end: of the tokens of its type.
        block: number of the block it stands in.
    """

    at: int
    begin: int
    end: int
    block: int


def definitions(
    tokens: Sequence[Token], aliases: Sequence[Alias], used: set[str], declared_at: Mapping[str, Sequence[int]]
) -> dict[int, str]:
    """Return the statements of the declarations that are needed, by the place in the source where each begins.

    Needed are those whose names are among `used`, and those that these refer to. `declared_at` has for each local
    where its annotations begin, in order.
    """
    needed = _needed(tokens, aliases, used)
    places = {(alias.block, tokens[alias.at + 1].text): place for place, alias in enumerate(needed)}
    declared: set[tuple[int, str]] = set()
    statements: dict[int, str] = {}
    for place, alias in enumerate(needed):
        name = tokens[alias.at + 1].text
        mentioned = sorted(_names(tokens, alias) - {name})
        later = [other for other in mentioned if places.get((alias.block, other), -1) > place]
        fresh = [other for other in (name, *later) if (alias.block, other) not in declared]
        declared.update((alias.block, other) for other in fresh)
        local = f"local {','.join(fresh)};" if fresh else ""
        statements[tokens[alias.at].start] = f"{local}{name}={_description(tokens, alias, name, declared_at)};"
    return statements


def _needed(tokens: Sequence[Token], aliases: Sequence[Alias], used: set[str]) -> list[Alias]:
    by_name: dict[str, list[Alias]] = {}
    for alias in aliases:
        by_name.setdefault(tokens[alias.at + 1].text, []).append(alias)
    needed: dict[int, Alias] = {}
    names = [name for name in by_name if name in used]
    while names:
        for alias in by_name.pop(names.pop(), ()):
            needed[alias.at] = alias
            names.extend(name for name in _names(tokens, alias) if name in by_name)
    return [needed[at] for at in sorted(needed)]


def _names(tokens: Sequence[Token], alias: Alias) -> set[str]:
    return {token.text for token in tokens[alias.begin : alias.end] if token.kind == NAME}


def _description(tokens: Sequence[Token], alias: Alias, name: str, declared_at: Mapping[str, Sequence[int]]) -> str:
    parameters = _parameters(tokens, alias)

    def annotation(local: str) -> int | None:
        places = declared_at.get(local, ())
        before = bisect_left(places, alias.at)
        return places[before - 1] if before else None

    values = TypeValues(tokens, annotation, frozenset(parameters))
    described, _ = values.type(alias.begin)
    listed = ",".join(f'"{parameter}"' for parameter in parameters)
    return f'__type("{name}",{described}{f",{{{listed}}}" if listed else ""})'


def _parameters(tokens: Sequence[Token], alias: Alias) -> list[str]:
    """Return the names of the type parameters, which stand after `<` and `,` before the `=`."""
    head = tokens[alias.at + 2 : alias.begin]
    return [token.text for before, token in pairwise(head) if before.kind in {"<", ","} and token.kind == NAME]
