"""Dying at every commit of a parent with a child of each close policy, watched by an actor that is linked to them all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.crash.family import FEWEST
from tests.crash.forking import ForkServer
from tests.crash.living import pid_of
from tests.crash.rig import SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.family"
DAILY = 2
SHARES = 4
CHILDREN = {"terminate": "workflow terminated", "request_cancel": "cleaned", "abandon": "told", "brief": "brief"}


def check(place: Path, point: str, _first: list[list[Any]]) -> None:
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


@pytest.mark.parametrize("share", [SLICE, *(pytest.param(n, marks=pytest.mark.slow) for n in range(SHARES))])
def test_every_commit_may_be_the_last(server: ForkServer, tmp_path: Path, seed: int, share: str | int) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY, SHARES), check, fewest=FEWEST)
