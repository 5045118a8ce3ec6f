"""Dying at every commit of a store that keeps its values under a key and apart: results and effects are the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.crash.forking import ForkServer, fork_server
from tests.crash.test_every_commit import assert_survived, new_place, whole_life

DAILY = 3


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server("tests.crash.closed_living") as made:
        yield made


@pytest.mark.parametrize("share", ["slice", pytest.param("all", marks=pytest.mark.slow)])
def test_every_commit_of_closed_values_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str
) -> None:
    expected, commits = whole_life(server, new_place(tmp_path / "whole"))
    with closing(sqlite3.connect(tmp_path / "whole" / "data" / "runs.db")) as connection:
        assert connection.execute("SELECT count(*) FROM blob").fetchone()[0] > commits / 10, "values are kept apart"
        assert connection.execute("SELECT count(*) FROM blob WHERE substr(value, 1, 2) != x'ff01'").fetchone() == (0,)
    points = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == "slice":
        step = len(points) // DAILY
        points = points[Random(seed).randrange(step) :: step]
    died = [assert_survived(server, new_place(tmp_path / point.replace(":", "-")), point, expected) for point in points]
    assert sum(died) >= len(points) * 0.8
