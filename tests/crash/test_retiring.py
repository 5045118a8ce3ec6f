"""Dying at every commit of a node that removes ended runs and keeps large values apart: what goes is gone whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.crash.forking import ForkServer
from tests.crash.retiring import FEWEST, LANGUAGES, LARGE
from tests.crash.rig import SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.retiring"
DAILY = 2
SHARES = 4
TABLES = ("run", "journal", "state_history", "inbox", "blob", "timer", "call", "child", "attribute")
"""Tables with rows of runs."""


def check(place: Path, point: str, _first: list[list[Any]]) -> None:
    """Every run came to its result before it went; nothing is there of those that are gone, and all of the open ones."""
    still = sorted(f"open-{language}" for language in LANGUAGES)
    assert said(place, "left")[-1] == ("", {"open": still, "ended": []}), point
    results = dict(said(place, "result"))
    for language in LANGUAGES:
        assert results[f"asked-{language}"] == {"by": LARGE}, point
        assert results[f"parent-{language}"]["second"] == 11, point
    assert said(place, "fault") == [], point
    with closing(sqlite3.connect(place / "data" / "runs.db")) as connection:
        runs = {run for (run,) in connection.execute("SELECT run FROM run")}
        for table in TABLES:
            found = {run for (run,) in connection.execute(f"SELECT run FROM {table}")}  # noqa: S608 - a constant
            assert found <= runs, f"{point}: rows of {table} without their run"
        apart = connection.execute("SELECT count(DISTINCT run) FROM blob").fetchone()
        assert apart == (len(LANGUAGES),), f"{point}: large values of runs that stay"


@pytest.mark.parametrize("share", [SLICE, *(pytest.param(n, marks=pytest.mark.slow) for n in range(SHARES))])
def test_every_commit_of_a_removal_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str | int
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY, SHARES), check, fewest=FEWEST)
