"""What a store remembers between commits is never older than what the database holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import HOST, Book, message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    with closing(SqlStore(Sqlite(path))) as opened:
        yield opened


def begun(store: SqlStore, workflow_id: str = "order/1") -> Book:
    book = Book(workflow_id)
    return book.started(store.commit([book.start()])[0])


def test_a_turn_written_by_another_connection_is_seen(store: SqlStore, path: Path) -> None:
    book = begun(store)
    assert store.commit([book.turn()])[0].accepted
    with closing(SqlStore(Sqlite(path))) as other:
        assert other.commit([book.turn()])[0].accepted
    stale = Book("order/1").started(store.commit([message("order/1")])[0])
    stale.seq, stale.checksum, stale.revision = 2, book.checksum, 2
    assert store.commit([stale.turn()])[0].refusal == "revision"
    assert store.commit([book.turn()])[0].accepted
    assert store.verify(book.run) == []


def test_a_claim_by_another_connection_fences_at_once(store: SqlStore, path: Path) -> None:
    book = begun(store)
    assert store.commit([book.turn()])[0].accepted
    with closing(SqlStore(Sqlite(path))) as other:
        lease = other.claim(HOST)
    assert store.commit([book.turn()])[0].refusal == "lease"
    book.seq, book.revision, book.lease = 2, 2, lease
    assert store.commit([begun(store, "order/2").turn(lease=lease)])[0].accepted


def test_what_a_failed_commit_would_have_left_is_forgotten(store: SqlStore) -> None:
    book = begun(store)
    assert store.commit([book.turn()])[0].accepted
    kept = (book.seq, book.checksum, book.revision)
    with pytest.raises((OverflowError, sqlite3.Error)):
        store.commit([book.turn(), message("order/1"), Book("order/2").start(at=2**70)])
    book.seq, book.checksum, book.revision = kept
    assert store.commit([book.turn()])[0].accepted
    assert store.verify(book.run) == []
    assert begun(store, "order/3").run == book.run + 1


def test_numbers_given_out_by_another_connection_are_not_given_again(store: SqlStore, path: Path) -> None:
    first = begun(store)
    inbox = [*store.commit([message("order/1")])[0].inbox]
    with closing(SqlStore(Sqlite(path))) as other:
        second = begun(other, "order/2")
        inbox += other.commit([message("order/1")])[0].inbox
    third = begun(store, "order/3")
    inbox += store.commit([message("order/1")])[0].inbox
    assert len({first.run, second.run, third.run}) == 3
    assert len(set(inbox)) == 3
    assert [row.id for row in store.inbox(first.run)] == inbox


def test_a_run_that_has_ended_stays_ended(store: SqlStore) -> None:
    book = begun(store)
    assert store.commit([book.finish()])[0].accepted
    assert store.commit([message("order/1")])[0].refusal == "unknown"
    again = store.commit([Book("order/1", "another-run").start()])[0]
    assert again.accepted
    assert again.run != book.run
