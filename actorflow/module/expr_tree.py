"""What an expression is made of: the nodes that the parser builds, and the error that names a place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from actorflow.errors import INTERNAL, INVALID, Error


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression; `at` is where its text begins, counted from 0."""

    at: int

    def children(self) -> Iterator[Node]:
        """Return the nodes directly below."""
        for field in fields(self):
            value = getattr(self, field.name)
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Node):
                    yield item


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, text, boolean or nil."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A value of the environment, or one that `let` has named."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointer(Node):
    """`#` of a predicate, the item that is looked at, or `#index` and `#acc`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`base.key` and `base[key]`; `lenient` gives nil where the base is nil."""

    base: Node
    key: Node
    lenient: bool


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`base[first:last]`."""

    base: Node
    first: Node | None
    last: Node | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`!x`, `-x` or `+x`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left operator right`; `negated` for `not in` and its like."""

    operator: str
    left: Node
    right: Node
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Items(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Pairs(Node):
    """`{a: 1, "b": 2, (c): 3}`: keys and values by turns."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(a, b)`; with `{# > 1}` as an argument for a predicate."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Let(Node):
    """`let name = value; body`."""

    name: str
    value: Node
    body: Node


def bad_syntax(text: str, at: int, message: str) -> Error:
    """Return the error for a text that is no expression; kind Invalid, with line and column from 1."""
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    where = {"line": line, "column": column}
    return Error(f"expr: line {line}, column {column}: {message}", INVALID, retryable=False, details=where)


def cannot(text: str, at: int, message: str) -> Error:
    """Return the error for an expression that cannot be evaluated; kind Internal, with line and column from 1."""
    error = bad_syntax(text, at, message)
    return Error(error.message, INTERNAL, retryable=False, details=error.details)
