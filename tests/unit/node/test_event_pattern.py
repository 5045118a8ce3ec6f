"""Patterns of events: by example, and against a matcher that tries everything."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import INVALID, Error
from actorflow.node.event_pattern import EventPattern

SEGMENT = st.sampled_from(["a", "b", "*", "**"])
PATTERNS = st.lists(SEGMENT, min_size=1, max_size=5)
NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6)


def fits(pattern: list[str], name: list[str]) -> bool:
    """What the rules say, without any cleverness."""
    if not pattern:
        return not name
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        return any(fits(rest, name[taken:]) for taken in range(len(name) + 1))
    return bool(name) and head in {"*", name[0]} and fits(rest, name[1:])


@given(PATTERNS, NAMES)
def test_a_pattern_fits_what_the_rules_say(pattern: list[str], name: list[str]) -> None:
    assert EventPattern(".".join(pattern)).matches(".".join(name)) is fits(pattern, name)


@given(st.lists(st.lists(SEGMENT, min_size=1, max_size=3), min_size=1, max_size=3), NAMES)
def test_alternatives_fit_what_any_of_them_fits(options: list[list[str]], name: list[str]) -> None:
    text = "(" + "|".join(".".join(option) for option in options) + ")"
    assert EventPattern(f"{text}.c").matches(".".join(name)) is any(fits([*option, "c"], name) for option in options)


def test_nested_alternatives_and_parts_of_segments() -> None:
    pattern = EventPattern("order.(paid|(un|re)sent)")
    names = ["order.paid", "order.unsent", "order.resent", "order.sent", "order"]
    assert [pattern.matches(name) for name in names] == [True, True, True, False, False]


@pytest.mark.parametrize("text", ["", "(a", "a)", "a|b", "a*", "*a.b", "***", "(a|b*)", None, 7, "a" * 2000])
def test_what_is_no_pattern_is_refused(text: object) -> None:
    with pytest.raises(Error, match="event pattern") as raised:
        EventPattern(text)  # type: ignore[arg-type]
    assert raised.value.kind == INVALID


def test_alternatives_are_bounded() -> None:
    with pytest.raises(Error, match="more than 64 combinations"):
        EventPattern(".".join(["(a|b)"] * 100))


def test_hostile_patterns_take_no_time() -> None:
    pattern, name = EventPattern(".".join(["**", "a"] * 200)), ".".join(["a"] * 2000 + ["b"])
    assert not pattern.matches(name)
    assert list(itertools.islice(filter(pattern.matches, [".".join(["a"] * 200)]), 1))
