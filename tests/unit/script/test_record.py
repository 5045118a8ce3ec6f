"""Dataclasses at the boundary."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import pytest

from actorflow.errors import Error
from actorflow.script.record import build, builder_of, plain, plain_args


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


@dataclass
class Item:
    sku: str
    size: Size = Size.SMALL
    parts: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Order:
    id: UUID
    total: Decimal
    at: datetime
    day: date
    items: tuple[Item, ...] = ()
    by_name: dict[str, Item] = field(default_factory=dict)
    gift: Item | None = None
    note: Annotated[str, "free text"] = ""
    derived: str = field(default="x", init=False)


ORDER = Order(
    UUID(int=7),
    Decimal("9.90"),
    datetime(2026, 1, 2, 3, tzinfo=UTC),
    date(2026, 1, 2),
    (Item("a", Size.LARGE, [Item("b")]),),
    {"c": Item("c")},
    Item("d"),
)
PLAIN = {
    "id": "00000000-0000-0000-0000-000000000007",
    "total": "9.90",
    "at": "2026-01-02T03:00:00+00:00",
    "day": "2026-01-02",
    "items": [{"sku": "a", "size": "l", "parts": [{"sku": "b", "size": "s", "parts": []}]}],
    "by_name": {"c": {"sku": "c", "size": "s", "parts": []}},
    "gift": {"sku": "d", "size": "s", "parts": []},
    "note": "",
    "derived": "x",
}


def test_a_record_goes_out_whole_and_comes_back_equal() -> None:
    assert plain(ORDER) == PLAIN
    given = {name: value for name, value in PLAIN.items() if name != "derived"}
    assert build(Order, given) == ORDER
    assert build(Order, ORDER) is ORDER


def test_what_holds_no_record_stays_the_same_object() -> None:
    value = {"a": [1, {"b": (2, None)}]}
    assert plain(value) is value
    args = (1, "two", None)
    assert plain_args(args) is args
    assert plain_args((1, [Item("a")])) == (1, [{"sku": "a", "size": "s", "parts": []}])


def test_a_cycle_is_left_for_the_boundary_to_refuse() -> None:
    loop: list[Any] = []
    loop.append(loop)
    plain(loop)


@pytest.mark.parametrize("annotation", [int, str, dict, list[int], Any, "Item", Item | Order, int | None, list, None])
def test_annotations_without_one_record_build_nothing(annotation: Any) -> None:
    assert builder_of(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (Item, {"sku": "a", "siez": "s"}, "value: Item has no field 'siez', expected sku, size, parts; did you mean"),
        (Item, {"size": "s"}, "value: Item needs the field 'sku', got only ['size']"),
        (Item, 7, "value: got 7, expected a map with the fields of Item"),
        (Item, {"sku": "a", "size": "xl"}, "value.size: got 'xl', expected one of ['s', 'l']"),
        (list[Item], {"sku": "a"}, "value: got {'sku': 'a'}, expected a list"),
        (list[Item], [{"sku": "a"}, {}], "value[1]: Item needs the field 'sku'"),
        (dict[str, Item], {"x": {"sku": "a", "parts": [3]}}, "value.x.parts[0]: got 3"),
        (dict[str, Item], [], "value: got [], expected a map"),
        (Order, {**PLAIN, "total": "many"}, "value: Order has no field 'derived'"),
        (Decimal, "many", "value: got 'many', expected text of a Decimal"),
        (datetime, 5, "value: got 5, expected text of a datetime"),
    ],
)
def test_what_does_not_fit_names_its_path(annotation: Any, value: Any, message: str) -> None:
    with pytest.raises(Error) as raised:
        build(annotation, value)
    assert raised.value.kind == "Invalid"
    assert raised.value.message.startswith(message)


def test_optional_and_missing_parts() -> None:
    assert build(Item | None, None) is None
    assert build(Item | None, {"sku": "a"}) == Item("a")
    assert build(list[Item], []) == []
