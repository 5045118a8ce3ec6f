"""Reading many runs of a database: no more of them at once than memory should hold, and no more rows than are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.run.event import FUNCTION_CALLED
from actorflow.store import read
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import HOST
from actorflow.testing.conformance.store.case import begin


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with closing(SqlStore(Sqlite(tmp_path / "runs.db"))) as made:
        yield made


def test_an_answer_that_grows_too_large_ends_before_the_run_that_is_too_much(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = begin(store, *(f"order/{number}" for number in range(5)))
    for book in books:
        store.commit([book.turn(events=[book.event(FUNCTION_CALLED, bytes(1_000))])])
    runs = [book.run for book in books]
    monkeypatch.setattr(read, "_MOST", 3_500)
    assert store.load_many(runs, 99) == [store.load(run) for run in runs[:3]]
    monkeypatch.setattr(read, "_MOST", 10)
    assert store.load_many(runs, 99) == [store.load(runs[0])], "one is read, however large, so that it goes on"


def test_what_runs_did_with_names_is_found_by_its_index(store: SqlStore) -> None:
    plan = store._connection().execute(f"EXPLAIN QUERY PLAN {store._reads.naming}", (HOST,))  # noqa: SLF001
    steps = [text for *_, text in plan]
    assert any("USING INDEX journal_by_name" in step for step in steps)
    assert not any(step.startswith("SCAN journal ") or step == "SCAN journal" for step in steps)
