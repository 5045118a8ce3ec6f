"""Arrays in the binary format of PostgreSQL: the server reads what was written."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.store.postgres_array import blobs, numbers, texts
from tests.databases import connected, emptied
from tests.unit.resource.test_servers import on_server

SAMPLES: list[tuple[Callable[[Any], bytes], str, list[Any]]] = [
    (numbers, "bigint[]", [0, -1, 2**63 - 1, -(2**63)]),
    (numbers, "bigint[]", []),
    (texts, "text[]", ["", "a", "käse 🧀", 'x"{},\\', "NULL"]),
    (texts, "text[]", []),
    (blobs, "bytea[]", [b"", b"\0\xff", None, b"x" * 70_000]),
    (blobs, "bytea[]", [None]),
    (blobs, "bytea[]", [b"only"]),
]


@on_server
def test_a_server_reads_every_value_back() -> None:
    with connected(emptied("postgres")) as connection:
        for make, kind, values in SAMPLES:
            rows = connection.execute(f"SELECT * FROM unnest(%b::{kind})", [make(values)]).fetchall()  # noqa: S608
            assert [value for (value,) in rows] == values


def read(data: bytes) -> list[bytes | None]:
    """Return the values of an array as PostgreSQL's `array_recv` reads them."""
    dimensions, has_null, _ = struct.unpack_from(">iiI", data)
    if not dimensions:
        assert len(data) == struct.calcsize(">iiI")
        return []
    count, first = struct.unpack_from(">ii", data, 12)
    assert (dimensions, first) == (1, 1)
    values, at = [], 20
    for _ in range(count):
        (length,) = struct.unpack_from(">i", data, at)
        values.append(None if length < 0 else data[at + 4 : at + 4 + length])
        at += 4 + max(length, 0)
    assert at == len(data)
    assert has_null == (None in values)
    return values


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.text(st.characters(codec="utf-8"))))
def test_numbers_and_texts_are_what_is_read(integers: list[int], words: list[str]) -> None:
    assert [int.from_bytes(value or b"", signed=True) for value in read(numbers(integers))] == integers
    assert read(texts(words)) == [word.encode() for word in words]


@given(st.lists(st.none() | st.binary()))
def test_bytes_are_what_is_read(values: list[bytes | None]) -> None:
    assert read(blobs(values)) == values


@pytest.mark.parametrize(("make", "value"), [(numbers, 2**63), (numbers, None), (texts, "\ud800")])
def test_what_cannot_be_stored_is_refused(make: Callable[[Any], bytes], value: Any) -> None:
    with pytest.raises((struct.error, UnicodeEncodeError)):
        make([value])
