"""Expressions in the language of expr-lang (https://expr-lang.org): `actor.id == meta.owner || "admin" in actor.roles`.

Pure: nothing but the environment is read and nothing is written. Texts are bounded in length and depth, evaluations in
steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.likeness import close_names
from actorflow.module.expr_evaluation import Evaluation
from actorflow.module.expr_parser import parse
from actorflow.module.expr_tree import Let, Name, Node, bad_syntax
from actorflow.module.octets import text, unexpected


def check(source: Any = None, names: Iterable[str] | Mapping[str, Any] | None = None) -> str:
    """Return an expression that can be evaluated; with `names`, one that reads nothing else.

    Raises:
        Error: kind Invalid, with line and column.
    """
    given = text(source, "expr")
    tree = parse(given)
    if names is not None:
        _check_names(given, tree, frozenset(name for name in names if isinstance(name, str)))
    return given


def evaluate(source: Any = None, names: Any = None) -> Any:
    """Return the value of an expression; a name that `names` does not have is nil.

    Raises:
        Error: kind Invalid for what is no expression; Internal, with line and column, when it has no value.
    """
    return measured(source, names)[0]


def measured(source: Any = None, names: Any = None) -> list[Any]:
    """Return the value of an expression as `evaluate` does, and the steps it took."""
    given = text(source, "expr")
    evaluation, tree = Evaluation(given, _environment(names)), parse(given)
    return [evaluation.result(tree), evaluation.steps]


def evaluate_strictly(source: Any = None, names: Any = None) -> list[Any]:
    """Return value and steps as `measured` does; a name that `names` does not have is Invalid."""
    check(source, _environment(names))
    return measured(source, names)


def _environment(names: Any) -> Mapping[str, Any]:
    if names is None or names == []:
        return {}
    if not isinstance(names, Mapping):
        raise unexpected(names, "a map of names to values", "expr, environment")
    return names


def _check_names(source: str, node: Node, known: frozenset[str]) -> None:
    if isinstance(node, Name) and node.name not in known:
        close = close_names(node.name, known)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known)) or 'none'}"
        raise bad_syntax(source, node.at, f"no name {node.name!r}{hint:.200}")
    if isinstance(node, Let):
        _check_names(source, node.value, known)
        _check_names(source, node.body, known | {node.name})
        return
    for child in node.children():
        _check_names(source, child, known)


def _checked(source: Any = None, names: Any = None) -> str:
    if names is not None and not isinstance(names, Mapping | list):
        raise invalid("expr.compile: expected a map of names to values as second argument")
    return check(source, None if names is None else _environment(names))


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"expr.check": _checked, "expr.eval": evaluate_strictly, "expr.run": measured}
)
