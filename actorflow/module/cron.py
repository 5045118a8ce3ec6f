"""When something is due: cron expressions in a time zone, and intervals. The field semantics are those of `cronsim`.

Accepted text:

- five fields (minute hour day month weekday), or six with the second first: `*`, numbers, names (`MON`, `JAN`), lists,
  ranges, steps, `L` and `#` as Debian's cron and its successors have them; `?` is `*`; weekday 7 is Sunday. With both a
  day and a weekday, either is enough.
- `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`.
- `@every 90m`: all instants that are a multiple of the interval since 1970, so that restarts do not shift them.
- a first word `CRON_TZ=Europe/Vienna` (or `TZ=…`), which wins over the zone given beside the expression.

When clocks go forward, what falls into the missing hour is due at its end; when they go back, expressions of a fixed
hour are due once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from actorflow.duration import SECOND, parse_duration
from actorflow.errors import Error, invalid
from actorflow.module.zone import zone

_MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY: Final = "@every"
_ZONES: Final = ("CRON_TZ=", "TZ=")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR: Final = 9990
_LONGEST: Final = 200


class Cron:
    """The instants that an expression names. Immutable.

    Attributes:
        text: the expression as it was written. zone: the name of its time zone.
    """

    __slots__ = ("_fields", "_interval", "text", "zone")

    def __init__(self, text: str, timezone: str = "UTC") -> None:
        """Read an expression.

        Raises:
            Error: kind Invalid, when it is none; kind NotFound, when there is no such time zone.
        """
        self.text = text
        body, self.zone = _zoned(text.strip(), timezone)
        zone(self.zone)
        self._interval = _interval(text, body) if body.startswith(_EVERY) else 0
        self._fields = "" if self._interval else _fields(text, body)

    def after(self, at: int) -> int | None:
        """Return the first instant after `at` (Unix nanoseconds), None when there is none in the next fifty years."""
        if self._interval:
            return (at // self._interval + 1) * self._interval
        from cronsim import CronSim  # noqa: PLC0415 - only schedules need it

        start = (_EPOCH + timedelta(seconds=at // SECOND)).astimezone(zone(self.zone))
        if start.year >= _LAST_YEAR:
            return None
        found = next(CronSim(self._fields, start), None)
        return None if found is None else int((found - _EPOCH) / timedelta(seconds=1)) * SECOND


def _zoned(body: str, timezone: str) -> tuple[str, str]:
    """Split a zone off the front of an expression."""
    for prefix in _ZONES:
        if body.startswith(prefix):
            name, _, rest = body.removeprefix(prefix).partition(" ")
            return rest.strip(), name
    return body, timezone


def _interval(text: str, body: str) -> int:
    try:
        interval = parse_duration(body.removeprefix(_EVERY))
    except Error as error:
        raise _refusal(text, error.message) from None
    if interval < SECOND:
        raise _refusal(text, "the interval must be at least 1s")
    return interval


def _fields(text: str, body: str) -> str:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only schedules need it

    fields = _MACROS.get(body.lower(), body).replace("?", "*")
    if len(fields) > _LONGEST:
        raise _refusal(text[:_LONGEST] + "…", f"{len(fields)} characters are too many")
    try:
        CronSim(fields, _EPOCH)
    except CronSimError as error:
        raise _refusal(text, str(error)) from None
    return fields


def _refusal(text: str, problem: str) -> Error:
    expected = "five fields such as '30 3 * * MON-FRI', '@daily' or '@every 10m'"
    return invalid(f"not a cron expression: got {text!r} ({problem}), expected {expected}")
