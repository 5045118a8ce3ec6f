"""Options of calls and spawns as the engine reads them: durations become text with a unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from actorflow.duration import format_duration
from actorflow.script.argument import text
from actorflow.script.record import plain
from actorflow.script.time import nanoseconds

_DURATIONS: Final = ("timeout", "delay", "interval")
_AS_THEY_ARE: Final = ("memo", "search_attributes")
"""Options whose tables hold what people call as they like."""


def prepared(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with plain values; a number under a name ending in timeout, delay or interval is seconds.

    Raises:
        Error: kind Invalid, for a duration that is none, and an option whose name is no text.
    """
    return {text("with_options", "option", name): _option(name, value) for name, value in options.items()}


def _option(name: str, value: Any) -> Any:
    if isinstance(value, Mapping) and not name.endswith(_AS_THEY_ARE):
        return prepared(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, timedelta) or (is_number and name.endswith(_DURATIONS)):
        return format_duration(nanoseconds(value))
    return plain(value)
