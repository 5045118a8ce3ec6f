"""Dying at every commit of runs that are controlled from outside: each verb takes effect once, nothing is lost."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from actorflow.run.state import TRANSITIONS
from tests.crash.controlling import FEWEST, LANGUAGES
from tests.crash.forking import ForkServer
from tests.crash.rig import ALL, SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.controlling"
DAILY = 2
SALE = [
    *("created", "paused", "pending", "paused", "pending", "failed", "pending", "completed"),
    *("delete_requested", "data_deleted"),
]
TIDY = ["created", "cancelled"]


def check(place: Path, crash_at: str, _first: list[list[Any]]) -> None:
    """Each run went through the same states, with the same effects, once each."""
    for language in LANGUAGES:
        results = [detail for name, detail in said(place, "result") if name == f"sale-{language}"]
        assert all(result == [1, language, "in stock", 2] for result in results), crash_at
        for run, past in ((f"sale-{language}", SALE), (f"tidy-{language}", TIDY)):
            told = [detail for name, detail in said(place, "states") if name == run]
            assert told in ([past], [past] * 2), crash_at  # a life that died while it closed had told already
    wanted = {f"sale-{language} {name}" for language in LANGUAGES for name in ("take", "give")}
    wanted |= {f"tidy-{language} tidy" for language in LANGUAGES}
    effects = Counter(file.name.partition(" ")[2] for file in (place / "effects").iterdir())
    assert effects == dict.fromkeys(wanted, 1), crash_at
    assert said(place, "fault") == [], crash_at


def test_the_states_of_the_scenario_follow_the_table() -> None:
    for past in (SALE, ["created", "pending", "running", *TIDY[1:]]):
        steps = list(pairwise(past))
        flips = {"pending": ("running", "waiting"), "created": ("pending", "running")}
        assert all(
            new in TRANSITIONS[old] or any(new in TRANSITIONS[via] for via in flips.get(old, ())) for old, new in steps
        )


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_control_survives_a_crash_at_every_commit(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY), check, fewest=FEWEST)
