"""Dying at every commit of runs that continue as new ones while signals arrive: none is lost, none doubled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actorflow.store.crash import STATUS
from tests.crash.forking import ForkServer, fork_server
from tests.crash.living import read_report

DAILY = 3


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server("tests.crash.chaining") as made:
        yield made


def said(place: Path, what: str) -> list[tuple[str, Any]]:
    return [(name, detail) for kind, name, detail in read_report(place) if kind == what]


def life(server: ForkServer, place: Path, crash_at: str = "") -> int:
    (place / "effects").mkdir(parents=True, exist_ok=True)
    code = server.live(place, crash_at)
    error = place / "error.txt"
    assert code in {0, STATUS}, error.read_text() if error.exists() else code
    return code


def sent(place: Path) -> dict[str, list[int]]:
    return {name: [number for one, number in said(place, "sent") if one == name] for name in ("lua", "py")}


def check(place: Path, before: dict[str, list[int]], crash_at: str) -> None:
    """Every signal was received once and in order; the one that was under way when the node died perhaps twice."""
    for name, found in said(place, "result"):
        got = found["got"]
        assert got == sorted(got), f"{crash_at}: {name} {got}"
        assert set(got) == set(range(12)), f"{crash_at}: {name} {got}"
        twice = {number for number, times in Counter(got).items() if times > 1}
        assert twice <= {len(before[name])}, f"{crash_at}: {name} {got}"
        assert found["runs"] == 4, f"{crash_at}: {name} {json.dumps(found)}"
    assert {name for name, _ in said(place, "result")} == {"lua", "py"}
    assert said(place, "fault") == [], crash_at
    assert said(place, "notice") == [], crash_at
    for name, chain in said(place, "chain"):
        assert chain == ["completed"] * 4, f"{crash_at}: {name} {chain}"


@pytest.mark.parametrize("share", ["slice", pytest.param("all", marks=pytest.mark.slow)])
def test_a_chain_survives_a_crash_at_every_commit(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    whole = tmp_path / "whole"
    assert life(server, whole) == 0
    check(whole, sent(whole), "no crash")
    ((_, commits),) = said(whole, "end")
    points = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == "slice":
        step = max(1, len(points) // DAILY)
        points = points[Random(seed).randrange(step) :: step]
    died = 0
    for point in points:
        place = tmp_path / point.replace(":", "-")
        died += life(server, place, point) == STATUS
        before = sent(place)
        assert life(server, place) == 0
        check(place, before, point)
    assert died >= len(points) // 2, "the number of commits differs from life to life"
