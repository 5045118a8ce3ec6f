"""Reading the arguments of a control request: each is checked, and what is wrong is Invalid with the name of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.value import Value

LONGEST_WAIT: Final = 7 * 86_400.0
"""Most seconds that a request may ask to wait."""
_DEFAULT_WAIT: Final = 30.0

Arguments = Mapping[str, Value]


def text(args: Arguments, name: str, default: str | None = None) -> str:
    """Return a text; without a default it must be there and not be empty."""
    value = args.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise _wrong(name, value, "a text")
    return value


def items(args: Arguments, name: str) -> list[Value]:
    """Return a list, empty when it is not there."""
    value = args.get(name, [])
    if not isinstance(value, list):
        raise _wrong(name, value, "a list")
    return value


def table(args: Arguments, name: str) -> dict[Any, Value]:
    """Return a map, empty when it is not there."""
    value = args.get(name, {})
    if not isinstance(value, dict):
        raise _wrong(name, value, "a map")
    return value


def count(args: Arguments, name: str, default: int, least: int = 1) -> int:
    """Return an integer that is at least `least`."""
    value = args.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _wrong(name, value, f"an integer, {least} or more")
    return value


def seconds(args: Arguments, name: str = "timeout") -> float:
    """Return a time in seconds, at most `LONGEST_WAIT`."""
    value = args.get(name, _DEFAULT_WAIT)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= LONGEST_WAIT:
        raise _wrong(name, value, f"seconds from 0 to {LONGEST_WAIT:.0f}")
    return float(value)


def messages(args: Arguments) -> list[tuple[str, tuple[Value, ...]]]:
    """Return the pairs of topic and payloads under `messages`."""
    found = items(args, "messages")
    for pair in found:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], list)):  # noqa: PLR2004
            raise _wrong("messages", pair, "pairs of a topic and a list of payloads")
    return [(topic, tuple(payloads)) for topic, payloads in found]


def asker(args: Arguments) -> dict[str, Any]:
    """Return who asks, if that is said: then policies are asked whether they may."""
    actor = None if args.get("actor") is None else table(args, "actor")
    scope = None if args.get("scope") is None else items(args, "scope")
    return {"actor": actor, "scope": scope}


def _wrong(name: str, value: Value, expected: str) -> Exception:
    got = repr(value)
    return invalid(f"argument {name!r}: got {got[:80]}, expected {expected}")
