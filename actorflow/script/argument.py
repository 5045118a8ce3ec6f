"""Checks of arguments that say where, to whom or how.

The engine reads these itself, so a wrong one must be the script's own error, which it may catch, before the engine
meets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from actorflow.errors import invalid

T = TypeVar("T")


def text(call: str, what: str, value: Any) -> str:
    """Return an argument that must be text; an instance of a subclass comes out as Python's own text.

    Raises:
        Error: kind Invalid, when it is none, or has a lone surrogate: no store and no other node could take that.
    """
    if not isinstance(value, str):
        raise invalid(f"{call}: got the {what} {value!r:.80}, expected text")
    found = value if type(value) is str else str.__str__(value)
    if not found.isascii():
        try:
            found.encode()
        except UnicodeEncodeError:
            raise invalid(f"{call}: got the {what} {found!a:.80}, expected well-formed Unicode text") from None
    return found


def whole(call: str, what: str, value: Any) -> int:
    """Return an argument that must be an integer.

    Raises:
        Error: kind Invalid, when it is none; True and False are none.
    """
    if type(value) is not int:
        raise invalid(f"{call}: got the {what} {value!r:.80}, expected an integer")
    return value


def mapping(call: str, what: str, value: Mapping[str, Any] | None, *, needed: bool = False) -> dict[str, Any]:
    """Return a map of one's own of an argument that must be a map; None is an empty one, unless it is needed.

    Raises:
        Error: kind Invalid, when it is none.
    """
    if value is None and not needed:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(f"{call}: got the {what} {value!r:.80}, expected a map")
    return dict(value)


def instance(call: str, kind: type[T], value: Any) -> T:
    """Return an argument that must be of a class of the script API.

    Raises:
        Error: kind Invalid, when it is none.
    """
    if not isinstance(value, kind):
        raise invalid(f"{call}: got {value!r:.80}, expected an instance of {kind.__name__}")
    return value


def number(call: str, what: str, value: Any) -> float:
    """Return an argument that must be a number.

    Raises:
        Error: kind Invalid, when it is none; True and False are none.
    """
    if type(value) not in {int, float}:
        raise invalid(f"{call}: got the {what} {value!r:.80}, expected a number")
    found: float = value
    return found
