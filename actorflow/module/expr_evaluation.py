"""Evaluating the tree of an expression, in a bounded number of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import Error
from actorflow.module import expr_predicate
from actorflow.module.expr_builtin import FUNCTIONS, PREDICATES
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
    cannot,
)  # fmt: skip
from actorflow.module.expr_value import (
    BINARY,
    COMPARISONS,
    TEXTS,
    Wrong,
    integer,
    member,
    number,
    ordered,
    shown_key,
    sliced,
    text,
    truth,
    whole,
)  # fmt: skip
from actorflow.module.regexp import compiled

MOST_STEPS: Final = 20_000
"""Nodes visited, items of lists and every 64 characters of texts looked at, in one evaluation."""
_CHARACTERS: Final = 64


class Evaluation:
    """One evaluation over an environment; `steps` is what it has cost."""

    def __init__(self, source: str, names: Mapping[str, Any]) -> None:
        """Begin one; what `names` does not have is nil."""
        self._source = source
        self._names = dict(names)
        self.pointers: list[Mapping[str, Any]] = []
        self.steps = 0

    def result(self, tree: Node) -> Any:
        """Return the value of a whole expression; raises as `value` does, also for one too large or deep to be used."""
        try:
            return self.look(self.value(tree))
        except Wrong as wrong:
            raise self.error(tree, str(wrong)) from None
        except RecursionError:
            raise self.error(tree, "a value that is nested too deeply") from None

    def value(self, node: Node) -> Any:
        """Return the value of a node.

        Raises:
            Error: kind Internal, with line and column, when there is none or it takes too many steps.
        """
        try:
            self.spend(1)
            return _FORMS[type(node)](self, node)
        except Wrong as wrong:
            raise self.error(node, str(wrong)) from None

    def error(self, node: Node, message: str) -> Error:
        """Return the error for what is wrong at a node."""
        return cannot(self._source, node.at, message)

    def spend(self, steps: int) -> None:
        """Count steps; raises `Wrong` when there are too many."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise Wrong(f"more than {MOST_STEPS:,} steps of work")

    def look(self, value: Any) -> Any:
        """Count what it costs to look at a value once."""
        if isinstance(value, str | bytes):
            self.spend(len(value) // _CHARACTERS)
        elif isinstance(value, list | tuple | Mapping):
            self.spend(_weight(value, MOST_STEPS))
        return value

    def _name(self, node: Name) -> Any:
        return self._names.get(node.name)

    def _pointer(self, node: Pointer) -> Any:
        known = self.pointers[-1]
        if node.name not in known:
            raise Wrong(f"there is no #{node.name} here; there are {', '.join(f'#{name}' for name in known)}")
        return known[node.name]

    def _member(self, node: Member) -> Any:
        base = self.value(node.base)
        if base is None and node.lenient:
            return None
        return member(base, self.value(node.key))

    def _slice(self, node: Slice) -> Any:
        bounds = [None if part is None else self.value(part) for part in (node.first, node.last)]
        return sliced(self.look(self.value(node.base)), *bounds)

    def _unary(self, node: Unary) -> Any:
        operand = self.value(node.operand)
        if node.operator == "!":
            return not truth(operand, "!")
        found = number(operand, node.operator)
        if node.operator == "+":
            return found
        return whole(-found) if isinstance(found, int) else -found

    def _binary(self, node: Binary) -> Any:
        if node.operator in _SHORT:
            return self._short(node)
        left, right = self.look(self.value(node.left)), self.look(self.value(node.right))
        if node.operator == "..":
            return self._range(integer(left, ".."), integer(right, ".."))
        compute = BINARY.get(node.operator)
        found = compute(left, right) if compute is not None else _compared(node.operator, left, right)
        return not found if node.negated else found

    def _short(self, node: Binary) -> Any:
        if node.operator == "??":
            return self._coalesced(node)
        left = truth(self.value(node.left), node.operator)
        if left is (node.operator == "||"):
            return left
        return truth(self.value(node.right), node.operator)

    def _coalesced(self, node: Binary) -> Any:
        found = self.value(node.left)
        return self.value(node.right) if found is None else found

    def _range(self, first: int, last: int) -> list[int]:
        self.spend(max(last - first, 0))
        return list(range(first, last + 1))

    def _conditional(self, node: Conditional) -> Any:
        return self.value(node.yes if truth(self.value(node.condition), "?:") else node.no)

    def _items(self, node: Items) -> list[Any]:
        return [self.value(item) for item in node.items]

    def _pairs(self, node: Pairs) -> dict[str, Any]:
        parts = iter(node.parts)
        return {shown_key(self.value(key)): self.value(value) for key, value in zip(parts, parts, strict=True)}

    def _let(self, node: Let) -> Any:
        outer, known = self._names.get(node.name), node.name in self._names
        self._names[node.name] = self.value(node.value)
        try:
            return self.value(node.body)
        finally:
            if known:
                self._names[node.name] = outer
            else:
                del self._names[node.name]

    def _call(self, node: Call) -> Any:
        if node.function in PREDICATES:
            return expr_predicate.evaluate(self, node)
        given = [self.look(self.value(argument)) for argument in node.arguments]
        if node.function == "sort":
            self.spend(len(given[0]) * 8 if isinstance(given[0], list | tuple) else 0)
        return self.look(FUNCTIONS[node.function][2](*given))


def _compared(operator: str, left: Any, right: Any) -> bool:
    compare = COMPARISONS.get(operator)
    if compare is not None:
        ordered(left, right, operator)
        return compare(left, right)
    subject, wanted = text(left, operator), text(right, operator)
    if operator == "matches":
        return _matches(subject, wanted)
    return TEXTS[operator](subject, wanted)


def _matches(subject: str, pattern: str) -> bool:
    try:
        return compiled(pattern).search(subject.encode(errors="surrogatepass")) is not None
    except Error as error:
        raise Wrong(error.message) from None


def _weight(value: Any, most: int) -> int:
    """Return how much a value holds, all levels counted, up to some more than `most`."""
    count, waiting = 0, [value]
    while waiting and count <= most:
        holder = waiting.pop()
        count += len(holder)
        for item in holder.values() if isinstance(holder, Mapping) else holder:
            if isinstance(item, list | tuple | Mapping):
                waiting.append(item)
            elif isinstance(item, str | bytes):
                count += len(item) // _CHARACTERS
    return count


_SHORT: Final = frozenset({"&&", "||", "??"})
_FORMS: Final[Mapping[type[Node], Callable[[Evaluation, Any], Any]]] = MappingProxyType(
    {
        Literal: lambda _evaluation, node: node.value,
        Name: Evaluation._name,  # noqa: SLF001 - the table of this class
        Pointer: Evaluation._pointer,  # noqa: SLF001
        Member: Evaluation._member,  # noqa: SLF001
        Slice: Evaluation._slice,  # noqa: SLF001
        Unary: Evaluation._unary,  # noqa: SLF001
        Binary: Evaluation._binary,  # noqa: SLF001
        Conditional: Evaluation._conditional,  # noqa: SLF001
        Items: Evaluation._items,  # noqa: SLF001
        Pairs: Evaluation._pairs,  # noqa: SLF001
        Let: Evaluation._let,  # noqa: SLF001
        Call: Evaluation._call,  # noqa: SLF001
    }
)
