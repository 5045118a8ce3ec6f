"""Dying at every commit of runs that go on with other code: what is dropped goes whole, and nothing is done twice."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.codec import decode
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.turn import OpenRun
from actorflow.store.approval import APPROVAL, OPEN
from actorflow.store.dialect import Sqlite
from actorflow.store.read import SqlReader
from tests.crash.accepting import FEWEST, LANGUAGES
from tests.crash.forking import ForkServer
from tests.crash.rig import ALL, SLICE, die_at_each, points, said, whole_life

LIVES = "tests.crash.accepting"
DAILY = 1


def check_whole(place: Path, crash_at: str) -> None:
    """After a death the dropped part is there with all that it has, or gone with all of that."""
    with closing(SqlReader(Sqlite(place / "data" / "runs.db"))) as reader:
        for language in LANGUAGES:
            row = reader.find(f"swap-{language}")
            if row is None or row.state in states.TERMINAL:
                continue
            held = reader.load(row.run)
            asked = [decode(document.value)["state"] for document in reader.documents(APPROVAL, row.run_id, "", 9)]
            left = (bool(held.timers), OPEN in asked, reader.attributes(row.run) == {"mark": "old"})
            accepted = any(event.kind == events.RUN_ACCEPTED for event in held.events)
            wanted = not accepted and any(event.kind == events.APPROVAL_ASKED for event in held.events)
            assert left == (wanted,) * 3, f"{crash_at}: {language} {left}"
            if accepted:
                check_order(held, crash_at)


def check_order(held: OpenRun, crash_at: str) -> None:
    """The signals come again in the order in which they were sent."""
    at = max(event.seq for event in held.events if event.kind == events.RUN_ACCEPTED)
    taken = [event for event in held.events if event.seq > at]
    signals = [decode(fact.payload)[1] for fact in (*taken, *held.inbox) if fact.kind == events.MESSAGE_RECEIVED]
    assert signals == sorted(signals), f"{crash_at}: {signals}"


def check(place: Path, crash_at: str, _first: list[list[Any]]) -> None:
    """Each run gave what the new code gives; the old call and the new one had their effects once each."""
    for language in LANGUAGES:
        run = f"swap-{language}"
        results = [detail for name, detail in said(place, "result") if name == run]
        assert all(result == ["new", 1, 2, 1, 2, 4] for result in results), f"{crash_at}: {results}"
        assert results
    wanted = {f"swap-{language} {name}" for language in LANGUAGES for name in ("take", "old", "new")}
    effects = Counter(file.name.partition(" ")[2] for file in (place / "effects").iterdir())
    assert effects == dict.fromkeys(wanted, 1), crash_at
    assert said(place, "fault") == [], crash_at


@pytest.mark.parametrize("share", [SLICE, pytest.param(ALL, marks=pytest.mark.slow)])
def test_accepting_survives_a_crash_at_every_commit(server: ForkServer, tmp_path: Path, seed: int, share: str) -> None:
    commits = whole_life(server, tmp_path / "whole", check)
    places = points(commits, seed, share, DAILY)
    die_at_each(server, tmp_path, places, check, fewest=FEWEST, dead=check_whole)
