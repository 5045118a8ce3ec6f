"""Dying at every commit of runs that are signalled, queried, updated, approved, and that wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actorflow.store.crash import STATUS
from tests.crash.forking import ForkServer, fork_server
from tests.crash.living import read_report

DAILY = 3
ORDER = {"by": "ann", "complete": True, "data": 7, "seen": [1, 2, 3], "total": 3}


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server("tests.crash.asking") as made:
        yield made


def results(place: Path) -> dict[str, Any]:
    """Return what the lives in a place have seen, which must not have changed from life to life."""
    seen: dict[str, Any] = {}
    for what, name, detail in read_report(place):
        if what == "result":
            assert seen.setdefault(name, detail) == detail, f"{name} was {seen[name]} and is {detail}"
    return seen


def error_of(place: Path) -> str:
    error = place / "error.txt"
    return (error.read_text() if error.exists() else "") + "\n".join(map(str, read_report(place)))


def whole(server: ForkServer, place: Path) -> int:
    """Live to the end, and return the number of commits."""
    place.mkdir(exist_ok=True)
    assert server.live(place) == 0, error_of(place)
    assert [line for line in read_report(place) if line[0] in {"fault", "notice"}] == []
    found = results(place)
    for language in ("py", "lua"):
        assert found[f"order-{language}"] == ORDER, error_of(place)
        assert found[f"watcher-{language}"] == "completed"
        assert [found[f"order-{language}/{name}"] for name in ("first", "second", "query")] == [1, 3, 3]
        assert found[f"order-{language}/by"] == ["ann"]
    return int(next(line[2] for line in reversed(read_report(place)) if line[0] == "end"))


@pytest.mark.parametrize("share", ["slice", pytest.param("all", marks=pytest.mark.slow)])
def test_every_commit_of_what_is_asked_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str
) -> None:
    commits = whole(server, tmp_path / "whole")
    points = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == "slice":
        step = max(len(points) // DAILY, 1)
        points = points[Random(seed).randrange(step) :: step]
    died = 0
    for point in points:
        place = tmp_path / point.replace(":", "-")
        place.mkdir()
        code = server.live(place, point)
        assert code in {0, STATUS}, f"{point}: {error_of(place)}"
        died += code == STATUS
        whole(server, place)
    assert died >= len(points) // 2, "the number of commits differs from life to life"
