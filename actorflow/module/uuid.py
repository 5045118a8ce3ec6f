"""The pure half of `uuid` (RFC 9562): UUIDs from names, from drawn bytes and a given time, and what is in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from uuid import RESERVED_FUTURE, RESERVED_MICROSOFT, RFC_4122, UUID, uuid3, uuid5

from actorflow.errors import Error, invalid
from actorflow.module.octets import octets, text, unexpected

_V1_EPOCH: Final = 0x01B21DD213814000
"""100-nanosecond steps from the start of the Gregorian calendar to that of Unix time (RFC 9562 §5.1)."""
_VARIANTS: Final = {RFC_4122: "RFC4122", RESERVED_MICROSOFT: "Microsoft", RESERVED_FUTURE: "Future"}
_FORMATS: Final[Mapping[str, Callable[[UUID], str]]] = MappingProxyType(
    {"standard": str, "simple": lambda made: made.hex, "urn": lambda made: made.urn}
)
_LENGTHS: Final = frozenset({32, 36, 38, 45})
"""Of the forms without dashes, with them, in braces, and as a URN."""
_V1: Final = 1
_V7: Final = 7


def parsed(value: Any, where: str) -> UUID:
    """Return a UUID given as text: with or without dashes, in braces, or as a URN.

    Raises:
        Error: kind Invalid, naming `where`, when it is none.
    """
    try:
        given = text(value, where)
        if len(given) in _LENGTHS:
            return UUID(given)
    except (ValueError, Error):
        pass
    raise unexpected(value, "a UUID such as '6ba7b810-9dad-11d1-80b4-00c04fd430c8'", where)


def named(make: Callable[[UUID, str], UUID], version: int, namespace: Any = None, name: Any = None) -> str:
    """Return the UUID of a name in a namespace: the same arguments give the same UUID.

    Raises:
        Error: kind Invalid, when the namespace is no UUID or the name no text.
    """
    return str(make(parsed(namespace, f"uuid.v{version}, namespace"), text(name, f"uuid.v{version}, name")))


def v1(now: int, drawn: bytes) -> str:
    """Return a UUID of a time in Unix nanoseconds, with 8 drawn bytes for clock sequence and node."""
    steps = (now // 100 + _V1_EPOCH) & ((1 << 60) - 1)
    node = int.from_bytes(drawn[2:8], "big") | 1 << 40  # the multicast bit: no address of a network card
    sequence = int.from_bytes(drawn[:2], "big") & 0x3FFF
    high = steps >> 48 | 1 << 12
    fields = (steps & 0xFFFFFFFF, steps >> 32 & 0xFFFF, high, sequence >> 8 | 0x80, sequence & 0xFF, node)
    return str(UUID(fields=fields))


def v4(drawn: bytes) -> str:
    """Return a UUID of 16 drawn bytes."""
    return str(UUID(bytes=drawn, version=4))


def v7(now: int, drawn: bytes) -> str:
    """Return a UUID that begins with a time in Unix nanoseconds, cut to milliseconds, with 10 drawn bytes."""
    stamp = (now // 1_000_000) & 0xFFFF_FFFF_FFFF
    made = bytearray(stamp.to_bytes(6, "big") + drawn)
    made[6] = made[6] & 0x0F | 0x70
    made[8] = made[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(made)))


def validate(value: Any = None) -> bool:
    """Tell whether `value` is the text of a UUID."""
    try:
        parsed(value, "")
    except Error:
        return False
    return True


def version(value: Any = None) -> int:
    """Return the version number of a UUID.

    Raises:
        Error: kind Invalid, when it is none.
    """
    return parsed(value, "uuid.version").int >> 76 & 0xF


def variant(value: Any = None) -> str:
    """Return the variant of a UUID: RFC4122, Reserved (the oldest one), Microsoft or Future.

    Raises:
        Error: kind Invalid, when it is none.
    """
    return _VARIANTS.get(parsed(value, "uuid.variant").variant, "Reserved")


def parse(value: Any = None) -> dict[str, Any]:
    """Return what is in a UUID: `version`, `variant`, of v1 and v7 `timestamp` in Unix seconds, of v1 `node`.

    Raises:
        Error: kind Invalid, when it is none.
    """
    made = parsed(value, "uuid.parse")
    found: dict[str, Any] = {"version": version(str(made)), "variant": variant(str(made))}
    if found["version"] == _V1:
        found |= {"timestamp": (made.time - _V1_EPOCH) // 10_000_000, "node": f"{made.node:012x}"}
    elif found["version"] == _V7:
        found["timestamp"] = (made.int >> 80) // 1000
    return found


def formatted(value: Any = None, form: Any = None) -> str:
    """Return a UUID as text: `standard`, `simple` (without dashes) or `urn`.

    Raises:
        Error: kind Invalid, when it is none, or for an unknown form.
    """
    made = parsed(value, "uuid.format")
    name = "standard" if form is None else form
    if not isinstance(name, str) or name not in _FORMATS:
        raise invalid(f"uuid.format: got the form {name!r}, expected {', '.join(_FORMATS)}")
    return _FORMATS[name](made)


def checked(drawn: Any, size: int) -> bytes:
    """Return drawn bytes, which must be `size` of them."""
    given = octets(drawn, "uuid")
    if len(given) != size:
        raise unexpected(drawn, f"{size} bytes", "uuid")
    return given


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "uuid.v1": lambda now, drawn: v1(now, checked(drawn, 8)),
        "uuid.v3": partial(named, uuid3, 3),
        "uuid.v4": lambda drawn: v4(checked(drawn, 16)),
        "uuid.v5": partial(named, uuid5, 5),
        "uuid.v7": lambda now, drawn: v7(now, checked(drawn, 10)),
        "uuid.validate": validate,
        "uuid.version": version,
        "uuid.variant": variant,
        "uuid.parse": parse,
        "uuid.format": formatted,
    }
)
"""The random ones take the time in Unix nanoseconds and the bytes that were drawn for them."""
