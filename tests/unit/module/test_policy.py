"""Policies as pure functions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.module.policy import Condition, Effect, Policy, Question, evaluate, is_like

ASKED = Question({"id": "u", "meta": {"level": 3}}, "a.b", "r:1", {"owner": "u"})


def policy(effect: Effect, actions: str = "*", resources: str = "*", *conditions: Condition) -> Policy:
    return Policy((actions,), (resources,), effect, conditions)


def test_one_that_denies_wins_and_nothing_is_undefined() -> None:
    assert evaluate([], ASKED) == "undefined"
    assert evaluate([policy("allow", "x")], ASKED) == "undefined"
    assert evaluate([policy("allow")], ASKED) == "allow"
    assert evaluate([policy("allow"), policy("deny"), policy("allow")], ASKED) == "deny"
    assert evaluate([policy("allow"), policy("deny", "x")], ASKED) == "allow"


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.*", True),
        ("a.b", "*", True),
        ("", "*", True),
        ("a.b", "a", False),
        ("a", "a.*", False),
        ("aa", "a*a", True),
        ("a", "a*a", False),
        ("a.b.c", "*.b.*", True),
        ("abcabc", "*b*b*", True),
        ("abc", "*b*b*", False),
        ("a.b", "[a].b", False),
        ("x\ny", "x*y", True),
    ],
)
def test_a_star_stands_for_any_text(text: str, pattern: str, fits: bool) -> None:  # noqa: FBT001
    assert is_like(text, pattern) is fits


@given(st.lists(st.text(alphabet="ab*", max_size=4), max_size=6), st.text(alphabet="ab", max_size=8))
def test_patterns_agree_with_regular_expressions(parts: list[str], text: str) -> None:
    import re  # noqa: PLC0415

    pattern = "".join(parts)
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert is_like(text, pattern) is (re.fullmatch(expression, text, re.DOTALL) is not None)


def test_a_hostile_text_costs_linear_time() -> None:
    began = time.thread_time()
    assert not is_like("a" * 100_000, "*a" * 20 + "*b")
    asked = Question({"id": "a" * 100_000 + "!", "meta": {}}, "a", "r", {})
    assert not Condition("actor.id", "matches", "^(a+)+$").holds(asked)
    assert time.thread_time() - began < 20


def test_conditions_compare_only_what_can_be_compared() -> None:
    def holds(operator: str, value: object, path: str = "actor.meta.level") -> bool:
        return Condition(path, operator, value).holds(ASKED)

    assert holds("eq", 3)
    assert holds("eq", 3.0)
    assert not holds("eq", True)  # noqa: FBT003 - the value is the test
    assert not Condition("actor.meta.level", "lt", "4").holds(ASKED)
    assert holds("lt", 4)
    assert not holds("in", "123")
    assert not holds("matches", "3")
    assert Condition("meta.owner", "eq", None, "actor.id").holds(ASKED)
    assert not Condition("meta.other", "eq", None, "actor.meta.other").holds(ASKED)
    assert not Condition("meta.owner", "matches", None, "meta.none").holds(ASKED)
    assert not Condition("meta.owner", "matches", "(").holds(ASKED)
