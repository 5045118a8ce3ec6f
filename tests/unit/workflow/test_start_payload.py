"""The bytes of a start event: the short ways to them and the careful one come to the same, and refuse the same."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.codec import decode, encode
from actorflow.errors import Error
from actorflow.ports import SpawnRequest
from actorflow.value import Limits
from hosts.workflow.settings import RunLimits
from hosts.workflow.start_payload import encoded_start
from hosts.workflow.start_plan import StartPlan, host_field, source_field

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
    assert came_to(encoded_start, value, LIMITS) == came_to(encode, value, LIMITS.around(2))


@pytest.mark.parametrize("depth", [1, 62, 63, 64, 65, 66])
def test_arguments_may_be_as_deep_in_both(depth: int) -> None:
    value = payload(nested(depth))
    assert came_to(encoded_start, value, LIMITS) == came_to(encode, value, LIMITS.around(2))


@pytest.mark.parametrize("size", [100, 600, 1_000, 1_100, 1_200, 1_300, 2_000, 20_000])
def test_arguments_may_be_as_large_in_both(size: int) -> None:
    value, limits = payload("x" * 900), Limits(size=size)
    assert came_to(encoded_start, value, limits) == came_to(encode, value, limits.around(2))


def planned(value: dict[str, Any], limits: Limits) -> bytes | None:
    plan = StartPlan(
        entry=None,  # type: ignore[arg-type] # the bytes are of the rest
        bundle=None,  # type: ignore[arg-type]
        program=None,  # type: ignore[arg-type]
        limits=RunLimits(limits),
        queue="",
        strict="",
        facts={},
        host=host_field(value["host"]),
        source=source_field(value["source"]),
    )
    context, parent, seed = value["context"], value["parent"], value["seed"]
    request = SpawnRequest("app:order", args=tuple(value["args"]), context=context, parent=parent)
    said = plan.said(request, value["format"], value["workflow_id"], value["run_id"], seed)
    if said is None:
        return None
    decoded = decode(said.data)
    assert (said.args, said.context) == (decoded["args"], decoded["context"])
    return said.data


@pytest.mark.parametrize(
    "value",
    [
        payload(),
        payload(1),
        payload(1, "two", None, 3.5, -0.0, b"four", [True]),
        payload({"b": 1, "a": 2, "longer": [1, {"z": 0, "y": 1}]}, []),
        payload(*range(23)),
        payload(*range(24)),
        payload(*range(300)),
        payload(format=1),
        payload(workflow_id="x" * 23, parent="{node@app:actors|0x00001}"),
        *(payload(workflow_id="y" * size) for size in range(1, 260)),
        payload(workflow_id="x" * 300, host="a" * 30 + ":" + "ü" * 30),
        payload(context={"tenant": "b", "actor": {"id": "1"}}),
        payload("x" * 300, {"k": list(range(100))}),
    ],
)
def test_a_plan_comes_to_the_same_bytes(value: dict[str, Any]) -> None:
    assert planned(value, LIMITS) == encode(value, LIMITS)


@pytest.mark.parametrize(
    "value",
    [
        payload("straße"),
        payload((1, 2), {1: "one"}),
        payload(2**63),
        payload("\ud800"),
        payload(lambda: None),
        payload(nested(65)),
        payload(workflow_id="заказ/1"),
        payload(parent="{node@app:actors|ü}"),
        payload(context={"ключ": 1}),
        payload("x" * (LIMITS.size // 9)),
    ],
)
def test_a_plan_leaves_what_is_unusual_to_the_long_way(value: dict[str, Any]) -> None:
    assert planned(value, LIMITS) is None


@pytest.mark.parametrize("most", [1, 2, 3, 64])
@pytest.mark.parametrize("as_map", [True, False])
def test_arguments_and_the_context_are_as_deep_as_the_limit_says(most: int, as_map: bool) -> None:  # noqa: FBT001
    def deep(levels: int) -> Any:
        value: Any = "ü" if levels % 2 else 1
        for _ in range(levels):
            value = {"a": value} if as_map else [value]
        return value

    limits = Limits(depth=most)
    assert encoded_start(payload(deep(most), context={"k": deep(most)}), limits)
    for value in (payload(deep(most + 1)), payload(context={"k": deep(most + 1)})):
        with pytest.raises(Error, match=f"nesting deeper than {most},"):
            encoded_start(value, limits)
