"""What a measurement may be: the check that scripts make before they count or measure something."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module.octets import described
from actorflow.value import Value

OPERATIONS: Final = ("counter_add", "gauge_set", "gauge_add", "histogram")


def check(operation: Any, name: Any, value: Any, labels: Any = None) -> dict[str, str]:
    """Return the labels of a measurement as texts, if all of it is well-formed.

    Raises:
        Error: kind Invalid, for an unknown operation, an empty name, a value that is no finite number or a counter that
            would go down, or a label that is no text, number or boolean.
    """
    if operation not in OPERATIONS:
        raise invalid(f"metrics: unknown operation {operation!r}, expected one of {', '.join(OPERATIONS)}")
    if not isinstance(name, str) or not name:
        raise invalid(f"metrics: name: got {described(name)}, expected a non-empty text")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise invalid(f"metrics: value of {name}: got {value!r}, expected a finite number")
    if operation == "counter_add" and value < 0:
        raise invalid(f"metrics: value of {name}: got {value!r}, expected 0 or more: a counter never goes down")
    if labels and not isinstance(labels, Mapping):
        raise invalid(f"metrics: labels of {name}: got {labels!r:.80}, expected a map of texts")
    return {_label(name, key): _text(name, key, item) for key, item in (labels or {}).items()}


def _label(name: str, key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise invalid(f"metrics: labels of {name}: got the key {described(key)}, expected a non-empty text")
    return key


def _text(name: str, key: Any, item: Any) -> str:
    if isinstance(item, bool):
        return str(item).lower()
    if not isinstance(item, str | int | float):
        raise invalid(f"metrics: label {key!r} of {name}: got {item!r:.80}, expected text, a number or a boolean")
    return str(item)


PURE: Final[Mapping[str, Callable[..., Value]]] = {"metrics.check": check}
