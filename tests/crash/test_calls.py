"""Dying at every commit of calls that are retried, tell how far they are, time out, are unknown, or are transactions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.crash.calling import ENTRIES, FEWEST
from tests.crash.forking import ForkServer
from tests.crash.living import read_report
from tests.crash.rig import ALL, SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.calling"
DAILY = 2
RESULT = {"flaky": "ok", "beaten": {"rows": 7}, "booked": 1, "asked": "done", "closed": "Timeout"}


def results(place: Path) -> dict[str, Any]:
    return {name: detail for what, name, detail in read_report(place) if what == "result"}


def check(place: Path, crash_at: str, _first: list[list[Any]]) -> None:
    """See that every run has the result of one that nothing happened to, and booked once."""
    found = results(place)
    assert set(found) == set(ENTRIES), crash_at
    for result in found.values():
        assert result.pop("failed") in {"done", "Unknown"}, crash_at
        assert result == RESULT, crash_at
    assert said(place, "fault") == [], crash_at
    with closing(sqlite3.connect(place / "data" / "runs.db")) as connection:
        booked = connection.execute("SELECT run, count(*) FROM booking GROUP BY run ORDER BY run").fetchall()
        assert booked == [(entry, 1) for entry in sorted(ENTRIES)], f"{crash_at}: a booking has no key and happens once"
        assert connection.execute("SELECT count(*) FROM call").fetchone() == (0,), crash_at


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_every_commit_of_a_call_may_be_the_last(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY), check, fewest=FEWEST)
