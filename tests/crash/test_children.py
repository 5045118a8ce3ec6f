"""Dying at every commit of a parent with a child of each close policy, watched by an actor that is linked to them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actorflow.store.crash import STATUS
from tests.crash.forking import ForkServer, fork_server
from tests.crash.living import pid_of, read_report

DAILY = 2
SHARES = 4
CHILDREN = {"terminate": "workflow terminated", "request_cancel": "cleaned", "abandon": "told", "brief": "brief"}


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server("tests.crash.family") as made:
        yield made


def said(place: Path, what: str) -> list[tuple[str, Any]]:
    return [(name, detail) for kind, name, detail in read_report(place) if kind == what]


def life(server: ForkServer, place: Path, crash_at: str = "") -> int:
    (place / "effects").mkdir(parents=True, exist_ok=True)
    code = server.live(place, crash_at)
    error = place / "error.txt"
    assert code in {0, STATUS}, error.read_text() if error.exists() else code
    return code


def check(place: Path, point: str) -> None:
    """Each parent has heard of its brief child once, each child has come to what its policy says, the actor has heard all."""
    results = dict(said(place, "result"))
    for parent in ("family-lua", "family-py"):
        assert results[parent] == ["brief", "brief"], point
        for name, expected in CHILDREN.items():
            assert results[f"{parent}-{name}"] == expected, f"{point}: {name}"
        heard = Counter(tuple(event) for event in dict(said(place, "heard"))[parent])
        ends = {pid_of(parent): "well", **{pid_of(f"{parent}-{name}"): _end(name) for name in CHILDREN}}
        assert set(heard) == {(pid, kind, end) for pid, end in ends.items() for kind in _kinds(end)}, point
        for (_, _, end), times in heard.items():
            assert times <= (2 if end == "well" else 1), f"{point}: {heard}"  # one for the monitor, one for the link
    assert len(list((place / "effects").iterdir())) == 2, point
    assert said(place, "fault") == [], point
    assert said(place, "notice") == [], point


def _end(name: str) -> str:
    return "failed" if name == "terminate" else "well"


def _kinds(end: str) -> tuple[str, ...]:
    return ("EXIT",) if end == "well" else ("EXIT", "LINK_DOWN")


@pytest.mark.parametrize("share", ["slice", *(pytest.param(n, marks=pytest.mark.slow) for n in range(SHARES))])
def test_every_commit_may_be_the_last(server: ForkServer, tmp_path: Path, seed: int, share: str | int) -> None:
    whole = tmp_path / "whole"
    assert life(server, whole) == 0
    check(whole, "no crash")
    ((_, commits),) = said(whole, "lived")
    points = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == "slice":
        step = max(1, len(points) // DAILY)
        points = points[Random(seed).randrange(step) :: step]
    else:
        points = points[int(share) :: SHARES]
    died = 0
    for point in points:
        place = tmp_path / point.replace(":", "-")
        died += life(server, place, point) == STATUS
        assert life(server, place) == 0
        check(place, point)
    assert died >= len(points) // 2, "the number of commits differs from life to life"
