from __future__ import annotations

import time
from typing import Any

import pytest

from actorflow.errors import INVALID
from actorflow.registry.fault import Fault, Suggester, closest, dotted, shown


def test_a_fault_reads_where_what_got_expected_did_you_mean() -> None:
    fault = Fault("entry", "a.yaml", 3, "lifecycle.restart", "3", "a map", "'x'", "app:a")
    assert str(fault) == "a.yaml:3  app:a lifecycle.restart  got 3, expected a map  did you mean 'x'?"
    assert str(Fault("file", "a.yaml", 0, "", "x", "y")) == "a.yaml  got x, expected y"
    assert fault.error().kind == INVALID
    assert fault.error().details == {"entry": "app:a", "file": "a.yaml", "line": 3, "path": "lifecycle.restart"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "a map"),
        ([1], "a list"),
        (None, "nothing"),
        (True, "true"),
        (3, "3"),
        ("x", "'x'"),
        ("x" * 1000, "'" + "x" * 59 + "…"),
    ],
)
def test_values_are_shown_short(value: Any, text: str) -> None:
    assert shown(value) == text


def test_paths_are_dotted() -> None:
    assert dotted(("a", 0, "b", "c")) == "a[0].b.c"


def test_only_a_close_name_is_suggested() -> None:
    assert closest("lifecyle", ["limits", "lifecycle"]) == "'lifecycle'"
    assert closest("xyz", ["limits", "lifecycle"]) == ""


def test_suggestions_are_bounded() -> None:
    suggester = Suggester([f"app:entry{n}" for n in range(10_000)])
    begun = time.monotonic()
    found = [suggester.closest(f"app:entri{n}x") for n in range(10_000)]
    assert found[0]
    assert found[-1] == ""
    assert time.monotonic() - begun < 30
    assert closest("a" * 1_000_000, ["a" * 1_000_000]) == ""
