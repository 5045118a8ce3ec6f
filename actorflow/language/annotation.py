"""The grammar of type annotations: where one ends, and whether it is well formed.

A recursive recogniser over tokens. It builds nothing and knows nothing of the code around an annotation: each method
takes the index of a token and returns the index after what it recognised, or raises `Malformed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from actorflow.language.lexer import END, KEYWORDS, NAME, NUMBER, STRING, Token

MAX_DEPTH: Final = 50
"""Types nest at most this deep; deeper ones count as malformed, so that no source exhausts the stack."""

_RESERVED: Final = frozenset({"interface", "as", "asserts", "readonly", "is", "typeof", "keyof", "extends", "fun"})
_LITERALS: Final = frozenset({"nil", "true", "false", STRING, NUMBER})
_ATTRIBUTES: Final = frozenset({"const", "close"})
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}
_OPENERS: Final = frozenset({"(", "{", "interface", "readonly", "fun", "typeof", "keyof", "asserts"})


class Malformed(Exception):
    """The tokens are no type annotation."""


class Annotations:
    """Recognises the annotations in one list of tokens, which ends with a token of kind `END`."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        """Take the tokens; nothing is read yet."""
        self._tokens = tokens
        self._depth = 0

    def kind(self, at: int) -> str:
        """Return the kind of token `at`; beyond the last one it is `END`."""
        return self._tokens[at].kind if at < len(self._tokens) else END

    def word(self, at: int) -> str:
        """Return the text of token `at` if it is a name, else ""."""
        return self._tokens[at].text if self.kind(at) == NAME else ""

    def starts_type(self, at: int) -> bool:
        """Tell whether a type may begin with token `at`."""
        word = self.word(at)
        if word:
            return word not in _RESERVED or word in _OPENERS
        return self.kind(at) in _LITERALS or self.kind(at) in _OPENERS

    def expect(self, at: int, kind: str) -> int:
        """Return the index after token `at`, which must be of `kind`."""
        if self.kind(at) != kind:
            raise Malformed
        return at + 1

    def type(self, at: int) -> int:
        """Recognise a type: unions and intersections, optionally `A extends B ? C : D`."""
        with self._nested():
            return self._continued(self._atom(at))

    def returned(self, at: int, *, several: bool) -> int:
        """Recognise the types a function returns: `T`, `()`, `(A, B)`, and with `several` also `A, B`."""
        with self._nested():
            if self.kind(at) != "(":
                return self._list(at, self.type) if several else self.type(at)
            at, is_tuple = self._group(at)
            if is_tuple:
                return at
            at = self._continued(at)
            return self._list(at + 1, self.type) if several and self.kind(at) == "," else at

    def type_parameters(self, at: int) -> int:
        """Recognise `<NAME [: type] {, …}>` if there is one; return `at` unchanged otherwise."""
        if self.kind(at) != "<":
            return at
        return self.expect(self._list(at + 1, self.typed_name), ">")

    def signature(self, at: int) -> int:
        """Recognise `(NAME [: T] {, …}) [: results]`: a function without a body."""
        at = self.expect(at, "(")
        while self.kind(at) != ")":
            at = self._variadic(at) if self.kind(at) == "..." else self.typed_name(at)
            if self.kind(at) == ",":
                at += 1
            elif self.kind(at) != ")":
                raise Malformed
        return self.returned(at + 2, several=True) if self.kind(at + 1) == ":" else at + 1

    def typed_name(self, at: int) -> int:
        """Recognise `NAME [: type]`."""
        at = self.expect(at, NAME)
        return self.type(at + 1) if self.kind(at) == ":" else at

    def _list(self, at: int, item: Callable[[int], int]) -> int:
        at = item(at)
        while self.kind(at) == ",":
            at = item(at + 1)
        return at

    @contextmanager
    def _nested(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Malformed
        yield
        self._depth -= 1

    def _continued(self, at: int) -> int:
        """Recognise what may follow the first atom of a type."""
        at = self._suffixes(at)
        while self.kind(at) in {"|", "&"}:
            at = self._suffixes(self._atom(at + 1))
        if self.word(at) != "extends":
            return at
        at = self.expect(self._suffixes(self._atom(at + 1), optional=False), "?")
        return self.type(self.expect(self.type(at), ":"))

    def _suffixes(self, at: int, *, optional: bool = True) -> int:
        """Recognise the `[]`, `[T]`, `@annotation`s and `?` after an atom."""
        while self.kind(at) == "[":
            at = at + 1 if self.kind(at + 1) == "]" else self.type(at + 1)
            at = self.expect(at, "]")
        at = self._annotations(at)
        while optional and self.kind(at) == "?":
            at = self._annotations(at + 1)
        return at

    def _annotations(self, at: int) -> int:
        while self.kind(at) == "@":
            at = self.expect(at + 1, NAME)
            if self.kind(at) == "(":
                at = self.balanced(at)
        return at

    def balanced(self, at: int) -> int:
        """Skip the brackets that open at `at`, with whatever expressions are in them."""
        expected: list[str] = []
        while True:
            kind = self.kind(at)
            at += 1
            if kind in _BRACKETS:
                expected.append(_BRACKETS[kind])
            elif (kind in {")", "]", "}"} and expected.pop() != kind) or kind == END:
                raise Malformed
            if not expected:
                return at

    def _atom(self, at: int) -> int:
        kind = self.kind(at)
        if kind in _LITERALS:
            return at + 1
        if kind == "{":
            return self._braces(at)
        if kind == "(":
            return self._parenthesised(at)
        return self._named(at)

    def _named(self, at: int) -> int:
        word = self.word(at)
        if word in {"readonly", "interface"}:
            self.expect(at + 1, "{")
            return self._braces(at + 1)
        if word == "fun":
            return self._fun(at + 1)
        if word == "typeof":
            self.expect(at + 1, "(")
            return self.balanced(at + 1)
        if word == "keyof":
            return self.expect(self.type(self.expect(at + 1, "(")), ")")
        if word == "asserts":
            at = self.expect(at + 1, NAME)
            return self.type(at + 1) if self.word(at) == "is" else at
        return self._reference(at)

    def _reference(self, at: int) -> int:
        """Recognise `NAME`, `NAME.NAME`, and their generic arguments; an attribute such as `<const>` is none."""
        if not self.word(at) or self.word(at) in _RESERVED:
            raise Malformed
        at += 1
        while self.kind(at) == ".":
            at = self.expect(at + 1, NAME)
        attribute = self.word(at + 1) in _ATTRIBUTES and self.kind(at + 2) == ">"
        if self.kind(at) != "<" or attribute:
            return at
        return self.expect(self._list(at + 1, self.type), ">")

    def _braces(self, at: int) -> int:
        """Recognise `{}`, `{[K]: V}`, `{field: T, …}` or `{T}`."""
        at += 1
        if self.kind(at) == "}":
            return at + 1
        if self.kind(at) == "[":
            at = self.expect(self.expect(self.type(at + 1), "]"), ":")
            return self.expect(self.type(at), "}")
        if self.field_colon(at):
            return self._fields(at)
        return self.expect(self.type(at), "}")

    def field_colon(self, at: int) -> int:
        """Return the index after `name:` or `name?:`, 0 if there is none at `at`."""
        if not self.word(at) and self.kind(at) not in KEYWORDS:
            return 0
        at += 1
        at = at + 1 if self.kind(at) == "?" else at
        return at + 1 if self.kind(at) == ":" else 0

    def _fields(self, at: int) -> int:
        while self.kind(at) != "}":
            colon = self.field_colon(at)
            if not colon:
                raise Malformed
            at = self.type(colon)
            if self.kind(at) == ",":
                at += 1
            elif self.kind(at) != "}":
                raise Malformed
        return at + 1

    def parameters(self, at: int) -> tuple[int, int, bool]:
        """Recognise `(…)`; return the index after it, the number of items, and whether one is named or variadic."""
        at, count, special = self.expect(at, "("), 0, False
        while self.kind(at) != ")":
            if count:
                at = self.expect(at, ",")
            named = self.word(at) != "" and self.kind(at + 1) == ":"
            special = special or named or self.kind(at) == "..."
            at = self._variadic(at) if self.kind(at) == "..." else self.type(at + 2 if named else at)
            count += 1
        return at + 1, count, special

    def _variadic(self, at: int) -> int:
        """Recognise `...`, `...T` or `...: T`."""
        at = at + 2 if self.kind(at + 1) == ":" else at + 1
        return at if self.kind(at) in {")", ","} else self.type(at)

    def _group(self, at: int) -> tuple[int, bool]:
        """Recognise `(…) -> result`, one type in parentheses, or a tuple; tell whether it was a tuple."""
        after, count, special = self.parameters(at)
        if self.kind(after) == "->":
            return self.returned(after + 1, several=False), False
        if special:
            raise Malformed
        return after, count != 1

    def _parenthesised(self, at: int) -> int:
        after, is_tuple = self._group(at)
        if is_tuple:
            raise Malformed
        return after

    def _fun(self, at: int) -> int:
        """Recognise what follows `fun`: parameters and an optional result."""
        after, _, _ = self.parameters(at)
        return self.returned(after + 1, several=False) if self.kind(after) == ":" else after
