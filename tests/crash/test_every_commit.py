"""Dying at every commit: whatever was on disk by then, the next life ends every run as if nothing had happened."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.crash.forking import ForkServer
from tests.crash.living import FEWEST, flows, read_report
from tests.crash.rig import ALL, SLICE, Check, die_at_each, life, points, said

LIVES = "tests.crash.living"
DAILY = 2


class Seen(NamedTuple):
    """What a place shows after its lives: no journal was asked."""

    results: dict[str, Any]
    effects: Counter[str]
    attempts: dict[str, list[int]]
    names: dict[str, str]


def seen(place: Path) -> Seen:
    """Read the report, the ledger and the effects."""
    results = {name: detail for what, name, detail in read_report(place) if what == "result"}
    effects = Counter(file.name.partition(" ")[2] for file in (place / "effects").iterdir())
    attempts: dict[str, list[int]] = {}
    names = {}
    for line in (place / "ledger.jsonl").read_text().splitlines():
        entry = json.loads(line)
        attempts.setdefault(entry["invocation"], []).append(entry["attempt"])
        names[entry["invocation"]] = f"{entry['run']}/{entry['name']}"
    return Seen(results, effects, attempts, names)


def checking(expected: Seen) -> Check:
    """Return what checks that a place has seen the same as one that nothing happened to."""

    def check(place: Path, crash_at: str, first: list[list[Any]]) -> None:
        started = {name for what, name, _ in first if what == "start"}
        assert started <= {name for name, _ in said(place, "known")}, f"{crash_at}: an acknowledged start is lost"
        assert said(place, "fault") + said(place, "notice") == [], crash_at
        assert_same(seen(place), expected, crash_at)

    return check


def expected_life(server: ForkServer, place: Path) -> tuple[Seen, int]:
    """Live without a crash; return what was seen, and the number of commits."""
    assert life(server, place) == 0
    assert said(place, "fault") == []
    return seen(place), said(place, "commits")[0][1]


def assert_same(found: Seen, expected: Seen, crash_at: str) -> None:
    assert found.results == expected.results, crash_at
    assert found.effects == expected.effects, f"{crash_at}: effects happen exactly once"
    assert Counter(found.names.values()) == Counter(expected.names.values()), f"{crash_at}: other calls were made"
    for invocation, attempts in found.attempts.items():
        name = found.names[invocation]
        failing = name.endswith("/shake")
        assert set(attempts) == ({1, 2} if failing else {1}), f"{crash_at}: {name} {attempts}"
        assert len(attempts) <= 2 + failing, f"{crash_at}: {name} was attempted {attempts}"


def test_a_life_without_a_crash(server: ForkServer, tmp_path: Path) -> None:
    found, commits = expected_life(server, tmp_path)
    assert set(found.results) == {flow.id for flow in flows()}
    assert found.results["work-lua"] == {"both": [1, 2], "refused": "not for sale", "same": True}
    for name in {flow.id.rpartition("-")[0] for flow in flows()} - {"pong", "ping"}:
        assert found.results[f"{name}-py"] == found.results[f"{name}-lua"], "the twins differ"
    assert set(found.effects.values()) == {1}
    assert_same(found, found, "no crash")
    assert commits > DAILY


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_every_commit_may_be_the_last(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    expected, commits = expected_life(server, tmp_path / "whole")
    die_at_each(server, tmp_path, points(commits, seed, share, DAILY), checking(expected), fewest=FEWEST)
