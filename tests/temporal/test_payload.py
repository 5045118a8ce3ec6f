"""Payloads and failures at the boundary to Temporal."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure as Raw

from actorflow.codec import decode, encode
from actorflow.errors import Failure
from hosts.temporal.failure import application_error, failure_from
from hosts.temporal.payload import VALUES

_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
)
_KEYS = st.text() | st.integers(-(2**63), 2**63 - 1)
_VALUES = st.recursive(
    _SCALARS, lambda of: st.lists(of, max_size=4) | st.dictionaries(_KEYS, of, max_size=4), max_leaves=12
)


def crossed(value: Any) -> tuple[str, Any]:
    payload = VALUES.payload_converter.to_payload(value)
    return payload.metadata["encoding"].decode(), VALUES.payload_converter.from_payload(payload)


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        ({"a": [1, 2.0, True, None, "x"]}, "json/plain"),
        (2**63 - 1, "json/plain"),
        (None, "binary/null"),
        (b"\xff", "binary/plain"),
        ({1: 2}, "binary/cbor"),
        ([b"x"], "binary/cbor"),
        (inf, "binary/cbor"),
        (Failure("no", "Conflict", retryable=False, details={"a": 1}), "binary/cbor"),
    ],
)
def test_what_json_says_exactly_is_json_and_all_values_come_back(value: Any, encoding: str) -> None:
    got = crossed(value)
    assert got == (encoding, value)
    assert type(got[1]) is type(value)


@given(_VALUES)
def test_every_value_comes_back(value: Any) -> None:
    got = crossed(value)[1]
    assert encode(got) == encode(value)
    assert repr(got) == repr(decode(encode(value))), "its keys in the order that they have on our own hosts"


def test_what_other_sdks_write_is_read() -> None:
    foreign = Payload(
        metadata={"encoding": b"json/protobuf", "messageType": b"x.Y"}, data=b'{"id": 123456789012345678901}'
    )
    assert VALUES.payload_converter.from_payload(foreign) == {"id": 1.2345678901234568e20}


@pytest.mark.parametrize("retryable", [None, True, False])
def test_failures_keep_all_their_parts(retryable: bool | None) -> None:  # noqa: FBT001 - the three-valued flag is data
    failure = Failure("sold out", "Conflict", retryable, {"sku": "a1", 1: b"x"}, "shop.lua:3: in main")
    raw = Raw()
    VALUES.failure_converter.to_failure(application_error(failure, wait=5_000_000), VALUES.payload_converter, raw)
    assert (raw.message, raw.application_failure_info.type) == ("sold out", "Conflict")
    assert raw.application_failure_info.non_retryable is (retryable is False)
    assert raw.application_failure_info.next_retry_delay.ToTimedelta() == timedelta(milliseconds=5)
    assert failure_from(VALUES.failure_converter.from_failure(raw, VALUES.payload_converter)) == failure


def test_a_failure_of_another_sdk_has_its_type_as_kind() -> None:
    raw = Raw(message="no stock", stack_trace="main.go:3")
    raw.application_failure_info.type, raw.application_failure_info.non_retryable = "OutOfStock", True
    got = failure_from(VALUES.failure_converter.from_failure(raw, VALUES.payload_converter))
    assert (got.message, got.kind, got.retryable, got.stack) == ("no stock", "OutOfStock", False, "main.go:3")
