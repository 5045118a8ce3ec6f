"""Functions of expressions that evaluate a part for each item of a list: `any(orders, .total > 100)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from actorflow.module.expr_builtin import in_order
from actorflow.module.expr_tree import Call, Node
from actorflow.module.expr_value import BINARY, Wrong, items, shown_key, truth

if TYPE_CHECKING:
    from actorflow.module.expr_evaluation import Evaluation


def evaluate(evaluation: Evaluation, node: Call) -> Any:
    """Return what such a function gives."""
    values = items(evaluation.value(node.arguments[0]), node.function)
    evaluation.spend(len(values))
    return _FUNCTIONS[node.function](evaluation, values, node)


def _at(evaluation: Evaluation, node: Node, **pointers: Any) -> Any:
    evaluation.pointers.append({"": pointers.pop("item"), **pointers})
    try:
        return evaluation.value(node)
    finally:
        evaluation.pointers.pop()


def _results(evaluation: Evaluation, values: list[Any], node: Call) -> Iterator[Any]:
    for index, item in enumerate(values):
        yield _at(evaluation, node.arguments[1], item=item, index=index)


def _tests(evaluation: Evaluation, values: list[Any], node: Call) -> Iterator[bool]:
    return (truth(found, node.function) for found in _results(evaluation, values, node))


def _all(evaluation: Evaluation, values: list[Any], node: Call) -> bool:
    return all(_tests(evaluation, values, node))


def _any(evaluation: Evaluation, values: list[Any], node: Call) -> bool:
    return any(_tests(evaluation, values, node))


def _count(evaluation: Evaluation, values: list[Any], node: Call) -> int:
    if len(node.arguments) == 1:
        return sum(truth(value, "count") for value in values)
    return sum(_tests(evaluation, values, node))


def _filter(evaluation: Evaluation, values: list[Any], node: Call) -> list[Any]:
    return [item for item, kept in zip(values, _tests(evaluation, values, node), strict=True) if kept]


def _places(evaluation: Evaluation, values: list[Any], node: Call) -> Iterator[int]:
    backward = node.function.startswith("findLast")
    for index in reversed(range(len(values))) if backward else range(len(values)):
        if truth(_at(evaluation, node.arguments[1], item=values[index], index=index), node.function):
            yield index


def _find(evaluation: Evaluation, values: list[Any], node: Call) -> Any:
    place = next(_places(evaluation, values, node), None)
    return None if place is None else values[place]


def _find_index(evaluation: Evaluation, values: list[Any], node: Call) -> int:
    return next(_places(evaluation, values, node), -1)


def _group_by(evaluation: Evaluation, values: list[Any], node: Call) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item, key in zip(values, _results(evaluation, values, node), strict=True):
        groups.setdefault(shown_key(key), []).append(item)
    return groups


def _sort_by(evaluation: Evaluation, values: list[Any], node: Call) -> list[Any]:
    order = evaluation.value(node.arguments[2]) if len(node.arguments) > 2 else "asc"  # noqa: PLR2004 - the third
    evaluation.spend(len(values) * 8)
    return in_order(list(zip(_results(evaluation, values, node), values, strict=True)), order)


def _sum(evaluation: Evaluation, values: list[Any], node: Call) -> Any:
    total: Any = 0
    for value in values if len(node.arguments) == 1 else _results(evaluation, values, node):
        if isinstance(value, str):
            raise Wrong("sum: got a text, expected numbers")
        total = BINARY["+"](total, value)
    return total


def _reduce(evaluation: Evaluation, values: list[Any], node: Call) -> Any:
    rest = list(enumerate(values))
    if len(node.arguments) > 2:  # noqa: PLR2004 - the third is what it begins with
        found = evaluation.value(node.arguments[2])
    elif rest:
        found = rest.pop(0)[1]
    else:
        raise Wrong("reduce: got an empty list and nothing to begin with")
    for index, item in rest:
        found = _at(evaluation, node.arguments[1], item=item, index=index, acc=found)
    return found


_FUNCTIONS: Final[Mapping[str, Callable[[Evaluation, list[Any], Call], Any]]] = MappingProxyType(
    {
        "all": _all,
        "any": _any,
        "none": lambda *given: not _any(*given),
        "one": lambda *given: _count(*given) == 1,
        "count": _count,
        "filter": _filter,
        "find": _find,
        "findIndex": _find_index,
        "findLast": _find,
        "findLastIndex": _find_index,
        "groupBy": _group_by,
        "map": lambda *given: list(_results(*given)),
        "reduce": _reduce,
        "sortBy": _sort_by,
        "sum": _sum,
    }
)
