"""Values on their way into a statement and out of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from actorflow.errors import Error, invalid
from actorflow.module.octets import described
from actorflow.value import INT_MAX, INT_MIN, Value

_PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes})
_AS: Final = "as"
_VALUE: Final = "value"


def _int(value: Any) -> int:
    number = int(value) if not isinstance(value, bytes) else int(value.decode())
    if not INT_MIN <= number <= INT_MAX:
        raise ValueError("an integer beyond 64 bits")
    return number


def _float(value: Any) -> float:
    return float(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode() if isinstance(value, bytes) else str(value)


def _binary(value: Any) -> bytes:
    return value if isinstance(value, bytes) else _text(value).encode()


def _time(value: Any) -> datetime:
    """Return the moment that Unix nanoseconds mean; no database here keeps more than microseconds."""
    return _EPOCH + timedelta(microseconds=int(value) // 1000)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CASTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int": _int,
    "float": _float,
    "text": _text,
    "binary": _binary,
    "time": _time,
    "null": lambda _value: None,
}


def parameters(written: Value) -> list[Any]:
    """Return the values of a statement's placeholders.

    They are a list; a map with the keys 1, 2, 3… is a list with holes, which are null. A value is null, a boolean, a
    number, text, bytes, or a typed one: a map `{as, value}`; times are given so, as Unix nanoseconds.

    Raises:
        Error: kind Invalid, naming the one that is no such value.
    """
    if written is None:
        return []
    if isinstance(written, dict) and all(type(key) is int and key > 0 for key in written):
        last = max(written, default=0)
        if last > len(written) + 1000:
            raise invalid(f"params: got a list with {last - len(written)} holes, expected one value per placeholder")
        written = [written.get(index) for index in range(1, last + 1)]
    if not isinstance(written, list):
        got = "a map with names" if isinstance(written, dict) else described(written)
        raise invalid(f"params: got {got}, expected a list of values, one per placeholder")
    return [_parameter(value, index) for index, value in enumerate(written, 1)]


def _parameter(value: Value, index: int) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict) and value.get(_AS) in _CASTS and set(value) <= {_AS, _VALUE}:
        cast, inner = value[_AS], value.get(_VALUE)
        try:
            return None if inner is None else _CASTS[cast](inner)
        except (ValueError, TypeError, OverflowError):
            raise invalid(f"params[{index}]: got {_shown(inner)}, expected a value for sql.as.{cast}") from None
    raise invalid(
        f"params[{index}]: got {_shown(value)}, expected null, a boolean, a number, text or bytes; "
        "encode anything else, e.g. with json.encode"
    )


def _shown(value: Value) -> str:
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    return "an error" if isinstance(value, Error) else f"{value!r:.60}"


def in_database(values: Sequence[Any], database: str) -> list[Any]:
    """Return values as a database's driver takes them: SQLite keeps moments as text, MySQL in UTC without a zone."""
    return [_moment(value, database) if isinstance(value, datetime) else value for value in values]


def _moment(value: datetime, database: str) -> datetime | str:
    if database == "sqlite":
        return value.isoformat(" ")
    return value.replace(tzinfo=None) if database == "mysql" else value


def rows(columns: Iterable[str], fetched: Iterable[Iterable[Any]]) -> list[dict[str, Value]]:
    """Return rows as maps from column to value; of two columns with one name the last counts."""
    names = list(columns)
    return [{name: plain(item) for name, item in zip(names, row, strict=True)} for row in fetched]


def plain(item: Any) -> Value:
    """Return what a driver gave as a value.

    Times are RFC 3339 text, as far as they have a zone; durations are seconds; what has no counterpart (decimals,
    UUIDs, large integers) is text.
    """
    kind = type(item)
    if kind in _PLAIN and (kind is not int or INT_MIN <= item <= INT_MAX):
        return item
    match item:
        case datetime() | date() | time():
            return item.isoformat()
        case timedelta():
            return item.total_seconds()
        case bytearray() | memoryview():
            return bytes(item)
        case list() | tuple() | set() | frozenset():
            return [plain(part) for part in item]
        case _:
            return str(item)
