"""Dying at every commit of runs that are signalled, queried, updated, approved, and that wait for each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.crash.asking import FEWEST
from tests.crash.forking import ForkServer
from tests.crash.living import read_report
from tests.crash.rig import ALL, SLICE, die_at_each, error_of, points, said, whole_life

LIVES = "tests.crash.asking"
DAILY = 3
ORDER = {"by": "ann", "complete": True, "data": 7, "seen": [1, 2, 3], "total": 3}


def results(place: Path) -> dict[str, Any]:
    """Return what the lives in a place have seen, which must not have changed from life to life."""
    seen: dict[str, Any] = {}
    for what, name, detail in read_report(place):
        if what == "result":
            assert seen.setdefault(name, detail) == detail, f"{name} was {seen[name]} and is {detail}"
    return seen


def check(place: Path, point: str, _first: list[list[Any]]) -> None:
    """See that everything was asked and answered as it is without a crash."""
    assert said(place, "fault") + said(place, "notice") == [], point
    found = results(place)
    for language in ("py", "lua"):
        assert found[f"order-{language}"] == ORDER, error_of(place)
        assert found[f"watcher-{language}"] == "completed"
        assert [found[f"order-{language}/{name}"] for name in ("first", "second", "query")] == [1, 3, 3]
        assert found[f"order-{language}/by"] == ["ann"]


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_every_commit_of_what_is_asked_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY), check, fewest=FEWEST)
