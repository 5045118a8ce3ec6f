"""Transactional work on a server that goes: at every statement that it can go at, the work and its result are there once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from actorflow.run.turn import Transact
from actorflow.store.crash import CrashPoint
from actorflow.store.server import ServerStore
from actorflow.testing.conformance.items import EPOCH, Book
from tests.crash.cutting import Cutting
from tests.databases import POSTGRES, SLOW_MARIADB, connected, emptied


@pytest.fixture(params=[POSTGRES, SLOW_MARIADB])
def cutting(request: pytest.FixtureRequest) -> Iterator[Cutting]:
    url = emptied(str(request.param))
    with connected(url) as connection:
        connection.execute("DROP TABLE IF EXISTS booking")
        connection.execute("CREATE TABLE booking (number INTEGER)")
    yield Cutting(url)
    with connected(url) as connection:
        connection.execute("DROP TABLE booking")


@pytest.fixture
def cut_store(cutting: Cutting) -> Iterator[ServerStore]:
    with closing(ServerStore(cutting, CrashPoint())) as opened:  # type: ignore[arg-type] # it is one by its attributes
        yield opened


def booked(cutting: Cutting) -> list[int]:
    with connected(cutting.url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM booking ORDER BY number").fetchall()]


def transacting(of: ServerStore, number: int, *, swallow: bool = False) -> tuple[Book, Transact]:
    """Return a run, and the work of a call of it that books its number."""
    book = Book(f"order/{number}")
    book.started(of.commit([book.start()])[0])

    def work(cursor: Any) -> bytes:
        try:
            cursor.execute("INSERT INTO booking VALUES (?)", (number,))
        except Exception:
            if not swallow:
                raise
        return bytes([cursor.execute("SELECT count(*) FROM booking WHERE number = $1", [number]).fetchone()[0]])

    return book, Transact(book.run, 0, 1, EPOCH, work, 4.0)


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_work_that_is_cut_at_any_statement_is_done_once(
    cutting: Cutting, cut_store: ServerStore, *, after: bool
) -> None:
    for number in count(1):
        book, item = transacting(cut_store, number, swallow=number % 2 == 0)
        cutting.arm(number, after=after)
        (answer,) = cut_store.commit([item])
        reached = len(cutting.seen) >= number
        cutting.arm(0, after=False)
        assert (answer.accepted, item.error, item.payload) == (True, None, b"\x01"), cutting.seen
        assert [(row.ref, row.payload) for row in cut_store.inbox(book.run)] == [(1, b"\x01")], "its result, once"
        if not reached:
            break
    assert booked(cutting) == list(range(1, number + 1))
    assert number > 8, "BEGIN, the turn, look-ups, savepoints, the work, its result, COMMIT"


def test_work_that_fails_is_undone_alone_and_the_connection_goes_on(cutting: Cutting, cut_store: ServerStore) -> None:
    _, item = transacting(cut_store, 1)
    right = item.work

    def failing(cursor: Any) -> bytes:
        right(cursor)
        cursor.execute("INSERT INTO nowhere VALUES (1)")
        return b""

    item.work = failing
    assert not cut_store.commit([item])[0].accepted
    assert "nowhere" in str(item.error)
    _, another = transacting(cut_store, 2)
    assert cut_store.commit([another])[0].accepted
    assert (booked(cutting), cutting.connections) == ([2], 1)
