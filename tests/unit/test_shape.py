"""Maps that are copied by the shape of an earlier one are what the careful copy makes of them."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actorflow.shape import Shapes, shape_of
from actorflow.value import INT_MAX, INT_MIN, UNUSUAL, Limits, copy_quickly, copy_value


class Word(StrEnum):
    """A key that looks like a text and is none."""

    A = "a"


KEY: Any = st.one_of(st.sampled_from(["a", "b", "aa", "é"]), st.just(Word.A), st.integers(0, 1))
ITEM: Any = st.one_of(
    st.integers(INT_MIN - 1, INT_MIN + 1),
    st.integers(INT_MAX - 1, INT_MAX + 1),
    st.integers(-2, 2),
    st.sampled_from(["", "text", "é", "\ud800", Word.A, None, True, 0.5, b"raw", [1], {}]),
)
MAP: Any = st.dictionaries(KEY, ITEM, max_size=4)


def copy_after(known: list[Any], value: Any, size: int = 4 << 20) -> Any:
    """Return what is made of a map by the copy for a topic with which these were sent before."""
    shapes = Shapes()
    for before in [*known, known[-1]]:
        shapes.learn("topic", before)
    return shapes.copies["topic"](value, size)


def is_plain(value: Any) -> bool:
    return copy_quickly(value) is not UNUSUAL


@example([{"b": 1}, {"b": None}], {"b": "x" * 50}, 1100)
@example([{"b": 1, "a": "x"}], {"b": 2**63, "a": "x"}, 4 << 20)
@example([{"b": 1, "a": "x"}], {"b": 2, "a": Word.A}, 4 << 20)
@example([{"b": 1, "a": "x"}], {"b": 2, Word.A: "x"}, 4 << 20)
@settings(max_examples=40)  # each compiles
@given(st.lists(MAP.filter(is_plain), min_size=1, max_size=3), MAP, st.sampled_from([100, 1030, 1100, 4 << 20]))
def test_a_map_of_a_known_shape_is_copied_as_any_other(known: list[Any], value: Any, size: int) -> None:
    copied = copy_after(known, value, size)
    if copied is None:
        return
    expected = copy_value(value, Limits(size=size))
    assert copied == expected
    assert copied is not value
    assert list(copied) == list(expected)
    assert [type(part) for pair in copied.items() for part in pair] == [
        type(part) for pair in expected.items() for part in pair
    ]


@pytest.mark.parametrize("value", [{"id": 7, "to": "alice", "text": "hello"}, {"text": "hello", "to": 0.5, "id": None}])
def test_the_next_map_of_a_shape_is_copied(value: dict[str, Any]) -> None:
    copied = copy_after([value], {"".join(key): item for key, item in value.items()})  # keys that are not the same
    assert copied == value
    assert list(copied) == ["id", "to", "text"]


def test_values_of_several_kinds_are_copied_once_that_is_known() -> None:
    assert copy_after([{"a": 1, "b": 1}], {"a": 1, "b": "text"}) is None
    for item in (2, "text", None, 0.5, True):
        assert copy_after([{"a": 1, "b": 1}, {"a": 1, "b": "text"}], {"a": 1, "b": item}) == {"a": 1, "b": item}
    assert copy_after([{"a": 1, "b": 1}, {"a": 1, "b": "text"}], {"a": "text", "b": 1}) is None


class Key:
    """A key that no code of the copy may look at."""

    def __init__(self, name: str) -> None:
        self.hash = hash(name)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, _other: object) -> bool:
        raise AssertionError


class Meta(type):
    """A type whose types no code of the copy may look at."""

    def __hash__(cls) -> int:
        raise AssertionError

    def __eq__(cls, _other: object) -> bool:
        raise AssertionError


class Item(metaclass=Meta):
    pass


def test_no_code_of_a_script_is_run() -> None:
    known: list[Any] = [{"id": 1, "to": "x"}, {"id": "x", "to": 1}, {"id": None, "to": 0.5}]
    for before in ([known[0]], [known[2]], known):
        for value in ({Key("id"): 1, "to": "x"}, {"id": 1, Key("to"): "x"}, {"id": Item(), "to": 1}):
            assert copy_after(before, value) is None
            assert copy_quickly(value) is UNUSUAL


def test_a_copy_is_as_small_as_the_map() -> None:
    value: dict[str, Any] = {f"{number:05}": number for number in range(50_000)}
    while len(value) > 3:
        value.popitem()
    assert sys.getsizeof(value) > 1_000_000
    assert sys.getsizeof(copy_after([value], value)) < 1000
    assert sys.getsizeof(copy_quickly(value)) < 1000
    assert sys.getsizeof(copy_quickly({**value, "list": []})) < 1000


def test_what_is_no_small_map_of_scalars_with_text_keys_has_no_shape() -> None:
    assert shape_of([1]) == shape_of({1: 2}) == shape_of({"é": 1}) == shape_of({str(n): n for n in range(17)}) == {}
    assert shape_of({"k" * 300: 1}) == shape_of({"k": []}) == shape_of({"k": b"raw"}) == {}


def test_a_few_short_topics_are_remembered_and_the_last_shape_of_each() -> None:
    shapes = Shapes()
    for number in range(2000):
        shapes.learn(f"topic {number}", {"id": number})
    shapes.learn("x" * 300, {"id": 1})
    assert 0 < len(shapes.copies) <= 256
    assert all(len(topic) < 300 for topic in shapes.copies)
    shapes.learn("topic 1999", 7)
    assert shapes.copies["topic 1999"]({"id": 2}, 4 << 20) is None, "it came but once"
    shapes.learn("topic 1999", {"id": 1})
    assert shapes.copies["topic 1999"]({"id": 2}, 4 << 20) == {"id": 2}
    shapes.learn("topic 1999", {"to": 2, "id": 1})
    shapes.learn("topic 1999", {"to": 2, "id": 1})
    assert shapes.copies["topic 1999"]({"to": 2, "id": 1}, 4 << 20) == {"to": 2, "id": 1}
    assert shapes.copies["topic 1999"]({"id": 2}, 4 << 20) is None


def test_a_host_compiles_for_so_many_shapes_only() -> None:
    shapes = Shapes()
    copied = []
    for number in range(70):
        value = {f"k{place}": "x" if number >> place & 1 else 1 for place in range(7)}
        for _ in range(2):
            shapes.learn(f"topic {number}", value)
        copied.append(shapes.copies[f"topic {number}"](value, 4 << 20) == value)
    assert copied == [True] * 64 + [False] * 6
    for _ in range(2):
        shapes.learn("late", {**value, "k0": 1, "k1": 1, "k2": 1, "k6": 1})
    assert shapes.copies["late"](value, 4 << 20) is None
    assert shapes.copies["topic 0"](dict.fromkeys(value, 1), 4 << 20) == dict.fromkeys(value, 1)
