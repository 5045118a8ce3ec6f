"""Values as the text that a column of a table keeps: JSON, so that other programs can read it.

What JSON has no word for (bytes, errors, maps with integer keys, floats that are no numbers) is kept as base64 of
deterministic CBOR, after `cbor:`.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from typing import Final

from actorflow.codec import decode, encode
from actorflow.errors import INTERNAL, Error
from actorflow.value import Value

_CBOR: Final = "cbor:"


def to_text(value: Value) -> str:
    """Return a value, which has been copied, as text; equal values have equal text."""
    if _fits(value):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _CBOR + b64encode(encode(value)).decode()


def from_text(text: str) -> Value:
    """Return the value of a text.

    Raises:
        Error: kind Internal, when it is neither JSON nor ours.
    """
    try:
        if text.startswith(_CBOR):
            return decode(b64decode(text.removeprefix(_CBOR), validate=True))
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"the stored value is not JSON: {text[:60]!r} ({error}); was it written by another program?"
        raise Error(message, INTERNAL, retryable=False) from error


def _fits(value: Value) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _fits(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_fits(item) for item in value)
    return value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
