"""Dying at every commit of calls that are retried, tell how far they are, time out, are unknown, or are transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actorflow.store.crash import STATUS
from tests.crash.calling import ENTRIES
from tests.crash.forking import ForkServer, fork_server
from tests.crash.living import read_report
from tests.crash.test_every_commit import error_of, said

DAILY = 3
RESULT = {"flaky": "ok", "beaten": {"rows": 7}, "booked": 1, "asked": "done", "closed": "Timeout"}


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server("tests.crash.calling") as made:
        yield made


def new_place(path: Path) -> Path:
    path.mkdir()
    return path


def results(place: Path) -> dict[str, Any]:
    return {name: detail for what, name, detail in read_report(place) if what == "result"}


def assert_right(place: Path, crash_at: str) -> None:
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


@pytest.mark.parametrize("share", ["slice", pytest.param("all", marks=pytest.mark.slow)])
def test_every_commit_of_a_call_may_be_the_last(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    whole = new_place(tmp_path / "whole")
    assert server.live(whole) == 0, error_of(whole)
    assert_right(whole, "no crash")
    ((_, commits),) = said(whole, "end")
    points = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == "slice":
        step = len(points) // DAILY
        points = points[Random(seed).randrange(step) :: step]
    died = 0
    for point in points:
        place = new_place(tmp_path / point.replace(":", "-"))
        code = server.live(place, point)
        assert code in {0, STATUS}, error_of(place)
        died += code == STATUS
        if code == STATUS:
            assert server.live(place) == 0, f"{point}: {error_of(place)}"
        assert_right(place, point)
    assert died >= len(points) // 2, "the number of commits differs from life to life"
