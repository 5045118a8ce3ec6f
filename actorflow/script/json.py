"""JSON text: pure, the same on every host."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module import schema as operations
from actorflow.script.record import plain

_DEEPEST: Final = 128


def encode(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as JSON text; dataclasses become objects.

    Raises:
        Error: kind Invalid, for what JSON cannot say, and more than 128 levels.
    """
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid(f"json.encode: {error}") from None
    if _may_be_deep(text):
        _check_depth("json.encode", json.loads(text))
    return text


def decode(text: str | bytes) -> Any:
    """Return the value of JSON text.

    Raises:
        Error: kind Invalid, naming line and column of the fault; for more than 128 levels, and numbers that are none
            (NaN) or too large.
    """
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid(f"json.decode: {error}") from None
    if _may_be_deep(text):
        _check_depth("json.decode", value)
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError(f"{digits:.40} is too large for a number")
    return value


def _may_be_deep(text: str | bytes) -> bool:
    """Tell, at little cost, whether a text may have more levels than are allowed."""
    opening: tuple[Any, Any] = ("[", "{") if isinstance(text, str) else (b"[", b"{")
    return sum(map(text.count, opening)) > _DEEPEST


def _check_depth(call: str, value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        level = [item for items in inner for item in items]
        if not level:
            return
    raise invalid(f"{call}: the value has more than {_DEEPEST} levels")


def validate(schema: Any, value: Any) -> None:
    """Do nothing when a value fits a JSON Schema, given as a value or as JSON text.

    Raises:
        Error: kind Invalid, naming the places that do not fit, also in `details["errors"]`; or for what is no schema.
    """
    operations.validate(schema if isinstance(schema, str) else encode(schema), encode(value))


def validate_text(schema: Any, text: str | bytes) -> None:
    """Do the same as `validate` for JSON text; raises `Error` Invalid too when it is none."""
    operations.validate(schema if isinstance(schema, str) else encode(schema), text)
