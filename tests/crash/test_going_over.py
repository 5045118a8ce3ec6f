"""Dying at every commit of runs that are updated while they continue as new: each update is done and answered once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.crash.forking import ForkServer
from tests.crash.going_over import FEWEST, LANGUAGES, NUMBERS
from tests.crash.rig import die_at_each, points, said, whole_life

LIVES = "tests.crash.going_over"
SHARES = 4
TURNS = 3


def check(place: Path, point: str, _first: list[list[Any]]) -> None:
    """Every number was added once, in order, and every asker of an update heard the same, in whichever life."""
    answers = said(place, "answer")
    for language in LANGUAGES:
        run = f"over-{language}"
        expected = {f"{run}/{number}": [number // TURNS + 1, number] for number in range(NUMBERS)}
        expected |= {f"{run}/slow": ["Conflict", True], f"{run}/later": TURNS}
        heard = [(name, answer) for name, answer in answers if name.startswith(run)]
        assert [(name, answer) for name, answer in heard if answer != expected[name]] == [], point
        assert {name for name, _ in heard} == set(expected), point
        assert dict(said(place, "result"))[run] == {"added": list(range(NUMBERS)), "turn": TURNS}, point
        assert dict(said(place, "chain"))[run] == ["completed"] * TURNS, point
    effects = Counter(file.name.partition(" ")[2] for file in (place / "effects").iterdir())
    assert sorted(effects.values()) == [1] * NUMBERS * len(LANGUAGES), f"{point}: {effects}"
    assert said(place, "fault") + said(place, "notice") == [], point


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_every_commit_of_updates_that_go_over_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: int
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, 0, SHARES), check, fewest=FEWEST)
