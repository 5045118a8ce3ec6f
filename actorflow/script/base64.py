"""Base64 text: pure, the same on every host."""

from __future__ import annotations

from actorflow.module import base64


def encode(data: str | bytes) -> str:
    """Return bytes, or the UTF-8 of text, as base64 text.

    Raises:
        Error: kind Invalid, when it is neither.
    """
    return base64.encode(data)


def decode(data: str | bytes) -> bytes:
    """Return the bytes of base64 text; line breaks are ignored.

    Raises:
        Error: kind Invalid, when it is not base64.
    """
    return base64.decode(data)
