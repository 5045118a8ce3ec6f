"""Dying at every commit of runs that continue as new ones while signals arrive: none is lost, none doubled."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.crash.chaining import FEWEST
from tests.crash.forking import ForkServer
from tests.crash.rig import ALL, SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.chaining"
DAILY = 2


def check(place: Path, crash_at: str, first: list[list[Any]]) -> None:
    """Every signal was received once and in order; the one that was under way when the node died perhaps twice."""
    sent = Counter(name for what, name, _ in first if what == "sent")
    for name, found in said(place, "result"):
        got = found["got"]
        assert got == sorted(got), f"{crash_at}: {name} {got}"
        assert set(got) == set(range(12)), f"{crash_at}: {name} {got}"
        twice = {number for number, times in Counter(got).items() if times > 1}
        assert twice <= {sent[name]}, f"{crash_at}: {name} {got}"
        assert found["runs"] == 4, f"{crash_at}: {name} {json.dumps(found)}"
    assert {name for name, _ in said(place, "result")} == {"lua", "py"}
    assert said(place, "fault") == [], crash_at
    assert said(place, "notice") == [], crash_at
    for name, chain in said(place, "chain"):
        assert chain == ["completed"] * 4, f"{crash_at}: {name} {chain}"


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_a_chain_survives_a_crash_at_every_commit(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY), check, fewest=FEWEST)
