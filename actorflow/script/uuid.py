"""UUIDs as text. The random ones are drawn from the process's recorded source, so a replay sees the same."""

from __future__ import annotations

import uuid
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.script.current import ask
from actorflow.script.time import now_ns

NAMESPACE_DNS: Final = str(uuid.NAMESPACE_DNS)
NAMESPACE_URL: Final = str(uuid.NAMESPACE_URL)
NAMESPACE_OID: Final = str(uuid.NAMESPACE_OID)
NAMESPACE_X500: Final = str(uuid.NAMESPACE_X500)

_SIZE: Final = 16
_MILLISECOND: Final = 1_000_000


def v4() -> str:
    """Return a random UUID."""
    return str(uuid.UUID(bytes=ask((Op.DRAW, "uuid4", _SIZE)), version=4))


def v5(namespace: str, name: str) -> str:
    """Return the UUID of a name: the same arguments give the same UUID.

    Raises:
        Error: kind Invalid, when `namespace` is no UUID.
    """
    return str(uuid.uuid5(_parsed(namespace), name))


def v7() -> str:
    """Return a UUID that begins with the process's time in milliseconds, so that later ones sort later."""
    stamp = (now_ns() // _MILLISECOND) & 0xFFFF_FFFF_FFFF
    drawn = bytearray(ask((Op.DRAW, "uuid7", _SIZE)))
    drawn[:6] = stamp.to_bytes(6, "big")
    drawn[6] = drawn[6] & 0x0F | 0x70
    drawn[8] = drawn[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(drawn)))


def validate(value: Any) -> bool:
    """Tell whether `value` is the text of a UUID."""
    try:
        _parsed(value)
    except Exception:  # noqa: BLE001 - whatever is no UUID
        return False
    return True


def version(value: str) -> int:
    """Return the version number of a UUID, 0 when it has none.

    Raises:
        Error: kind Invalid, when it is no UUID.
    """
    return _parsed(value).version or 0


def _parsed(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise invalid(f"not a UUID: got {value!r:.80}, expected text such as {NAMESPACE_DNS!r}") from None
