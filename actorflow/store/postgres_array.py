"""Arrays as PostgreSQL takes them in its binary format: one column of many rows.

The driver makes them value by value, in Python, which took most of the time of a commit. Here a column is one `pack`
or one `join`. The format: dimensions, whether there are NULLs, the type of the values, their count, the first index;
then the length of each value (-1 for NULL) and its bytes. (`array_recv` in PostgreSQL's arrayfuncs.c.)
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, pack
from typing import Any, Final

from psycopg import pq
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper

_NUMBER: Final = 20
_TEXT: Final = 25
_BYTES: Final = 17
_length: Final = Struct(">i").pack


class Numbers(bytes):
    """A `bigint[]`."""


class Texts(bytes):
    """A `text[]`."""


class Blobs(bytes):
    """A `bytea[]`."""


def numbers(values: Sequence[int]) -> Numbers:
    """Return an array of integers.

    Raises:
        struct.error: when one is no integer of 64 bits.
    """
    count = len(values)
    flat: list[int] = [8] * (2 * count)
    flat[1::2] = values
    return Numbers(_head(count, _NUMBER) + pack(">" + "iq" * count, *flat))


def texts(values: Sequence[str]) -> Texts:
    """Return an array of texts.

    Raises:
        UnicodeEncodeError: when one has half a character. (The server refuses one with a NUL.)
    """
    return Texts(_joined(_TEXT, list(map(str.encode, values))))


def blobs(values: Sequence[bytes | None]) -> Blobs:
    """Return an array of bytes; None stands for NULL."""
    if None not in values:
        return Blobs(_joined(_BYTES, values))
    parts = [b"\xff\xff\xff\xff" if value is None else _length(len(value)) + value for value in values]
    return Blobs(_head(len(values), _BYTES, has_null=True) + b"".join(parts))


def _joined(kind: int, values: Sequence[Any]) -> bytes:
    parts: list[bytes] = [b""] * (2 * len(values))
    parts[0::2] = map(_length, map(len, values))
    parts[1::2] = values
    return _head(len(values), kind) + b"".join(parts)


def _head(count: int, kind: int, *, has_null: bool = False) -> bytes:
    return pack(">iiIii", 1, has_null, kind, count, 1) if count else pack(">iiI", 0, 0, kind)


class _Made(Dumper):
    """What is in the format of the server already."""

    format = pq.Format.BINARY

    def dump(self, obj: Any) -> bytes:
        """Return it as it is."""
        return bytes(obj)


class _Numbers(_Made):
    oid = 1016


class _Texts(_Made):
    oid = 1009


class _Blobs(_Made):
    oid = 1001


def register(context: AdaptContext) -> None:
    """Let the statements of a connection take such arrays as values."""
    for kind, dumper in ((Numbers, _Numbers), (Texts, _Texts), (Blobs, _Blobs)):
        context.adapters.register_dumper(kind, dumper)
