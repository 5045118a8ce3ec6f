"""Maps that are copied by the shape of an earlier one are what the careful copy makes of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.shape import copy_alike, learn, shape_of
from actorflow.value import INT_MAX, INT_MIN, Limits, copy_value


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


@given(MAP, MAP, st.sampled_from([100, 1100, 4 << 20]))
def test_a_map_of_a_known_shape_is_copied_as_any_other(known: Any, value: Any, size: int) -> None:
    try:
        shape = shape_of(copy_value(known))
    except Error:
        shape = {}
    copied = copy_alike(value, shape, size)
    if copied is None:
        return
    expected = copy_value(value, Limits(size=size))
    assert copied == expected
    assert copied is not value
    assert list(copied) == list(expected)
    assert [type(part) for pair in copied.items() for part in pair] == [
        type(part) for pair in expected.items() for part in pair
    ]


def test_the_keys_come_in_the_order_of_the_codec() -> None:
    shape = shape_of(copy_value({"text": 1, "id": 2, "to": 3}))
    copied = copy_alike({"to": "x", "text": -(2**63), "id": None}, shape, 4 << 20)
    assert list(copied or ()) == ["id", "to", "text"]


def test_what_is_no_small_map_of_text_keys_has_no_shape() -> None:
    assert shape_of([1]) == shape_of({1: 2}) == shape_of({"é": 1}) == shape_of({str(n): n for n in range(17)}) == {}
    assert shape_of({"k" * 300: 1}) == {}


def test_a_few_short_topics_are_remembered_and_the_last_shape_of_each() -> None:
    shapes: dict[str, Any] = {}
    for number in range(2000):
        learn(shapes, f"topic {number}", {"id": number})
    learn(shapes, "x" * 300, {"id": 1})
    assert 0 < len(shapes) <= 256
    assert all(len(topic) < 300 for topic in shapes)
    learn(shapes, "topic 1999", 7)
    assert list(shapes["topic 1999"]) == ["id"]
    learn(shapes, "topic 1999", {"id": 1, "to": 2})
    assert list(shapes["topic 1999"]) == ["id", "to"]
