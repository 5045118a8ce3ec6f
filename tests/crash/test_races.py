"""Several nodes at one file want the same: the next turn of a run, an id, a host. One gets it, each time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import TypeVar

import pytest

from actorflow.errors import Error
from actorflow.run.event import FUNCTION_CALLED
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import HOST, Book
from actorflow.testing.conformance.store.case import begin_one

RACERS = 3
DAILY = 60
ALL = 3_400
"""Rounds; each racer tries once in each."""
Race = Callable[[SqlStore, int], object]
T = TypeVar("T")


def patiently(work: Callable[[], T]) -> T:
    """Return what a store does, asked again while the others hold the file: SQLite has no line, and one may go without."""
    while True:
        try:
            return work()
        except Error as error:
            if "another process holds the database" not in error.message:
                raise


def race(path: Path, rounds: int, run: Race) -> list[list[object]]:
    """Let racers with a store each do every round, as fast as they can; return what each of them got, round by round."""
    got: list[list[object]] = [[] for _ in range(RACERS)]

    def racer(number: int) -> None:
        with closing(SqlStore(Sqlite(path))) as store:
            got[number] += [run(store, place) for place in range(rounds)]

    threads = [Thread(target=racer, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(each) for each in got] == [rounds] * RACERS, "a racer has died"
    return got


@pytest.fixture
def path(tmp_path: Path) -> Path:
    SqlStore(Sqlite(tmp_path / "runs.db")).close()
    return tmp_path / "runs.db"


sizes = pytest.mark.parametrize("rounds", [DAILY, pytest.param(ALL, marks=pytest.mark.slow)])


@sizes
def test_each_turn_of_a_run_is_taken_once(path: Path, rounds: int) -> None:
    with closing(SqlStore(Sqlite(path))) as store:
        first = begin_one(store)

    def take(store: SqlStore, _round: int) -> int:
        """Commit a turn on what the run was a moment ago; returns its revision if it was taken."""
        row = store.find(first.run_id)
        assert row is not None
        book = Book(first.workflow_id)
        book.run, book.seq, book.checksum, book.revision = row.run, row.last_seq, row.last_checksum, row.revision
        turn = book.turn(events=[book.event(FUNCTION_CALLED, b"\x80")])
        (answer,) = patiently(lambda: store.commit([turn]))
        return row.revision if answer.accepted else 0

    taken = sorted(revision for each in race(path, rounds, take) for revision in each if revision)
    assert taken == list(range(1, len(taken) + 1)), "each revision was taken by one"
    assert len(taken) >= rounds, "of those that raced for a turn, one got it"
    with closing(SqlStore(Sqlite(path))) as store:
        assert store.load(first.run).row.last_seq == len(taken) + 1
        assert store.verify(first.run) == []


@sizes
def test_each_id_and_each_token_of_a_host_goes_to_one(path: Path, rounds: int) -> None:
    def take(store: SqlStore, number: int) -> tuple[bool, int]:
        book = Book(f"order/{number}", run_id=f"{id(store)}-{number}")
        start = book.start()
        return patiently(lambda: store.commit([start]))[0].accepted, patiently(lambda: store.claim(HOST))

    got = race(path, rounds, take)
    for number in range(rounds):
        assert sum(each[number][0] for each in got) == 1, f"order/{number}"  # type: ignore[index]
    tokens = sorted(token for each in got for _, token in each)  # type: ignore[misc]
    assert tokens == list(range(1, RACERS * rounds + 1)), "no token was given twice"
