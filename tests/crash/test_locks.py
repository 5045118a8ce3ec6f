"""Dying at every commit of runs that want several lock keys, any two of which share one: they never overlap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.crash.forking import ForkServer
from tests.crash.locking import FEWEST, RUNS
from tests.crash.rig import SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.locking"
DAILY = 3
SHARES = 4


def check(place: Path, crash_at: str, _first: list[list[Any]]) -> None:
    """All runs ended, in the order of their starts, and none did anything between two deeds of another."""
    assert dict(said(place, "result")) == dict.fromkeys(RUNS, "free"), crash_at
    assert said(place, "fault") == [], crash_at
    assert said(place, "notice") == [], crash_at
    deeds = [json.loads(line)["run"] for line in (place / "ledger.jsonl").read_text().splitlines()]
    turns = [run for number, run in enumerate(deeds) if not number or deeds[number - 1] != run]
    assert turns == list(RUNS), f"{crash_at}: {deeds}"


@pytest.mark.parametrize("share", [SLICE, *(pytest.param(share, marks=pytest.mark.slow) for share in range(SHARES))])
def test_runs_with_several_locks_survive_a_crash_at_every_commit(
    server: ForkServer, tmp_path: Path, seed: int, share: str | int
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY, SHARES), check, fewest=FEWEST)
