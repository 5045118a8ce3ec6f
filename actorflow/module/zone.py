"""Time zones of the IANA database: the one of the system, else that of the package `tzdata`.

The same for the same arguments as long as the database is the same: governments change their clocks, and a new release
of the database may move instants that lie after such a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from actorflow.errors import invalid, not_found

_MAX_NAME: Final = 100
_FIRST: Final = int(datetime(2, 1, 1, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9998, 12, 31, tzinfo=UTC).timestamp())
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def offset(name: Any = None, seconds: Any = None) -> list[int | str]:
    """Return the seconds east of UTC and the abbreviation that hold in a zone at an instant, in Unix seconds.

    Raises:
        Error: kind Invalid, when the arguments are no name and no integer; kind NotFound, when there is no such zone.
    """
    if not isinstance(name, str) or type(seconds) is not int:
        got = f"{type(name).__name__} and {type(seconds).__name__}"
        raise invalid(f"zone.offset: got {got}, expected the name of a zone and Unix seconds")
    there = _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))
    local = there.astimezone(zone(name))
    east = local.utcoffset() or timedelta()
    return [int(east.total_seconds()), local.tzname() or ""]


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its name, such as `Europe/Berlin`.

    Raises:
        Error: kind NotFound, when there is none.
    """
    try:
        if len(name) <= _MAX_NAME:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    shown = name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}…"
    raise not_found(f"unknown time zone {shown!r}, expected a name such as 'Europe/Berlin'")


PURE: Final[Mapping[str, Any]] = MappingProxyType({"zone.offset": offset})
