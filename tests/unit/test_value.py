"""What may cross a boundary, what is refused, and where the message points."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given

from actorflow.errors import Error, Failure, failure_of
from actorflow.notice import Notice
from actorflow.value import INT_MAX, INT_MIN, Limits, Opaque, copy_failure, copy_value
from tests.unit.strategies import values


class Ticket:
    """An object that no boundary knows."""


class Handle(Opaque):
    """An object of one process that happens to be callable."""

    __slots__ = ()

    def __call__(self) -> None: ...


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Ratio(float, Enum):
    HALF = 0.5


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = [value]
    return value


def cyclic() -> Any:
    value: dict[str, Any] = {"items": [1]}
    value["items"].append(value)
    return value


def containers(value: Any) -> list[int]:
    if isinstance(value, Failure):
        return containers(value.details)
    if isinstance(value, list):
        return [id(value)] + [found for item in value for found in containers(item)]
    if isinstance(value, dict):
        return [id(value)] + [found for item in value.values() for found in containers(item)]
    return []


@given(values)
def test_a_copy_is_equal_and_shares_no_container(value: Any) -> None:
    copied = copy_value(value)
    assert copied == value
    assert not set(containers(copied)) & set(containers(value))


def test_shared_references_are_copied_apart() -> None:
    shared = [1]
    first, second = copy_value([shared, shared])
    assert first == second == [1]
    assert first is not second


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (Colour.RED, "red"),
        ([Level.HIGH, Ratio.HALF], [3, 0.5]),
        (Error("no", "Conflict", details={"a": (1,)}), Failure("no", "Conflict", details={"a": [1]})),
        (Failure("no", kind=""), Failure("no", kind="Internal")),
        ([INT_MIN, INT_MAX], [INT_MIN, INT_MAX]),
        ({"ü": "ä"}, {"ü": "ä"}),
    ],
)
def test_what_is_changed_on_the_way(value: Any, expected: Any) -> None:
    copied = copy_value(value)
    assert copied == expected
    assert type(copied) is type(expected)


def test_subclasses_arrive_as_the_plain_type() -> None:
    assert [type(item) for item in copy_value([Colour.RED, Level.HIGH, Ratio.HALF])] == [str, int, float]


@pytest.mark.parametrize(
    ("value", "path", "got"),
    [
        ({"a": [1, print]}, "value.a[1]", "a function"),
        ({"a": [1, lambda: 0]}, "value.a[1]", "a function"),
        ({"a": {"b": cyclic()}}, "value.a.b.items[1]", "a cycle"),
        ([2**63], "value[0]", "an integer beyond 64 bits"),
        ({"n": -(2**63) - 1}, "value.n", "an integer beyond 64 bits"),
        ({2**63: 1}, f"value[{2**63}]", "an integer beyond 64 bits"),
        ({"a": {True: 1}}, "value.a", "a map key of type bool"),
        ({"a": {1.5: 1}}, "value.a", "a map key of type float"),
        ({"a": {(1,): 1}}, "value.a", "a map key of type tuple"),
        ({"a": {b"k": 1}}, "value.a", "a map key of type bytes"),
        ({"a": "\ud800"}, "value.a", "text with a lone surrogate"),
        ({"a": {"\ud800": 1}}, "value.a", "text with a lone surrogate"),
        (Failure("m", details={"f": print}), "value.details.f", "a function"),
        (nested(65), "value" + "[0]" * 64, "nesting deeper than 64"),
    ],
)
def test_what_may_not_cross_is_refused_with_its_path(value: Any, path: str, got: str) -> None:
    with pytest.raises(Error) as caught:
        copy_value(value)
    assert caught.value.message.startswith(f"{path}: got {got}, expected ")
    assert caught.value.kind == "Invalid"
    assert caught.value.retryable is False
    assert caught.value.details == {"path": path}


def test_the_deepest_value_that_may_cross() -> None:
    assert copy_value(nested(64)) == nested(64)
    assert copy_value(nested(2), Limits(depth=2)) == nested(2)
    with pytest.raises(Error, match="nesting deeper than 2"):
        copy_value(nested(3), Limits(depth=2))


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "x" * size,
        lambda size: "ü" * (size // 2),
        lambda size: b"x" * size,
        lambda size: ["x" * (size // 2), b"x" * (size // 2)],
        lambda size: {"x" * size: 1},
        lambda size: {"k": "ü" * (size // 2)},
        lambda size: [None] * size,
        lambda size: Failure("x" * size),
        lambda size: Failure("m", stack="x" * size),
        lambda size: Failure("m", details={"k": "x" * size}),
    ],
)
def test_a_value_over_the_size_limit_is_refused(make: Callable[[int], Any]) -> None:
    copy_value(make(1000), Limits(size=20_000))
    with pytest.raises(Error, match="a value over the size limit, expected at most 20000 bytes in all"):
        copy_value(make(20_002), Limits(size=20_000))


def test_shared_references_cannot_grow_past_the_size_limit() -> None:
    value: Any = ["x"] * 10
    for _ in range(20):
        value = [value] * 10
    with pytest.raises(Error, match="size limit"):
        copy_value(value)


@pytest.mark.parametrize("thing", [Ticket(), Opaque(), Handle(), {1, 2}, 1j])
def test_objects_become_nil_with_one_notice_each(thing: Any) -> None:
    notices: list[Notice] = []
    assert copy_value({"a": [thing, 1]}, notices=notices.append) == {"a": [None, 1]}
    (notice,) = notices
    assert notice.code == "value-dropped"
    assert notice.text.startswith(f"value.a[0]: {type(thing).__name__} ")


def test_keys_come_in_the_order_of_deterministic_cbor() -> None:
    keys = ["b", "aa", -1, 10, "", "ü", -200, 3, 255, 256]
    assert list(copy_value(dict.fromkeys(keys))) == [3, 10, 255, 256, -1, -200, "", "b", "aa", "ü"]
    assert list(copy_value({"bb": 1, "c": 2, "a": 3, "ab": 4})) == ["a", "c", "ab", "bb"]


def test_a_foreign_exception_becomes_a_failure_that_crosses() -> None:
    failure = failure_of(KeyError("k"))
    assert copy_value(failure) == Failure("KeyError: 'k'", "Internal")


def test_a_failure_crosses_without_details_that_cannot() -> None:
    endless: dict[str, Any] = {"a": 1}
    endless["own"] = endless
    for details, why in ((endless, "a cycle"), ({"f": print}, "a function"), ({"t": "\ud800"}, "a lone surrogate")):
        copied = copy_failure(Failure("no", "Conflict", retryable=False, details=details, stack="here"))
        assert (copied.message, copied.kind, copied.retryable, copied.stack) == ("no", "Conflict", False, "here")
        assert copied.details is not None
        assert why in copied.details["dropped"]
    large = copy_failure(Failure("x" * 100, details={"k": "y" * 100}), Limits(size=120))
    assert len(large.message) <= 100
    assert copy_failure(Failure("no", "")).kind == "Internal"
    assert copy_failure(Failure("no", details={"a": [1]})) == Failure("no", details={"a": [1]})
