"""Base64 with the standard alphabet and padding (RFC 4648 §4); line breaks are ignored when decoding."""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as Corrupt
from binascii import a2b_base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module.octets import octets


def encode(data: Any = None) -> str:
    """Return bytes, or the UTF-8 of text, as base64 text.

    Raises:
        Error: kind Invalid, when it is neither.
    """
    return b64encode(octets(data, "base64.encode")).decode("ascii")


def decode(data: Any = None) -> bytes:
    """Return the bytes of base64 text.

    Raises:
        Error: kind Invalid, when it is no text, has other characters, or its padding is wrong.
    """
    plain = octets(data, "base64.decode").translate(None, b"\r\n")
    try:
        return a2b_base64(plain, strict_mode=True)
    except Corrupt as error:
        raise invalid(f"base64.decode: not base64: {error}") from None


PURE: Final[Mapping[str, Any]] = MappingProxyType({"base64.encode": encode, "base64.decode": decode})
