"""The types of fields: durations, sizes, names, references, sources; each says what it expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from actorflow.duration import parse_duration
from actorflow.errors import Error
from actorflow.names import parse_id, resolve_id

REFUSAL: Final = "actorflow"
"""The error type of `refusal`; its context holds `expected`, `suggestion` and `got`."""

MEMORY: Final = "memory"
"""In place of a database: nothing is kept."""

_INT_MAX: Final = 2**63 - 1
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_SIZE: Final = re.compile(r"([0-9]{1,18})\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)?")
_BYTES: Final[dict[str | None, int]] = {
    **dict.fromkeys((None, "B"), 1),
    **dict.fromkeys(("kB", "KB"), 1000),
    "KiB": 1 << 10,
    "MB": 1000**2,
    "MiB": 1 << 20,
    "GB": 1000**3,
    "GiB": 1 << 30,
}
_FILE_NAME: Final = re.compile(r"[^\s'\"(){}\[\]=;]+\.(lua|py)")
_SOURCE_SCHEMA: Final = {"type": "string", "minLength": 1, "examples": ["file://order.lua", "file:///order.py"]}
_SECONDS_BELOW: Final = 1000
"""A bare number below this was probably meant as seconds, any other as milliseconds."""


def refusal(expected: str, suggestion: str = "", got: str = "") -> PydanticCustomError:
    """Return the error of a field: what was expected, what was probably meant, and what was got if not clear."""
    context = {"expected": expected, "suggestion": suggestion, "got": got}
    return PydanticCustomError(REFUSAL, "expected {expected}", context)


def _duration(value: Any) -> int:
    expected = "a duration with a unit such as '10s', '1h30m' or '250ms'"
    if value == 0 and type(value) is int:
        return 0
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise refusal(expected)
    text = str(value).strip()
    if _NUMBER.fullmatch(text) and float(text):
        raise refusal(expected, repr(f"{text}{'s' if float(text) < _SECONDS_BELOW else 'ms'}"))
    try:
        nanoseconds = parse_duration(text)
    except Error:
        raise refusal(expected) from None
    if nanoseconds < 0:
        raise refusal("a duration that is not negative")
    return nanoseconds


def size_of(value: Any) -> int:
    """Return the bytes that a size means, or raise its refusal."""
    if type(value) is int and 0 <= value <= _INT_MAX:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise refusal("a size in bytes such as 1048576, '64MiB' or '1GB'")
    return min(int(match[1]) * _BYTES[match[2]], _INT_MAX)


def as_tuple(value: Any) -> Any:
    """Return a list as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def _resolved(reference: str, info: ValidationInfo) -> str:
    """Return the full id; a relative one is in the namespace of the entry, which the context gives."""
    namespace = (info.context or {}).get("namespace", "")
    parsed = parse_id(resolve_id(reference, namespace))
    if not parsed.name or (":" in reference and not parsed.namespace):
        raise refusal("the id of an entry, namespace:name or name")
    return str(parsed)


def _database(value: str, info: ValidationInfo) -> str:
    return value if value == MEMORY else _resolved(value, info)


def _source(value: str) -> str:
    if _FILE_NAME.fullmatch(value.strip()):
        raise refusal("the text of a script, or file:// and its path", repr(f"file://{value.strip()}"))
    return value


Duration: TypeAlias = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["10s", "1h30m", "250ms"]}, {"const": 0}]}),
]
"""Nanoseconds; written with a unit."""

Size: TypeAlias = Annotated[
    int,
    BeforeValidator(size_of),
    WithJsonSchema({"anyOf": [{"type": "string", "examples": ["64MiB"]}, {"type": "integer", "minimum": 0}]}),
]
"""Bytes; written as a number, or with a unit."""

Positive: TypeAlias = Annotated[int, Field(ge=1, le=_INT_MAX)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=_INT_MAX)]

Plain: TypeAlias = str | bool | int | float
"""Text, a boolean or a number."""

Name: TypeAlias = Annotated[str, Field(min_length=1)]
Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(as_tuple)]
"""A list of names."""

Values: TypeAlias = Annotated[tuple[Any, ...], BeforeValidator(as_tuple)]
"""A list of anything."""

Reference: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_resolved)]
"""The id of another entry, made full."""

Database: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_database)]
"""The id of a database, or `memory`."""

References: TypeAlias = Annotated[tuple[Reference, ...], BeforeValidator(as_tuple)]
Imports: TypeAlias = Mapping[Name, Reference]
"""Alias to the id of a library."""

Source: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_source), WithJsonSchema(_SOURCE_SCHEMA)]
"""The text of a script, usually by `file://`."""


def _queue(value: Any) -> Any:
    if not isinstance(value, str) or not value or "\0" in value:
        raise refusal("the name of a queue, a text that is not empty")
    return value


def _queues(value: Any) -> Any:
    if not isinstance(value, list):
        raise refusal("a list of names of queues, such as [default, reports]")
    return value


QueueName: TypeAlias = Annotated[str, BeforeValidator(_queue)]
QueueNames: TypeAlias = Annotated[list[QueueName], BeforeValidator(_queues)]
"""What runs are sorted by, so that hosts take up some of them only."""
