"""UUIDs as text. The random ones are drawn from the process's recorded source, so a replay sees the same."""

from __future__ import annotations

import uuid
from typing import Any, Final, Literal, TypeAlias

from actorflow.module import uuid as pure
from actorflow.script.source import draw, now

NAMESPACE_DNS: Final = str(uuid.NAMESPACE_DNS)
NAMESPACE_URL: Final = str(uuid.NAMESPACE_URL)
NAMESPACE_OID: Final = str(uuid.NAMESPACE_OID)
NAMESPACE_X500: Final = str(uuid.NAMESPACE_X500)

_DRAWN: Final = 16
_STAMP: Final = 6
"""Bytes drawn for a v7, and how many of them the time takes the place of: what journals hold since the beginning."""
Form: TypeAlias = Literal["standard", "simple", "urn"]


def v1() -> str:
    """Return a UUID of the process's time, with a random node."""
    return pure.v1(now(), draw("random", 8))


def v3(namespace: str, name: str) -> str:
    """Return the MD5 UUID of a name; raises `Error` Invalid when `namespace` is no UUID."""
    return pure.named(uuid.uuid3, 3, namespace, name)


def v4() -> str:
    """Return a random UUID."""
    return pure.v4(draw("uuid4", 16))


def v5(namespace: str, name: str) -> str:
    """Return the UUID of a name: the same arguments give the same UUID.

    Raises:
        Error: kind Invalid, when `namespace` is no UUID.
    """
    return pure.named(uuid.uuid5, 5, namespace, name)


def v7() -> str:
    """Return a UUID that begins with the process's time in milliseconds, so that later ones sort later."""
    return pure.v7(now(), draw("uuid7", _DRAWN)[_STAMP:])


def validate(value: Any) -> bool:
    """Tell whether `value` is the text of a UUID."""
    return pure.validate(value)


def version(value: str) -> int:
    """Return the version number of a UUID; raises `Error` Invalid when it is none."""
    return pure.version(value)


def variant(value: str) -> str:
    """Return the variant of a UUID: RFC4122, Reserved, Microsoft or Future; raises `Error` Invalid when it is none."""
    return pure.variant(value)


def parse(value: str) -> dict[str, Any]:
    """Return `version` and `variant` of a UUID, of v1 and v7 `timestamp` in Unix seconds, of v1 `node`.

    Raises:
        Error: kind Invalid, when it is none.
    """
    return pure.parse(value)


def format(value: str, form: Form = "standard") -> str:  # noqa: A001 - the name scripts know
    """Return a UUID as text, with dashes, without, or as a URN; raises `Error` Invalid when it is none."""
    return pure.formatted(value, form)
