"""JSON text: pure, the same on every host."""

from __future__ import annotations

import json
from typing import Any

from actorflow.errors import invalid
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
