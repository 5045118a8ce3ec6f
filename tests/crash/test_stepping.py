"""Dying at every commit of a run that is alone, so that its commits are made in the node's own thread."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.crash.forking import ForkServer
from tests.crash.rig import ALL, SLICE, die_at_each, points, said, whole_life
from tests.crash.stepping import ENTRIES, FEWEST, STEPS

LIVES = "tests.crash.stepping"
DAILY = 1


def check(place: Path, crash_at: str, _first: list[list[Any]]) -> None:
    """Each run took all its steps, in order; one that a life ended in may have been taken twice."""
    assert dict(said(place, "result")) == dict.fromkeys(ENTRIES, STEPS), crash_at
    assert said(place, "fault") == [], crash_at
    again = 0
    for entry in ENTRIES:
        taken = [int(number) for number in (place / f"{entry[4:]}.txt").read_text().split()]
        assert sorted(set(taken)) == list(range(STEPS)), crash_at
        assert all(later - number in {0, 1} for number, later in pairwise(taken)), f"{crash_at}: {taken}"
        again += len(taken) - STEPS
    assert again <= (crash_at != ""), crash_at


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_steps_committed_in_the_nodes_thread_survive_a_crash_at_every_commit(
    server: ForkServer, tmp_path: Path, seed: int, share: str
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    here = {number for _kind, number in said(tmp_path / "whole", "here")}
    assert len(here) > STEPS, "most commits of a run that is alone are made there"
    places = [point for point in points(commits, seed, ALL, DAILY) if int(point.partition(":")[0]) in here]
    if share == SLICE:
        places = places[seed % (len(places) // DAILY) :: len(places) // DAILY]
    die_at_each(server, tmp_path, places, check, fewest=FEWEST)
