"""Functions of expressions: those of expr-lang that follow from their arguments alone, so none that reads a clock."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cmp_to_key
from types import MappingProxyType
from typing import Any, Final

from actorflow.module.expr_value import (
    LARGEST,
    Wrong,
    integer,
    items,
    member,
    number,
    ordered,
    sized,
    text,
    type_name,
    whole,
)  # fmt: skip
from actorflow.module.octets import described

PREDICATES: Final = frozenset(
    {
        "all", "any", "count", "filter", "find", "findIndex", "findLast", "findLastIndex", "groupBy", "map", "none",
        "one", "reduce", "sortBy", "sum",
    }
)  # fmt: skip
"""Functions whose second argument is evaluated for each item of the first."""
_SHOWN_DIGITS: Final = 17


def _length(value: Any) -> int:
    if isinstance(value, str | bytes | list | tuple | Mapping):
        return len(value)
    raise Wrong(f"len: got {described(value)}, expected a text, a list or a map")


def _integer(value: Any) -> int:
    if isinstance(value, str):
        try:
            return whole(int(value)) if len(value) <= _SHOWN_DIGITS + 3 else integer(None, "int")
        except ValueError:
            raise Wrong(f"int: got {described(value)}, expected a number") from None
    found = number(value, "int")
    if not math.isfinite(found):
        raise Wrong(f"int: got {described(value)}, expected a finite number")
    return whole(int(found))


def _float(value: Any) -> float:
    try:
        return float(value) if isinstance(value, str) else float(number(value, "float"))
    except ValueError:
        raise Wrong(f"float: got {described(value)}, expected a number") from None


def shown(value: Any) -> str:
    """Return a value as text, as `string(x)` in an expression has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:  # noqa: PLR2004 - as Go prints it
        return str(int(value))
    return _json(value)


def _json(value: Any) -> str:
    try:
        return sized(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
    except (TypeError, ValueError, RecursionError):
        raise Wrong(f"got {described(value)}, which has no form as text") from None


def _from_json(value: Any) -> Any:
    try:
        return json.loads(text(value, "fromJSON"))
    except (ValueError, RecursionError):
        raise Wrong("fromJSON: the text is no JSON") from None


def _extreme(name: str, better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def pick(*given: Any) -> Any:
        found = None
        for value in _flat(given):
            number(value, name)
            if found is None or better(value, found):
                found = value
        if found is None:
            raise Wrong(f"{name}: got nothing, expected numbers")
        return found

    return pick


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        yield from value if isinstance(value, list | tuple) else (value,)


def _mean(*given: Any) -> float:
    numbers = [number(value, "mean") for value in _flat(given)]
    return math.fsum(numbers) / len(numbers) if numbers else 0.0


def _median(*given: Any) -> float:
    numbers = sorted(number(value, "median") for value in _flat(given))
    middle, odd = divmod(len(numbers), 2)
    return 0.0 if not numbers else float(numbers[middle] if odd else (numbers[middle - 1] + numbers[middle]) / 2)


def _rounded(name: str, compute: Callable[[float], float]) -> Callable[[Any], float]:
    def apply(value: Any) -> float:
        found = float(number(value, name))
        return float(compute(found)) if math.isfinite(found) else found

    return apply


def _away(value: float) -> float:
    """Round half away from zero, as Go does."""
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _repeat(value: Any, times: Any) -> str:
    count = integer(times, "repeat")
    if count < 0 or len(text(value, "repeat")) * count > LARGEST:
        raise Wrong(f"repeat: got {count} times, expected a result of at most {LARGEST:,} characters")
    return str(value * count)


def _replace(value: Any, old: Any, new: Any) -> str:
    source, pattern, put = text(value, "replace"), text(old, "replace"), text(new, "replace")
    found = source.count(pattern)
    if len(source) + found * (len(put) - len(pattern)) > LARGEST:
        raise Wrong(f"replace: the result would be more than {LARGEST:,} characters")
    return source.replace(pattern, put)


def _split(value: Any, by: Any, most: Any = -1) -> list[str]:
    limit = integer(most, "split")
    if limit == 0:
        return []
    source, separator = text(value, "split"), text(by, "split")
    if not separator:
        return list(source) if limit < 0 else [*source[: limit - 1], source[limit - 1 :]]
    return source.split(separator, limit - 1 if limit > 0 else -1)


def _join(values: Any, by: Any = "") -> str:
    parts = [text(value, "join") for value in items(values, "join")]
    if sum(map(len, parts)) + len(text(by, "join")) * len(parts) > LARGEST:
        raise Wrong(f"join: the result would be more than {LARGEST:,} characters")
    return str(by).join(parts)


def _trim(name: str, method: Callable[..., str]) -> Callable[..., str]:
    def apply(value: Any, characters: Any = None) -> str:
        return method(text(value, name), None if characters is None else text(characters, name))

    return apply


def _of_text(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: method(*[text(value, name) for value in given])


def _of_list(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *rest: method(items(value, name), *rest)


def _map(value: Any, name: str) -> Mapping[Any, Any]:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and not value:
        return {}  # an empty table of Lua
    raise Wrong(f"{name}: got {described(value)}, expected a map")


def _sorted(values: Any, order: Any = "asc") -> list[Any]:
    return in_order([(value, value) for value in items(values, "sort")], order)


def in_order(pairs: list[tuple[Any, Any]], order: Any) -> list[Any]:
    """Return the second of each pair, sorted by the first; `order` is `asc` or `desc`. Raises `Wrong`."""
    if order not in {"asc", "desc"}:
        raise Wrong(f"sort: got {described(order)}, expected 'asc' or 'desc'")

    def compare(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
        ordered(one[0], other[0], "sort")
        return int(one[0] > other[0]) - int(one[0] < other[0])

    return [value for _, value in sorted(pairs, key=cmp_to_key(compare), reverse=order == "desc")]


def _unique(values: list[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for value in values:
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        found.setdefault(repr(float(value)) if numeric else f"{type_name(value)} {_json(value)}", value)
    return list(found.values())


def _flattened(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat += _flattened(list(value)) if isinstance(value, list | tuple) else [value]
    return flat


def _got(base: Any, key: Any) -> Any:
    try:
        return member(base, key)
    except Wrong:
        return None


def _from_pairs(pairs: list[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for pair in pairs:
        key, value, *rest = (*items(pair, "fromPairs"), None, None)
        if rest != [None, None]:
            raise Wrong("fromPairs: expected a list of pairs")
        made[text(key, "fromPairs")] = value
    return made


FUNCTIONS: Final[Mapping[str, tuple[int, int, Callable[..., Any]]]] = MappingProxyType(
    {
        "len": (1, 1, _length),
        "type": (1, 1, type_name),
        "int": (1, 1, _integer),
        "float": (1, 1, _float),
        "string": (1, 1, shown),
        "toJSON": (1, 1, _json),
        "fromJSON": (1, 1, _from_json),
        "abs": (
            1,
            1,
            lambda value: whole(abs(found)) if isinstance(found := number(value, "abs"), int) else abs(found),
        ),
        "ceil": (1, 1, _rounded("ceil", math.ceil)),
        "floor": (1, 1, _rounded("floor", math.floor)),
        "round": (1, 1, _rounded("round", _away)),
        "min": (1, 16, _extreme("min", lambda one, other: one < other)),
        "max": (1, 16, _extreme("max", lambda one, other: one > other)),
        "mean": (1, 16, _mean),
        "median": (1, 16, _median),
        "lower": (1, 1, _of_text("lower", str.lower)),
        "upper": (1, 1, _of_text("upper", str.upper)),
        "trim": (1, 2, _trim("trim", str.strip)),
        "trimPrefix": (2, 2, _of_text("trimPrefix", str.removeprefix)),
        "trimSuffix": (2, 2, _of_text("trimSuffix", str.removesuffix)),
        "hasPrefix": (2, 2, _of_text("hasPrefix", str.startswith)),
        "hasSuffix": (2, 2, _of_text("hasSuffix", str.endswith)),
        "indexOf": (2, 2, _of_text("indexOf", str.find)),
        "lastIndexOf": (2, 2, _of_text("lastIndexOf", str.rfind)),
        "repeat": (2, 2, _repeat),
        "replace": (3, 3, _replace),
        "split": (2, 3, _split),
        "join": (1, 2, _join),
        "first": (1, 1, _of_list("first", lambda values: values[0] if values else None)),
        "last": (1, 1, _of_list("last", lambda values: values[-1] if values else None)),
        "take": (2, 2, _of_list("take", lambda values, count: values[: max(integer(count, "take"), 0)])),
        "reverse": (1, 1, _of_list("reverse", lambda values: values[::-1])),
        "flatten": (1, 1, _of_list("flatten", _flattened)),
        "uniq": (1, 1, _of_list("uniq", _unique)),
        "concat": (1, 16, lambda *lists: [value for values in lists for value in items(values, "concat")]),
        "sort": (1, 2, _sorted),
        "keys": (1, 1, lambda value: sorted(_map(value, "keys"), key=str)),
        "values": (1, 1, lambda value: [value[key] for key in sorted(_map(value, "values"), key=str)]),
        "toPairs": (1, 1, lambda value: [[key, value[key]] for key in sorted(_map(value, "toPairs"), key=str)]),
        "fromPairs": (1, 1, _of_list("fromPairs", _from_pairs)),
        "get": (2, 2, _got),
    }
)
"""Functions of values: fewest and most arguments, and what they do."""
_PREDICATED: Final = {"reduce": (2, 3), "sortBy": (2, 3), "sum": (1, 2), "count": (1, 2)}
ARITY: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        **{name: (fewest, most) for name, (fewest, most, _) in FUNCTIONS.items()},
        **{name: _PREDICATED.get(name, (2, 2)) for name in PREDICATES},
    }
)
"""All functions, with the fewest and the most arguments."""
