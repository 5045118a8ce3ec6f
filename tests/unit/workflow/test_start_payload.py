"""The bytes of a start event: the short way to them and the careful one come to the same, and refuse the same."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.codec import encode
from actorflow.errors import Error
from actorflow.value import Limits
from hosts.workflow.start_payload import encoded_start

LIMITS = Limits()


def payload(*args: Any, **others: Any) -> dict[str, Any]:
    return {
        "args": list(args),
        "host": "app:workflows",
        "seed": bytes(32),
        "format": 3,
        "parent": "",
        "run_id": "01890000-0000-7000-8000-000000000000",
        "source": "ab" * 32,
        "context": {},
        "packages": {},
        "workflow_id": "order/1",
    } | others


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def came_to(encode_it: Any, value: dict[str, Any], limits: Limits) -> bytes | str:
    try:
        data: bytes = encode_it(value, limits)
    except Error as error:
        return error.message
    return data


@pytest.mark.parametrize(
    "value",
    [
        payload(),
        payload(1, "two", None, 3.5, b"four"),
        payload({"b": 1, "a": 2, "longer": [1, {"z": 0, "y": 1}]}),
        payload("straße", {"ключ": "значение"}),
        payload((1, 2), {1: "one"}),
        payload(2**63),
        payload("\ud800"),
        payload(lambda: None),
        payload(context={"tenant": "b", "actor": {"id": "1"}}),
        payload(context={"b": (1, 2), "a": 1}),
        payload(packages={"trio": "0.35", "cbor2": "6"}),
        payload(workflow_id="заказ/1"),
        payload(workflow_id="\ud800"),
        payload(parent="{node@app:actors|ü}"),
        payload(1, type="order"),
        payload(1, options={"memo": {"b": 1, "a": 2}}),
    ],
)
def test_both_ways_come_to_the_same(value: dict[str, Any]) -> None:
    assert came_to(encoded_start, value, LIMITS) == came_to(encode, value, LIMITS)


@pytest.mark.parametrize("depth", [1, 60, 61, 62, 63, 64, 65])
def test_arguments_may_be_as_deep_in_both(depth: int) -> None:
    value = payload(nested(depth))
    assert came_to(encoded_start, value, LIMITS) == came_to(encode, value, LIMITS)


@pytest.mark.parametrize("size", [100, 600, 1_000, 1_100, 1_200, 1_300, 2_000, 20_000])
def test_arguments_may_be_as_large_in_both(size: int) -> None:
    value, limits = payload("x" * 900), Limits(size=size)
    assert came_to(encoded_start, value, limits) == came_to(encode, value, limits)
