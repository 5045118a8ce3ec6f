"""Deterministic CBOR: what is written is read again, equal values have equal bytes, foreign bytes are never trusted."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actorflow.codec import decode, decode_foreign, encode, encode_pair
from actorflow.errors import Error, Failure
from actorflow.value import Limits, copy_value
from tests.unit.strategies import values


def tagged(*parts: Any) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(27, list(parts)))


def shuffled(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, shuffled(item, source)) for key, item in value.items()]
        source.shuffle(items)
        return dict(items)
    return [shuffled(item, source) for item in value] if isinstance(value, list) else value


@given(values)
def test_what_is_encoded_decodes_to_the_same(value: Any) -> None:
    data = encode(value)
    assert decode(data) == value
    assert decode_foreign(data) == value
    assert encode(decode(data)) == data


@given(values, values | st.just({}))
def test_a_pair_is_a_list_of_two(first: Any, second: Any) -> None:
    assert encode_pair(first, second) == encode([first, second])


scalars = values.filter(lambda value: not isinstance(value, list | dict | Failure))


@given(st.lists(scalars, max_size=5))
def test_short_flat_lists_are_the_bytes_that_any_list_is(items: list[Any]) -> None:
    data = encode(items)
    assert data == bytes([0x80 + len(items)]) + b"".join(map(encode, items))
    assert data == cbor2.dumps(copy_value(items))


def test_a_fault_in_a_pair_has_its_whole_path() -> None:
    with pytest.raises(Error, match=r"value\[0\]\[0\]"):
        encode_pair([2**63], {})


@given(values, st.randoms(use_true_random=False))
def test_equal_maps_have_equal_bytes(value: Any, source: random.Random) -> None:
    assert encode(shuffled(value, source)) == encode(value)


@given(st.dictionaries(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=9), st.none(), max_size=8))
def test_keys_are_in_bytewise_order_of_their_encoding(value: dict[Any, None]) -> None:
    try:
        keys = [encode(key) for key in copy_value(value)]
    except Error as error:
        assert "surrogate" in error.message  # noqa: PT017 - only some of the drawn texts are well-formed
        return
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (-1, "20"),
        (2**63 - 1, "1b7fffffffffffffff"),
        (-(2**63), "3b7fffffffffffffff"),
        (1.0, "fb3ff0000000000000"),
        (float("inf"), "f97c00"),
        (float("-inf"), "f9fc00"),
        (-0.0, "fb8000000000000000"),
        ("ü", "62c3bc"),
        (b"\x00", "4100"),
        ([], "80"),
        ({}, "a0"),
        ([None, True, False], "83f6f5f4"),
        ({"b": 1, "aa": 2, 1: 3, -1: 4}, "a40103200461620162616102"),
        (Failure("m", "K", retryable=False), "d81b866f6163746f72666c6f772e6572726f72616d614bf4f660"),
    ],
)
def test_the_bytes_of_the_profile(value: Any, data: str) -> None:
    assert encode(value).hex() == data


def test_an_integer_and_a_float_stay_apart() -> None:
    assert type(decode(encode(1.0))) is float
    assert type(decode(encode(1))) is int
    assert encode(1) != encode(1.0)


def test_nan_has_one_form() -> None:
    assert encode(float("nan")) == encode(-float("nan")) == bytes.fromhex("f97e00")


def test_a_failure_keeps_all_its_parts() -> None:
    failure = Failure("m", "K", retryable=True, details={"a": [{"b": Failure("inner", details={"c": [1]})}]}, stack="s")
    assert decode(encode([failure])) == [failure]
    assert decode_foreign(encode([failure])) == [failure]


def test_the_deepest_failures_are_read_again() -> None:
    failure = Failure("innermost")
    for _ in range(32):
        failure = Failure("outer", details={"cause": failure})
    assert decode_foreign(encode(failure)) == decode(encode(failure)) == failure


@example(tagged("actorflow.error", 5, "k", None, None, ""))
@example(tagged("actorflow.error", {"a": 1}, "k", None, None, ""))
@example(b"\xd8\x1c\x81\xd8\x1d\x00")
@example(b"\x9b\x7f" + b"\xff" * 7)
@given(st.binary(max_size=200))
def test_foreign_bytes_raise_error_and_nothing_else(data: bytes) -> None:
    try:
        value = decode_foreign(data)
    except Error as error:
        assert error.kind == "Invalid"  # noqa: PT017 - most, not all, of the drawn bytes are refused
    else:
        assert decode(encode(value)) == value or value != value  # noqa: PLR0124 - NaN


@given(values, st.data())
def test_damaged_bytes_raise_error_and_nothing_else(value: Any, data: st.DataObject) -> None:
    damaged = bytearray(encode(value))
    position = data.draw(st.integers(0, len(damaged) - 1))
    damaged[position] = data.draw(st.integers(0, 255))
    try:
        decode_foreign(bytes(damaged))
    except Error as error:
        assert error.kind == "Invalid"  # noqa: PT017 - some damage gives another valid value


@given(values, st.integers(1, 5))
def test_cut_bytes_are_refused(value: Any, cut: int) -> None:
    data = encode(value)
    for read in (decode, decode_foreign):
        with pytest.raises(Error, match="malformed CBOR"):
            read(data[: max(0, len(data) - cut)])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "malformed CBOR"),
        (b"\x01\x02", "malformed CBOR: 1 bytes after the value"),
        (b"\x9f\xff", "indefinite length"),
        (b"\xa2\x01\x02\x01\x03", "Duplicate map key"),
        (b"\x81" * 5000 + b"\x00", "depth"),
        (b"\xf7", "foreign CBOR type"),
        (b"\xf8\x63", "foreign CBOR type"),
        (b"\xa1\xf5\x01", "a map key of type bool"),
        (b"\xd8\x1c\x81\xd8\x1d\x00", "a cycle"),
        (cbor2.dumps(datetime(2026, 1, 2, tzinfo=UTC)), "foreign CBOR type: value: datetime"),
        (cbor2.dumps(Fraction(1, 3)), "foreign CBOR type"),
        (cbor2.dumps({1, 2}), "foreign CBOR type"),
        (cbor2.dumps(2**64), "an integer beyond 64 bits"),
        (cbor2.dumps(cbor2.CBORTag(4711, 1)), "unknown tag 4711"),
        (tagged("other", "m", "k", None, None, ""), "unknown object 'other'"),
        (tagged("actorflow.error", "m"), "unknown tag 27"),
        (tagged("actorflow.error", "m", 5, None, None, ""), "actorflow.error expects"),
        (tagged("actorflow.error", "m", "k", 1, None, ""), "actorflow.error expects"),
        (tagged("actorflow.error", "m", "k", None, [1], ""), "actorflow.error expects"),
        (tagged("actorflow.error", "m", "k", None, None, 7), "actorflow.error expects"),
    ],
)
def test_foreign_bytes_are_refused_with_the_reason(data: bytes, text: str) -> None:
    with pytest.raises(Error) as caught:
        decode_foreign(data)
    assert text in caught.value.message
    assert caught.value.kind == "Invalid"


def test_foreign_bytes_obey_the_limits() -> None:
    with pytest.raises(Error, match="size limit"):
        decode_foreign(encode("x" * 100), Limits(size=50))
    with pytest.raises(Error, match="deeper"):
        decode_foreign(encode([[[1]]]), Limits(depth=2))


@given(values, st.integers(0, 300))
def test_the_size_limit_bounds_the_bytes(value: Any, size: int) -> None:
    try:
        data = encode(value, Limits(size=size))
    except Error as error:
        assert "size limit" in error.message  # noqa: PT017 - whether it fits depends on what was drawn
    else:
        assert len(data) <= max(size, 9)  # a lone number or boolean is not measured


def test_encoding_refuses_what_may_not_cross() -> None:
    with pytest.raises(Error, match=r"value\.f: got a function"):
        encode({"f": print})
