"""Frames between a function host and its child processes: four bytes of length, then one value as CBOR."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO, Final

from actorflow.codec import decode, encode
from actorflow.value import Limits

HEAD: Final = struct.Struct(">I")
LIMITS: Final = Limits(depth=80, size=2**31)
"""Wider than any value's own limits, which were checked before: a frame wraps values, and carries sources."""


def frame(value: Any) -> bytes:
    """Return a value as a frame."""
    data = encode(value, LIMITS)
    return HEAD.pack(len(data)) + data


def read_frame(stream: BinaryIO) -> Any:
    """Read one frame from a blocking stream.

    Raises:
        EOFError: when the stream ends.
    """
    head = _read(stream, HEAD.size)
    return decode(_read(stream, HEAD.unpack(head)[0]))


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
