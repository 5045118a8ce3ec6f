"""Dying at every commit of parents that are cancelled while they wait for a child: each goes on when it was told to."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.run import event as events
from actorflow.store.dialect import Sqlite
from actorflow.store.read import SqlReader
from tests.crash.forking import ForkServer
from tests.crash.rig import SLICE, die_at_each, points, said, whole_life
from tests.crash.stopping import FEWEST, PARENTS

LIVES = "tests.crash.stopping"
DAILY = 1
SHARES = 4


def check(place: Path, point: str, _first: list[list[Any]]) -> None:
    """Every child came to what its parent's option says, was asked to stop at most once, and nothing was done twice."""
    results, attempts = dict(said(place, "result")), (place / "deeds").read_text().splitlines()
    deeds = [name.partition(" ")[2] for name in dict.fromkeys(attempts)]
    wanted = []
    for parent in PARENTS:
        left = parent.startswith("leave")
        assert results[parent] == "given up", f"{point}: {parent}"
        assert results[f"{parent}-child"] == ("went" if left else "Canceled"), f"{point}: {parent}"
        done = [deed.partition(" ")[2] for deed in deeds if deed.startswith(f"{parent} ")]
        if parent.startswith("wait"):
            assert done == ["begun", "cleaned", "after"], f"{point}: {parent}"
        wanted += [f"{parent} {what}" for what in ("begun", "after", *(() if left else ("cleaned",)))]
        asked = [event.kind for event in journal(place, f"{parent}-child")].count(events.CANCEL_REQUESTED)
        assert asked == (not left), f"{point}: {parent}"
    effects = Counter(file.name.partition(" ")[2] for file in (place / "effects").iterdir())
    assert effects == dict.fromkeys(wanted, 1), point
    assert said(place, "fault") + said(place, "notice") == [], point


def journal(place: Path, workflow_id: str) -> list[Any]:
    with closing(SqlReader(Sqlite(place / "data" / "runs.db"))) as reader:
        row = reader.find(workflow_id)
        assert row is not None
        return list(reader.journal(row.run, limit=100))


@pytest.mark.parametrize("share", [SLICE, *(pytest.param(number, marks=pytest.mark.slow) for number in range(SHARES))])
def test_every_commit_of_a_cancelled_wait_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str | int
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY, SHARES), check, fewest=FEWEST)
