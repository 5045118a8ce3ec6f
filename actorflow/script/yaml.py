"""YAML text: pure, the same on every host. Read as YAML 1.2: only true and false are booleans, dates are text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actorflow.module import yaml
from actorflow.script.record import plain


def encode(value: Any, *, field_order: Sequence[str] = (), sort_unordered: bool = True, indent: int = 2) -> str:
    """Return a map or list as YAML text; dataclasses become maps.

    `field_order` are keys that come first in each map; the others follow sorted, or as they came.

    Raises:
        Error: kind Invalid, when it is neither, or for a bad option.
    """
    options = {"field_order": list(field_order), "sort_unordered": sort_unordered, "indent": indent}
    return yaml.encode(plain(value), options)


def decode(text: str | bytes) -> Any:
    """Return the value of YAML text, of its first document.

    Raises:
        Error: kind Invalid for what is no text or empty; kind Internal, with line and column, for bad syntax.
    """
    return yaml.decode(text)
