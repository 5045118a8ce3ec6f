"""A Lua source as rules look at it: its tokens, the names that are variables, and what the source declares."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from actorflow.language.finding import Finding, Severity
from actorflow.language.lexer import NAME, STRING, Token, tokens

MEMBER: Final = frozenset({".", ":"})


class LuaSource:
    """One source.

    Attributes:
        tokens: all of it. modules: what the entry lists. local: names that the source declares.
        required: name → (module, place) for each `name = require "module"`.
    """

    def __init__(self, source: str, file: str, modules: tuple[str, ...]) -> None:
        """Read the source; a text that is no Lua has tokens too."""
        self._file = file
        self.modules = modules
        self.tokens = list(tokens(source))
        self._lines = [0, *(at + 1 for at, letter in enumerate(source) if letter == "\n")]
        self.required = dict(self._requires())
        self.local = {name for name, _ in self._declared()}

    def finding(self, at: int, code: str, message: str, severity: Severity = "error") -> Finding:
        """Return a finding at the token number `at`."""
        start = self.tokens[at].start
        line = bisect_right(self._lines, start)
        return Finding(self._file, line, start - self._lines[line - 1] + 1, code, message, severity)

    def kind(self, at: int) -> str:
        """Return the kind of a token, "" beyond the ends."""
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else ""

    def text(self, at: int) -> str:
        """Return a token as written, "" beyond the ends."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def names(self) -> Iterator[tuple[int, Token]]:
        """Yield the names that are variables: no member, field key or label."""
        for at, token in enumerate(self.tokens):
            is_key = self.kind(at + 1) == "=" and self.kind(at - 1) in {"{", ","}
            if token.kind == NAME and self.kind(at - 1) not in MEMBER | {"::", "goto"} and not is_key:
                yield at, token

    def member(self, at: int) -> tuple[str, str]:
        """Return (module, member) if the name at `at` is a library or module and has a member there, else ("", "")."""
        if self.kind(at + 1) not in MEMBER or self.kind(at + 2) != NAME:
            return "", ""
        name = self.text(at)
        if name in self.required:
            return self.required[name][0], self.text(at + 2)
        return ("", "") if name in self.local else (name, self.text(at + 2))

    def _declared(self) -> Iterator[tuple[str, int]]:
        """Yield the names that the source declares: locals, loop variables, functions and parameters."""
        for at, token in enumerate(self.tokens):
            if token.kind in {"local", "for"} or token.kind == "function":
                yield from self._name_list(at + 1)
            if token.kind == "function":
                opening = next((i for i in range(at + 1, min(at + 12, len(self.tokens))) if self.kind(i) == "("), at)
                yield from self._name_list(opening + 1)

    def _name_list(self, at: int) -> Iterator[tuple[str, int]]:
        while self.kind(at) == NAME:
            yield self.tokens[at].text, at
            if self.kind(at + 1) != ",":
                return
            at += 2

    def _requires(self) -> Iterator[tuple[str, tuple[str, int]]]:
        """Yield `name, (module, place)` for each `name = require "module"`."""
        for at, token in enumerate(self.tokens):
            if token.kind != NAME or token.text != "require":
                continue
            argument = at + 2 if self.kind(at + 1) == "(" else at + 1
            if self.kind(argument) == STRING:
                module = self.tokens[argument].text.strip("\"'[]=")
                named = self.kind(at - 1) == "=" and self.kind(at - 2) == NAME
                yield self.tokens[at - 2].text if named else module, (module, at)
