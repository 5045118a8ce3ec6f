"""Durations: Go strings and plain words, parsed to integer nanoseconds.

Accepted text: one or more `<number><unit>` pairs with an optional sign, e.g. `1h30m`, `1.5s`, `-2ms`, `5min`,
`24 hours`. A number without a unit is refused, except `0`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from actorflow.errors import Error, invalid

NANOSECOND: Final = 1
MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), NANOSECOND),
    **dict.fromkeys(("us", "µs", "μs", "microsecond", "microseconds"), MICROSECOND),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), MILLISECOND),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), SECOND),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY),
}
_PART: Final = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zµμ]+)\s*")
_WHOLE: Final = re.compile(r"(\d{1,18})([a-zµμ]+)")
"""What most durations are: a whole number and a unit, with no other arithmetic than that of integers."""
_LIMIT: Final = 2**63 - 1
_LONGEST: Final = 200
"""Most characters of a duration: keeps the arithmetic below in range whatever is given."""


def parse_duration(text: str) -> int:
    """Return the nanoseconds that `text` means.

    Raises:
        Error: kind Invalid, naming what was got and a spelling that works.
    """
    whole = _WHOLE.fullmatch(text)
    if whole is not None and whole[2] in _UNITS and (found := int(whole[1]) * _UNITS[whole[2]]) <= _LIMIT:
        return found
    body = text.strip()
    sign = -1 if body.startswith("-") else 1
    body = body[1:] if body[:1] in {"+", "-"} else body
    if body == "0":
        return 0
    if not body or len(body) > _LONGEST:
        raise _refusal(text)
    total, end = Decimal(0), 0
    while end < len(body):
        part = _PART.match(body, end)
        if part is None or part[2] not in _UNITS:
            raise _refusal(text)
        total += Decimal(part[1]) * _UNITS[part[2]]
        end = part.end()
    if total > _LIMIT:
        raise _refusal(text)
    return sign * int(total)


def parse_rate(text: str) -> tuple[int, int]:
    """Return how many in how many nanoseconds a rate such as `10/s`, `100/min` or `5/500ms` means.

    Raises:
        Error: kind Invalid, naming what was got and a spelling that works.
    """
    count, _, per = text.strip().partition("/")
    try:
        found = int(count), parse_duration(per if per[:1].isdigit() else f"1{per}")
    except (Error, ValueError):
        found = 0, 0
    if min(found) <= 0:
        raise invalid(f"not a rate: got {text!r}, expected a count and a time such as '10/s' or '100/min'")
    return found


def to_nanoseconds(value: str | float | timedelta, unit: int) -> int:
    """Return a duration given as text, a number of `unit`s (in nanoseconds), or a timedelta, as nanoseconds.

    Raises:
        Error: kind Invalid, when the value is none of these or out of range.
    """
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, timedelta):
        value, unit = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds, MICROSECOND
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value * unit) <= _LIMIT:
        raise _refusal(value)
    return int(value * unit)


def format_duration(nanoseconds: int) -> str:
    """Return a duration the way Go prints it, e.g. `1h30m0s`, `1.5s`, `2ms`, `0s`."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, name in ((NANOSECOND, "ns"), (MICROSECOND, "µs"), (MILLISECOND, "ms")):
        if rest < unit * 1000:
            return f"{sign}{_trim(rest, unit)}{name}"
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{head}{_trim(rest, SECOND)}s"


def _trim(amount: int, unit: int) -> str:
    whole, fraction = divmod(amount, unit)
    digits = str(fraction).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if fraction else str(whole)


def _refusal(value: object) -> Exception:
    return invalid(f"not a duration: got {value!r}, expected a number with a unit such as '10s', '1h30m' or '250ms'")
