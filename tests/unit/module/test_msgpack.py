from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped, unused-ignore]
import pytest

from actorflow.errors import INTERNAL, INVALID, Error, Failure
from actorflow.module.msgpack import decode, encode


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**63 - 1,
        1.0,
        "ü",
        b"\xff",
        [],
        [1, [2]],
        {},
        {"a": {"b": None}},
        {1: "one", -2: "two"},
    ],
)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    back = decode(encode(value))
    assert back == value
    assert type(back) is type(value)


def test_errors_are_their_message() -> None:
    assert decode(encode({"why": Failure("gone")})) == {"why": "gone"}


def test_times_are_seconds() -> None:
    assert decode(msgpack.packb([msgpack.Timestamp(1, 500_000_000)])) == [1.5]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x92\x01",
        b"\x01\x01",
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 100_000,
        b"\xa1\xff",
        msgpack.packb(msgpack.ExtType(5, b"x")),
    ],
)
def test_bytes_that_are_no_plain_data_are_refused(data: bytes) -> None:
    with pytest.raises(Error) as refused:
        decode(data)
    assert refused.value.kind == INTERNAL
    assert refused.value.message.startswith("msgpack.decode: ")
    assert len(refused.value.message) > len("msgpack.decode: ")


def test_what_is_no_bytes_is_invalid() -> None:
    with pytest.raises(Error) as refused:
        decode(5)
    assert refused.value.kind == INVALID
