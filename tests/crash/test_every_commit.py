"""Dying at every commit: whatever was on disk by then, the next life ends every run as if nothing had happened."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from actorflow.store.crash import STATUS
from tests.crash.forking import ForkServer, fork_server
from tests.crash.living import flows, read_report

DAILY = 4


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with fork_server() as made:
        yield made


class Seen(NamedTuple):
    """What a place shows after its lives: no journal was asked."""

    results: dict[str, Any]
    effects: Counter[str]
    attempts: dict[str, list[int]]
    names: dict[str, str]


def new_place(path: Path) -> Path:
    (path / "effects").mkdir(parents=True)
    return path


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


def said(place: Path, what: str) -> list[tuple[str, Any]]:
    return [(name, detail) for kind, name, detail in read_report(place) if kind == what]


def whole_life(server: ForkServer, place: Path) -> tuple[Seen, int]:
    """Live without a crash; return what was seen, and the number of commits."""
    assert server.live(place) == 0, error_of(place)
    assert said(place, "fault") == []
    ((_, commits),) = said(place, "end")
    return seen(place), commits


def error_of(place: Path) -> str:
    error = place / "error.txt"
    return (error.read_text() if error.exists() else "") + "\n".join(map(str, read_report(place)))


def assert_survived(server: ForkServer, place: Path, crash_at: str, expected: Seen) -> bool:
    """Die at a commit, live again, and check everything; False if the first life ended before that commit."""
    code = server.live(place, crash_at)
    if code == 0:  # how many starts share a commit differs from life to life
        ((_, commits),) = said(place, "end")
        assert commits < int(crash_at.partition(":")[0])
        return False
    assert code == STATUS, error_of(place)
    started = {name for name, _ in said(place, "start")}
    assert server.live(place) == 0, f"{crash_at}: {error_of(place)}"
    assert started <= {name for name, _ in said(place, "known")}, f"{crash_at}: an acknowledged start is lost"
    assert said(place, "fault") == [], crash_at
    assert said(place, "notice") == [], crash_at
    assert_same(seen(place), expected, crash_at)
    return True


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
    found, commits = whole_life(server, new_place(tmp_path))
    assert set(found.results) == {flow.id for flow in flows()}
    assert found.results["work-lua"] == {"both": [1, 2], "refused": "not for sale", "same": True}
    for name in {flow.id.rpartition("-")[0] for flow in flows()} - {"pong", "ping"}:
        assert found.results[f"{name}-py"] == found.results[f"{name}-lua"], "the twins differ"
    assert set(found.effects.values()) == {1}
    assert_same(found, found, "no crash")
    assert commits > DAILY


@pytest.mark.parametrize("share", ["slice", pytest.param("all", marks=pytest.mark.slow)])
def test_every_commit_may_be_the_last(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    expected, commits = whole_life(server, new_place(tmp_path / "whole"))
    points = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == "slice":
        step = len(points) // DAILY
        points = points[Random(seed).randrange(step) :: step]
    died = [assert_survived(server, new_place(tmp_path / point.replace(":", "-")), point, expected) for point in points]
    assert sum(died) >= len(points) * 0.8
