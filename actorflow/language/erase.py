"""Erases the type annotations of the Lua dialect, so that stock Lua 5.4 compiles what is left.

One pass over the tokens, without an expression grammar: the recogniser of types is entered only where an annotation
can begin. Erased text becomes spaces and line ends stay, so that lines and columns of the rest are those of the source.

A type that the script uses as a value (`type User = …` and then `User:is(x)` or `return {User = User}`) becomes a local
with a description of the type instead; see `alias.py`.
"""

from __future__ import annotations

import re
from typing import Final

from actorflow.language.alias import Alias, Blocks, definitions
from actorflow.language.annotation import Annotations, Malformed
from actorflow.language.lexer import NAME, NUMBER, STRING, Token, tokens

_EXPRESSION_ENDS: Final = frozenset({NAME, STRING, NUMBER, ")", "]", "}", "nil", "true", "false", "...", "end"})
_STATEMENT_FOLLOWS: Final = _EXPRESSION_ENDS | {"", ";", "::", "do", "then", "else", "repeat", "break"}
_MEMBER: Final = frozenset({".", ":"})
_CALL_ARGUMENTS: Final = frozenset({"(", "{", STRING})
_VISIBLE: Final = re.compile(r"[^\r\n]")
_LINE_END: Final = re.compile(r"[\r\n]")


def erase_types(source: str) -> str:
    """Return `source` with every type annotation replaced by spaces.

    Erased are the types of locals, parameters and results, type parameters, the casts `x as T` and `x :: T`, the
    postfix `x!`, `type X = T` of a type that no code uses, and `interface X … end`. Plain Lua comes back as it is, with
    one exception: a call of a function named `as` that follows an expression on the same line without a `;` reads as a
    cast.

    A malformed annotation, and everything after it, stays, so that the compiler reports it at its own line. Takes
    time linear in the length of `source` and raises nothing.
    """
    eraser = _Eraser(source)
    eraser.run()
    return eraser.erased()


class _Eraser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = list(tokens(source))
        self._grammar = Annotations(self._tokens)
        self._spans: list[tuple[int, int]] = []
        self._before = ""  # kind of the last token that was not erased
        self._blocks = Blocks()
        self._aliases: list[Alias] = []
        self._used: set[str] = set()  # names in what stays
        self._declared_at: dict[str, list[int]] = {}  # local → where its annotations begin

    def erased(self) -> str:
        written = definitions(self._tokens, self._aliases, self._used, self._declared_at)
        pieces, copied = [], 0
        for start, end in self._spans:
            gone = self._source[start:end]
            blank = _VISIBLE.sub(" ", gone) if start not in written else _instead(gone, written[start])
            pieces += [self._source[copied:start], blank]
            copied = end
        return "".join([*pieces, self._source[copied:]])

    def run(self) -> None:
        at = 0
        try:
            while at < len(self._tokens):
                at = self._step(at)
        except Malformed:
            return

    def _step(self, at: int) -> int:
        """Handle what begins with token `at`; return the index after it."""
        token = self._tokens[at]
        if token.kind == NAME:
            return self._name(at, token)
        if token.kind == "::":
            return self._colons(at)
        if token.kind == "!" and self._before in _EXPRESSION_ENDS:
            return self._erase(at, at + 1)
        if token.kind == "local":
            return self._local(at)
        if token.kind == "function":
            return self._function(at + 1)
        return self._keep(at)

    def _keep(self, at: int) -> int:
        token = self._tokens[at]
        if token.kind == NAME and self._before not in _MEMBER:
            self._used.add(token.text)
        self._blocks.token(token.kind)
        self._before = token.kind
        return at + 1

    def _erase(self, start: int, end: int) -> int:
        """Erase the tokens from `start` up to but not including `end`."""
        self._spans.append((self._tokens[start].start, self._tokens[end - 1].end))
        return end

    def _name(self, at: int, token: Token) -> int:
        if token.text == "as" and self._is_cast(at):
            return self._erase(at, self._grammar.type(at + 1))
        declares = self._before in _STATEMENT_FOLLOWS and self._grammar.kind(at + 1) == NAME
        if declares and token.text == "type":
            return self._erase(at, self._alias(at))
        if declares and token.text == "interface":
            return self._erase(at, self._interface(at))
        return self._keep(at)

    def _is_cast(self, at: int) -> bool:
        """Tell whether the name `as` at `at` is the operator: plain Lua may have a variable of that name."""
        if self._before not in _EXPRESSION_ENDS or not self._grammar.starts_type(at + 1):
            return False
        if self._grammar.kind(at + 1) not in _CALL_ARGUMENTS:
            return True  # two names side by side are never plain Lua
        gap = self._source[self._tokens[at - 1].end : self._tokens[at].start]
        return self._before != "end" and _LINE_END.search(gap) is None

    def _colons(self, at: int) -> int:
        kind = self._grammar.kind
        if kind(at + 1) == NAME and kind(at + 2) == "::":
            self._before = "::"
            return at + 3
        if self._before in _EXPRESSION_ENDS:
            return self._erase(at, self._grammar.type(at + 1))
        return self._keep(at)

    def _alias(self, at: int) -> int:
        """Recognise `type NAME [<…>] = T`."""
        equals = self._grammar.type_parameters(at + 2)
        begin = self._grammar.expect(equals, "=")
        end = self._grammar.type(begin)
        self._aliases.append(Alias(at, begin, end, self._blocks.current))
        return end

    def _interface(self, at: int) -> int:
        """Recognise `interface NAME [: NAME {, NAME}] {function …} end`."""
        grammar, at = self._grammar, at + 2
        separator = ":"
        while grammar.kind(at) == separator:
            at, separator = grammar.type(at + 1), ","
        while grammar.kind(at) == "function":
            at = grammar.signature(grammar.expect(at + 1, NAME))
        return grammar.expect(at, "end")

    def _local(self, at: int) -> int:
        at = self._keep(at)
        while self._grammar.kind(at) == NAME:
            if self._grammar.kind(at + 1) == ":":
                self._declared_at.setdefault(self._tokens[at].text, []).append(at + 2)
            at = self._attribute(self._annotated(self._keep(at)))
            if self._grammar.kind(at) != ",":
                break
            at = self._keep(at)
        return at

    def _annotated(self, at: int) -> int:
        """Erase `: T` if it is there."""
        return self._erase(at, self._grammar.type(at + 1)) if self._grammar.kind(at) == ":" else at

    def _attribute(self, at: int) -> int:
        """Keep `<const>` or `<close>` if it is there."""
        if self._grammar.kind(at) == "<" and self._grammar.kind(at + 2) == ">":
            return self._keep(at + 2)
        return at

    def _function(self, at: int) -> int:
        """Handle what follows the word `function`: name, type parameters, parameters and results."""
        self._before = "function"
        self._blocks.token("function")
        grammar = self._grammar
        while grammar.kind(at) in {NAME, ".", ":"}:
            at = self._keep(at)
        after = grammar.type_parameters(at)
        at = self._erase(at, after) if after > at else at
        if grammar.kind(at) != "(":
            return at
        at = self._parameters(self._keep(at))
        if grammar.kind(at) == ":":
            at = self._erase(at, grammar.returned(at + 1, several=True))
        self._before = "do"  # a statement follows: the `)` ended no expression
        return at

    def _parameters(self, at: int) -> int:
        """Handle the parameters up to and including `)`; anything unexpected is left to the compiler."""
        while self._grammar.kind(at) in {NAME, "..."}:
            at = self._annotated(self._keep(at))
            at = self._keep(at) if self._grammar.kind(at) == "," else at
        if self._grammar.kind(at) != ")":
            raise Malformed
        return self._keep(at)


def _instead(gone: str, text: str) -> str:
    """Return `text` with as many line ends as what it stands for."""
    return text + "\n" * (gone.count("\n") - text.count("\n"))
