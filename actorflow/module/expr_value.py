"""What operators of expressions do with values: Go's rules, where a wrong type is an error and never a guess."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.module.octets import described

LARGEST: Final = 1 << 20
"""Characters of a text and items of a list that an expression makes."""
_INTEGERS: Final = range(-(2**63), 2**63)


class Wrong(Exception):
    """An operation that cannot be done with these values; the message says why."""


def type_name(value: Any) -> str:
    """Return the name of a value's type, as `type(x)` in an expression has it."""
    if value is None:
        return "nil"
    kinds = ((bool, "bool"), (int, "int"), (float, "float"), (str, "string"), (Mapping, "map"), (list | tuple, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "bytes" if type(value) is bytes else "any")


def number(value: Any, what: str) -> int | float:
    """Return a value that is a number; raises `Wrong`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"{what}: got {described(value)}, expected a number")
    return value


def integer(value: Any, what: str) -> int:
    """Return a value that is an integer; raises `Wrong`."""
    found = number(value, what)
    if isinstance(found, float) and not found.is_integer():
        raise Wrong(f"{what}: got {described(value)}, expected an integer")
    return whole(int(found))


def whole(value: int) -> int:
    """Return an integer that has 64 bits; raises `Wrong`."""
    if value not in _INTEGERS:
        raise Wrong("the result has more than 64 bits")
    return value


def text(value: Any, what: str) -> str:
    """Return a value that is text; raises `Wrong`."""
    if not isinstance(value, str):
        raise Wrong(f"{what}: got {described(value)}, expected a text")
    return value


def items(value: Any, what: str) -> list[Any]:
    """Return the items of a list; an empty map is one too, for it is an empty table of Lua. Raises `Wrong`."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, Mapping) and not value:
        return []
    raise Wrong(f"{what}: got {described(value)}, expected a list")


def truth(value: Any, what: str) -> bool:
    """Return a value that is true or false; raises `Wrong`."""
    if not isinstance(value, bool):
        raise Wrong(f"{what}: got {described(value)}, expected true or false")
    return value


def equal(left: Any, right: Any) -> bool:
    """Tell whether two values are equal: 1 is 1.0, but neither true nor "1"."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    return bool(left == right)


def ordered(left: Any, right: Any, what: str) -> None:
    """Raise `Wrong` unless two values can be compared: two numbers, or two texts."""
    if isinstance(left, str) and isinstance(right, str):
        return
    if isinstance(left, str) or isinstance(right, str):
        raise Wrong(f"{what}: got {described(left)} and {described(right)}, expected two numbers or two texts")
    number(left, what)
    number(right, what)


def contains(holder: Any, wanted: Any) -> bool:
    """Tell whether a list has an item, or a map a key; raises `Wrong`."""
    if isinstance(holder, Mapping):
        return isinstance(wanted, str | int) and wanted in holder
    if isinstance(holder, list | tuple):
        return any(equal(item, wanted) for item in holder)
    if holder is None:
        return False
    raise Wrong(f"in: got {described(holder)}, expected a list or a map")


def member(base: Any, key: Any) -> Any:
    """Return what a list has at a place or a map under a key, nil if it has nothing there; raises `Wrong`."""
    if isinstance(base, Mapping):
        return base.get(key) if isinstance(key, str | int) else None
    if isinstance(base, list | tuple) and not isinstance(key, str):
        place = integer(key, "index")
        if -len(base) <= place < len(base):
            return base[place]
        raise Wrong(f"index {place} is outside of a list of {len(base)}")
    if isinstance(base, list) and not base:
        return None  # an empty table of Lua
    raise Wrong(f"cannot take {key!r:.40} of {described(base)}")


def shown_key(value: Any) -> str:
    """Return the key of a map; raises `Wrong`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value).lower()
    raise Wrong(f"got {described(value)} as a key, expected a text")


def sliced(base: Any, first: Any, last: Any) -> Any:
    """Return a part of a text or list; places beyond its ends are its ends. Raises `Wrong`."""
    bounds = [None if place is None else integer(place, "slice") for place in (first, last)]
    whole_value = base if isinstance(base, str) else items(base, "slice")
    return whole_value[bounds[0] : bounds[1]]


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return sized(left + right)
    return _arithmetic(operator.add)(left, right)


def sized(value: str) -> str:
    """Return a text that is not too long; raises `Wrong`."""
    if len(value) > LARGEST:
        raise Wrong(f"a text of more than {LARGEST:,} characters")
    return value


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        try:
            found = compute(number(left, "arithmetic"), number(right, "arithmetic"))
        except OverflowError:
            raise Wrong("the result is too large") from None
        return whole(found) if isinstance(found, int) else found

    return apply


def _divided(left: float, right: float) -> float:
    try:
        return left / right
    except ZeroDivisionError:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _modulo(left: Any, right: Any) -> int:
    dividend, divisor = integer(left, "%"), integer(right, "%")
    if divisor == 0:
        raise Wrong("%: division by zero")
    return int(math.copysign(1, dividend)) * (abs(dividend) % abs(divisor))


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except ValueError:
        return math.inf if left == 0 else math.nan


BINARY: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        "+": _plus,
        "-": _arithmetic(operator.sub),
        "*": _arithmetic(operator.mul),
        "/": _arithmetic(_divided),
        "%": _modulo,
        "**": _arithmetic(_power),
        "==": equal,
        "!=": lambda left, right: not equal(left, right),
        "in": lambda left, right: contains(right, left),
    }
)
"""Operators of two values that are always both evaluated."""
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
"""Operators of two numbers or two texts."""
TEXTS: Final[Mapping[str, Callable[[str, str], bool]]] = MappingProxyType(
    {"contains": operator.contains, "startsWith": str.startswith, "endsWith": str.endswith}
)
"""Operators of two texts, besides `matches`."""
