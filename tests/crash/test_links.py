"""Dying at every commit of chains of runs and of starts with messages: each link is there once, and none is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.crash.forking import ForkServer
from tests.crash.linking import FEWEST, LANGUAGES, LINKS, TIMES
from tests.crash.rig import SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.linking"
DAILY = 1
SHARES = 6
"""So many parts the whole is tested in: each fits into the time of one test."""


def check(place: Path, crash_at: str, _first: list[list[Any]]) -> None:
    links = dict(said(place, "links"))
    effects = Counter(path.name.partition(" ")[2] for path in (place / "effects").iterdir())
    assert set(effects.values()) == {1}, f"{crash_at}: an effect of a link happened twice"
    assert said(place, "fault") == [], crash_at
    results = dict(said(place, "result"))
    for language in LANGUAGES:
        shaky, cron, mail = (links[f"{name}-{language}"] for name in ("shaky", "cron", "mail"))
        for chain in (shaky, cron):
            before = [None, *(link["run_id"] for link in chain)]
            assert [link["previous"] for link in chain] == before[:-1], f"{crash_at}: {chain}"
        assert [(link["state"], link["attempt"]) for link in shaky] == [
            *(("failed", attempt + 1) for attempt in range(TIMES)),
            ("completed", TIMES + 1),
        ], crash_at
        states = [link["state"] for link in cron]
        assert states == ["completed"] * (len(cron) - 1) + ["cancelled"], f"{crash_at}: {states}"
        assert len(cron) > LINKS, crash_at
        assert effects.keys() >= {link["run_id"] for link in (*shaky, *cron[:-1])}, crash_at
        assert [link["state"] for link in mail] == ["completed"], crash_at
        assert results[f"mail-{language}"] == [1, 2, 3], crash_at
        assert results[f"shaky-{language}"] == TIMES + 1, crash_at


@pytest.mark.parametrize("share", [SLICE, *(pytest.param(number, marks=pytest.mark.slow) for number in range(SHARES))])
def test_no_link_is_lost_or_doubled_whichever_commit_is_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: str | int
) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY, SHARES), check, fewest=FEWEST)
