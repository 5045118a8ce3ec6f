"""JSON text: pure, the same on every host."""

from __future__ import annotations

import json
from typing import Any

from actorflow.errors import invalid
from actorflow.module import schema as operations
from actorflow.script.record import plain


def encode(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as JSON text; dataclasses become objects.

    Raises:
        Error: kind Invalid, for what JSON cannot say.
    """
    separators = (",", ":") if indent is None else None
    try:
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid(f"json.encode: {error}") from None


def decode(text: str | bytes) -> Any:
    """Return the value of JSON text.

    Raises:
        Error: kind Invalid, naming line and column of the fault.
    """
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid(f"json.decode: {error}") from None


def validate(schema: Any, value: Any) -> None:
    """Do nothing when a value fits a JSON Schema, given as a value or as JSON text.

    Raises:
        Error: kind Invalid, naming the places that do not fit, also in `details["errors"]`; or for what is no schema.
    """
    operations.validate(schema if isinstance(schema, str) else encode(schema), encode(value))


def validate_text(schema: Any, text: str | bytes) -> None:
    """Do the same as `validate` for JSON text; raises `Error` Invalid too when it is none."""
    operations.validate(schema if isinstance(schema, str) else encode(schema), text)
