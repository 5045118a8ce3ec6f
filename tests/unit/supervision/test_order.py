"""The order in which services start and stop, and who is blocked by whom."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.supervision.order import StartPlan, start_levels
from actorflow.supervision.spec import ServiceSpec


def plan(
    requires: dict[str, list[str]], references: dict[str, list[str]] | None = None, optional: str = ""
) -> StartPlan:
    specs = [
        ServiceSpec(name, requires=tuple(needed), startup="optional" if name in optional else "required")
        for name, needed in requires.items()
    ]
    return start_levels(specs, references or {})


def test_independent_services_start_in_one_level() -> None:
    assert plan({"b": [], "a": []}).levels == (("a", "b"),)


def test_what_is_needed_starts_before_and_stops_after() -> None:
    made = plan({"app": ["db", "cache"], "cache": ["db"], "db": [], "log": []})
    assert made.levels == (("db", "log"), ("cache",), ("app",))
    assert made.stop_levels() == (("app",), ("cache",), ("db", "log"))


def test_references_count_through_entries_that_are_not_services() -> None:
    made = plan({"app": [], "db": []}, {"app": ["f"], "f": ["g"], "g": ["f", "db"]})
    assert made.levels == (("db",), ("app",))
    assert made.needs["app"] == {"db"}


def test_requiring_an_entry_that_is_not_a_service_goes_through_it() -> None:
    assert plan({"app": ["f"], "db": []}, {"f": ["db"]}).levels == (("db",), ("app",))


def test_a_reference_to_nothing_is_ignored() -> None:
    made = plan({"app": []}, {"app": ["gone"]})
    assert (made.levels, made.blocked) == ((("app",),), {})


def test_a_missing_requirement_blocks_the_service_and_its_dependents_only() -> None:
    made = plan({"app": ["mid"], "mid": ["gone"], "other": []})
    assert made.levels == (("other",),)
    assert set(made.blocked) == {"app", "mid"}
    assert made.blocked["mid"].message == "service mid requires gone, which is not in the registry"
    assert made.blocked["app"].message == "service app needs mid, which may not start"
    assert made.blocked["mid"].retryable is False


def test_a_failed_service_blocks_only_its_subtree() -> None:
    made = plan({"app": ["mid"], "mid": ["db"], "db": [], "other": ["log"], "log": []})
    blocked = made.blocked_by("db")
    assert set(blocked) == {"app", "mid"}
    assert blocked["app"].message == "service app needs db, which did not start"
    assert made.blocked_by("app") == {}


def test_an_optional_service_blocks_nobody() -> None:
    made = plan({"app": ["cache"], "cache": ["db"], "db": []}, optional="cache")
    assert made.blocked_by("cache") == {}
    assert set(made.blocked_by("db")) == {"cache"}
    assert set(plan({"app": ["cache"], "cache": ["gone"]}, optional="cache").blocked) == {"cache"}


def test_a_circle_is_named_in_the_direction_of_need() -> None:
    with pytest.raises(Error, match="circle") as caught:
        plan({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
    circle = caught.value.details["cycle"] if caught.value.details else []
    assert " → ".join(circle) in caught.value.message
    assert circle[0] == circle[-1]
    assert set(circle) == {"a", "b", "c"}
    assert all(second == {"a": "b", "b": "c", "c": "a"}[first] for first, second in itertools.pairwise(circle))


def test_a_circle_through_other_entries_is_one_too() -> None:
    with pytest.raises(Error, match="circle"):
        plan({"a": [], "b": ["a"]}, {"a": ["f"], "f": ["b"]})


def test_requiring_itself_is_a_circle() -> None:
    with pytest.raises(Error, match="a → a"):
        plan({"a": ["a"]})


def test_the_closure_of_what_starts_by_itself() -> None:
    made = plan({"app": ["cache"], "cache": ["db"], "db": [], "other": ["db"]})
    assert made.closure(["app"]) == {"app", "cache", "db"}


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_every_service_comes_once_and_after_all_it_needs(drawn: list[list[int]]) -> None:
    requires = {f"s{n}": [f"s{m}" for m in needed if m < n] for n, needed in enumerate(drawn)}
    made = plan(requires)
    level_of = {name: number for number, level in enumerate(made.levels) for name in level}
    assert sorted(name for level in made.levels for name in level) == sorted(requires)
    for name, needed in requires.items():
        assert level_of[name] == max((level_of[other] + 1 for other in needed), default=0)
