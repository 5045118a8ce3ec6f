"""Dying at every commit of a workflow that uses every durable feature: it ends as if nothing had happened."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actorflow.run import event as events
from actorflow.store.crash import STATUS
from actorflow.testing.invariant import Ledger, Signal
from tests.crash.everything import FEWEST
from tests.crash.forking import ForkServer
from tests.crash.living import read_report
from tests.crash.rig import commits_of, dies_instead, keep_laws, life, said

LIVES = "tests.crash.everything"
DAILY = 2
"""Points of each language."""
SHARES = 16
"""All points are so many tests."""
TWICE = {"shake"}
RESULT = {
    "calls": {
        "beaten": {"rows": 7},
        "booked": 1,
        "both": [1, 2],
        "kept": [{"number": 5}],
        "late": "Timeout",
        "refused": "not for sale",
        "same": True,
        "version": 2,
    },
    "cancelled": "Canceled",
    "child": 11,
    "last": 7,
    "seen": [1, 2, 3],
    "steps": {"items": [10, 20, 30], "plain": [1, 2], "refused": "not for sale", "same": True},
    "stock": "in stock",
    "times": {"later": True, "silent": True, "stopped": True},
    "waits": {
        "by": "ann",
        "child": True,
        "complete": True,
        "data": 7,
        "given": {"by": "us"},
        "nobody": "Timeout",
        "reached": "completed",
    },
    "went": "on",
}
UNUSED = {
    *(events.RUN_RELEASED, events.RUN_REPINNED, events.RUN_ACCEPTED, events.CONTINUE_REFUSED, events.RESULT_SUPERSEDED),
    events.CALL_CANCELLED,
}
FEATURES = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)} - UNUSED
"""Kinds of events that its journals have: all but those of holding, repinning, accepting, refusals and calls that are told to stop."""


def results(place: Path) -> dict[str, Any]:
    """Return what the lives of a place have seen, which must not have changed from life to life."""
    seen: dict[str, Any] = {}
    for name, detail in said(place, "result"):
        assert seen.setdefault(name, detail) == detail, f"{place.name}: {name} was {seen[name]} and is {detail}"
    return seen


def effects(place: Path) -> Counter[str]:
    """Return how often each effect happened, by key: each attempt of a call has the same."""
    return Counter(file.name.partition(" ")[2] for file in (place / "effects").iterdir())


def told(place: Path) -> Counter[str]:
    """Return what was heard, without the numbers of children: they are those of requests, and depend on what came first."""
    heard = (file.name.partition(" ")[2] for file in (place / "told").iterdir())
    return Counter(re.sub(r"^(all-[a-z]+)-\d+ ", r"\1-child ", line) for line in heard)


def attempts(place: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for line in (place / "ledger.jsonl").read_text().splitlines():
        entry = json.loads(line)
        found.setdefault(f"{entry['name']} {entry['invocation']}", []).append(entry["attempt"])
    return found


def check(place: Path) -> None:
    """See that everything is as it is without a crash."""
    language = place.name.rpartition("-")[2]
    run, seen = f"all-{language}", results(place)
    assert seen[run] == RESULT, place.name
    assert seen[f"fork of {run}"] == {**RESULT, "stock": "plenty"}, place.name
    for name, result in (
        (f"terminate of {run}", "Canceled"),
        (f"request_cancel of {run}", "pid.cancel"),
        (f"abandon of {run}", "went"),
        (f"after-{language}", language),
        (f"stop-{language}", "Canceled"),
    ):
        assert seen[name] == result, f"{place.name}: {name}"
    assert seen.get(f"{run} first", 1) == 1
    assert seen.get(f"{run} second", 3) == 3
    assert seen.get(f"{run} query", 3) in {0, 3}
    assert [line for line in read_report(place) if line[0] == "notice"] == [], place.name
    assert said(place, "left")[-1] == ("", 0), f"{place.name}: open calls"
    for name, numbers in attempts(place).items():
        failing = name.partition(" ")[0] in TWICE
        assert set(numbers) == ({1, 2} if failing else {1}), f"{place.name}: {name} {numbers}"
        assert len(numbers) <= 2 + failing, f"{place.name}: {name} was attempted {numbers}"
    check_store(place, run)


def check_store(place: Path, run: str) -> None:
    signals = [Signal(run, "number", int(name.rpartition(" ")[2])) for name, _ in said(place, "signal")]
    starts = {name for name, _ in said(place, "start")}
    keep_laws(place, ledger=Ledger(starts, starts, signals))
    with closing(sqlite3.connect(place / "data" / "runs.db")) as connection:
        assert connection.execute("SELECT run, count(*) FROM booking GROUP BY run").fetchall() == [(run, 1)]
        lost = connection.execute(
            "SELECT count(*) FROM run WHERE state NOT IN ('completed', 'cancelled', 'delete_requested', 'data_deleted')"
        )
        assert lost.fetchone() == (0,), f"{place.name}: runs that have not ended"


def check_as(place: Path, whole: Path) -> None:
    """See that everything is as it is without a crash, and that as much has happened."""
    check(place)
    assert effects(place) == effects(whole), f"{place.name}: effects happen exactly once"
    assert told(place) == told(whole), f"{place.name}: who hears of ends hears of each"


def kinds(place: Path) -> set[str]:
    with closing(sqlite3.connect(place / "data" / "runs.db")) as connection:
        return {kind for (kind,) in connection.execute("SELECT DISTINCT kind FROM journal")}


@pytest.mark.parametrize("language", ["py", "lua"])
@pytest.mark.parametrize("share", [None, *(pytest.param(share, marks=pytest.mark.slow) for share in range(SHARES))])
def test_every_commit_of_everything_may_be_the_last(
    server: ForkServer, tmp_path: Path, seed: int, share: int | None, language: str
) -> None:
    whole = tmp_path / f"whole-{language}"
    assert life(server, whole) == 0
    check(whole)
    assert kinds(whole) >= FEATURES
    points = [f"{number}:{when}" for number in range(1, commits_of(whole) + 1) for when in ("before", "after")]
    points = Random(seed).sample(points, DAILY) if share is None else points[share::SHARES]
    for point in points:
        place = tmp_path / f"{point.replace(':', '-')}-{language}"
        if life(server, place, point) != STATUS:
            check_as(place, whole)
            point = dies_instead(point, commits_of(place), FEWEST)  # noqa: PLW2901 - what is died at
            place = tmp_path / f"{point.replace(':', '-')}-instead-{language}"
            assert life(server, place, point) == STATUS, f"{point}: every life has {FEWEST} commits"
        assert life(server, place) == 0, point
        check_as(place, whole)
