"""Reading expressions in the language of expr-lang (https://expr-lang.org): a tree of bounded size and depth."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NoReturn

from actorflow.errors import Error, invalid
from actorflow.module.expr_builtin import ARITY, PREDICATES
from actorflow.module.expr_lexer import Token, tokens
from actorflow.module.expr_tree import (
    Binary,
    Call,
    Conditional,
    Items,
    Let,
    Literal,
    Member,
    Name,
    Node,
    Pairs,
    Pointer,
    Slice,
    Unary,
    bad_syntax,
)  # fmt: skip
from actorflow.module.regexp import compiled

LONGEST: Final = 16_384
"""Characters of a text."""
DEEPEST: Final = 64
"""Levels that an expression may be nested; a chain such as `a && b && c` has one for each operator."""
_CACHED: Final = 256
"""Trees that are kept: a memo of a pure function."""
_UNARY: Final = MappingProxyType({"!": 50, "not": 50, "-": 90, "+": 90})
_WORDS: Final = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
_BINARY: Final[Mapping[str, int]] = MappingProxyType(
    {
        "|": 0, "||": 10, "or": 10, "&&": 15, "and": 15,
        **dict.fromkeys(("==", "!=", "<", ">", "<=", ">=", *_WORDS), 20),
        "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
    }
)  # fmt: skip
"""Operators and how tightly they bind, as in expr-lang."""
_CLIMBS: Final = frozenset({"**", "^"})
"""Operators that are read from the right."""
_SPELLED: Final = MappingProxyType({"or": "||", "and": "&&", "not": "!", "^": "**"})
_NAMED: Final = MappingProxyType({"true": True, "false": False, "nil": None})


@lru_cache(_CACHED)
def parse(text: str) -> Node:
    """Return the tree of an expression.

    Raises:
        Error: kind Invalid, with line and column, for what is none.
    """
    if not text.strip():
        raise invalid("expr: got an empty text, expected an expression such as 'actor.id == meta.owner'")
    if len(text) > LONGEST:
        raise invalid(f"expr: got {len(text):,} characters, expected at most {LONGEST:,}")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0
        self._predicates = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._token.kind != "end":
            self._refuse("an operator or the end")
        self._check_depth(node)
        return node

    # ---- operators -----------------------------------------------------------------------------------------------

    def _expression(self, tightness: int = 0) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"nested deeper than {DEEPEST} levels")
        if tightness == 0 and self._is("let"):
            node = self._let()
        else:
            node = self._operators(self._operand(), tightness)
            if tightness == 0 and self._is("?"):
                node = self._conditional(node)
        self._depth -= 1
        return node

    def _operators(self, left: Node, tightness: int) -> Node:
        while True:
            start, negated = self._next, self._take("not")
            operator = self._token
            binds = _BINARY.get(operator.text, -1) if operator.kind in {"operator", "name"} else -1
            if binds < tightness or (negated and operator.text not in _WORDS):
                self._next = start
                return left
            self._next += 1
            if operator.text == "|":
                left = self._piped(left)
                continue
            right = self._expression(binds if operator.text in _CLIMBS else binds + 1)
            left = self._binary(operator, left, right, negated=negated)

    def _binary(self, operator: Token, left: Node, right: Node, *, negated: bool) -> Node:
        name = _SPELLED.get(operator.text, operator.text)
        if name == "matches" and isinstance(right, Literal):
            self._check_pattern(right)
        return Binary(operator.at, name, left, right, negated)

    def _check_pattern(self, pattern: Literal) -> None:
        if not isinstance(pattern.value, str):
            raise bad_syntax(self._text, pattern.at, "expected a regular expression after `matches`, a text")
        try:
            compiled(pattern.value)
        except Error as error:
            raise bad_syntax(self._text, pattern.at, error.message) from None

    def _conditional(self, condition: Node) -> Node:
        at = self._advance().at
        if self._take(":"):  # a ?: b
            return Conditional(at, condition, condition, self._expression())
        yes = self._expression()
        self._expect(":")
        return Conditional(at, condition, yes, self._expression())

    def _let(self) -> Node:
        at = self._advance().at
        name = self._token
        if name.kind != "name" or name.text in _NAMED:
            self._refuse("a name after `let`")
        self._next += 1
        self._expect("=")
        value = self._expression()
        self._expect(";")
        return Let(at, name.text, value, self._expression())

    def _piped(self, first: Node) -> Node:
        name = self._token
        if name.kind != "name":
            self._refuse("a function after `|`")
        self._next += 1
        return self._postfix(self._call(name, first))

    # ---- operands ------------------------------------------------------------------------------------------------

    def _operand(self) -> Node:
        token = self._token
        if token.kind in {"operator", "name"} and token.text in _UNARY:
            self._next += 1
            return Unary(token.at, _SPELLED.get(token.text, token.text), self._expression(_UNARY[token.text]))
        return self._postfix(self._primary())

    def _primary(self) -> Node:  # noqa: PLR0911 - one for each form
        token = self._advance()
        if token.kind in {"number", "text"}:
            return Literal(token.at, token.value)
        if token.kind == "pointer" and self._predicates:
            return Pointer(token.at, token.text[1:])
        if token.kind == "name" and token.text not in _BINARY:
            return self._named(token)
        if token.text == "(":
            node = self._expression()
            self._expect(")")
            return node
        if token.text == "[":
            return Items(token.at, self._list("]"))
        if token.text == "{":
            return self._map(token)
        if token.text == "." and self._predicates:  # .field is #.field
            self._next -= 1
            return Pointer(token.at, "")
        self._next -= 1
        raise self._refusal("a value")

    def _named(self, token: Token) -> Node:
        if token.text in _NAMED:
            return Literal(token.at, _NAMED[token.text])
        return self._call(token) if self._is("(") else Name(token.at, token.text)

    def _postfix(self, node: Node) -> Node:
        lenient = False
        while True:
            at = self._token.at
            if self._take("?."):
                lenient = True
                node = self._bracket(node, at, lenient=True) if self._take("[") else self._member(node, lenient=True)
            elif self._take("."):
                node = self._member(node, lenient=lenient)
            elif self._take("["):
                node = self._bracket(node, at, lenient=lenient)
            elif self._is("("):
                self._refuse(f"one of the functions {', '.join(sorted(ARITY))} before `(`")
            else:
                return node

    def _member(self, base: Node, *, lenient: bool) -> Node:
        key = self._advance()
        if key.kind != "name":
            self._next -= 1
            self._refuse("a name after `.`")
        return Member(key.at, base, Literal(key.at, key.text), lenient)

    def _bracket(self, base: Node, at: int, *, lenient: bool) -> Node:
        first = None if self._is(":") else self._expression()
        if self._take(":"):
            last = None if self._is("]") else self._expression()
            self._expect("]")
            return Slice(at, base, first, last)
        self._expect("]")
        return Member(at, base, first or Literal(at, None), lenient)

    def _map(self, opening: Token) -> Node:
        parts: list[Node] = []
        while not self._take("}"):
            key = self._advance()
            if key.text == "(":
                parts.append(self._expression())
                self._expect(")")
            elif key.kind in {"name", "text", "number"}:
                parts.append(Literal(key.at, key.text if key.kind == "name" else str(key.value)))
            else:
                self._next -= 1
                self._refuse("a key of a map")
            self._expect(":")
            parts.append(self._expression())
            self._separated("}")
        return Pairs(opening.at, tuple(parts))

    def _list(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._take(closing):
            items.append(self._expression())
            self._separated(closing)
        return tuple(items)

    # ---- functions -----------------------------------------------------------------------------------------------

    def _call(self, name: Token, *given: Node) -> Node:
        fewest, most = ARITY.get(name.text, (0, -1))
        if most < 0:
            raise bad_syntax(self._text, name.at, f"no function {name.text!r}; there are {', '.join(sorted(ARITY))}")
        self._expect("(")
        arguments = list(given)
        while not self._take(")"):
            taken = name.text in PREDICATES and len(arguments) == 1
            arguments.append(self._predicate() if taken else self._expression())
            self._separated(")")
        if not fewest <= len(arguments) <= most:
            wanted = fewest if fewest == most else f"{fewest} to {most}"
            raise bad_syntax(self._text, name.at, f"{name.text} got {len(arguments)} arguments, expected {wanted}")
        return Call(name.at, name.text, tuple(arguments))

    def _predicate(self) -> Node:
        self._predicates += 1
        braced = self._take("{")
        node = self._expression()
        if braced:
            self._expect("}")
        self._predicates -= 1
        return node

    # ---- tokens --------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._token
        if token.kind == "end":
            self._refuse("a value")
        self._next += 1
        return token

    def _is(self, text: str) -> bool:
        return self._token.text == text and self._token.kind in {"operator", "name"}

    def _take(self, text: str) -> bool:
        found = self._is(text)
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._refuse(f"`{text}`")

    def _separated(self, closing: str) -> None:
        if not self._take(",") and not self._is(closing):
            self._refuse(f"`,` or `{closing}`")

    def _refusal(self, expected: str) -> Error:
        return bad_syntax(self._text, self._token.at, f"got {self._token.text[:40]}, expected {expected}")

    def _refuse(self, expected: str) -> NoReturn:
        raise self._refusal(expected)

    def _fail(self, message: str) -> NoReturn:
        raise bad_syntax(self._text, self._token.at, message)

    def _check_depth(self, root: Node) -> None:
        """Refuse what an evaluation could not walk: chains are deep without being nested."""
        level, depth = [root], 0
        while level:
            depth += 1
            if depth > DEEPEST:
                text = f"more than {DEEPEST} levels or operators in a row; a list and `in`, any or all say it shorter"
                raise bad_syntax(self._text, level[0].at, text)
            level = [child for node in level for child in node.children()]
