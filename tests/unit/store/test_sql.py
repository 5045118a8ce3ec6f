"""What happens to a batch when its database fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import UNAVAILABLE, Error
from actorflow.store.dialect import Sqlite
from actorflow.store.port import CommitUnknown, RunFilter
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import Book


def test_a_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    with closing(Sqlite(tmp_path / "store.db").connect()) as connection:
        names = ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync", "wal_autocheckpoint")
        settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert settings == ["wal", 2, 1, 1, 10000]


def failing(code: int, name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = code
    error.sqlite_errorname = name
    return error


class Faulty(Sqlite):
    """A database whose statements fail on demand: `faults` is the start of a statement → the error it meets once."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.faults: dict[str, sqlite3.Error] = {}
        self.written_first = False
        self.opened = 0

    def connect(self) -> Any:
        self.opened += 1
        return FaultyConnection(super().connect(), self)


class FaultyConnection:
    """A connection, or a cursor, whose `execute` may fail."""

    def __init__(self, real: Any, plan: Faulty) -> None:
        self._real = real
        self._plan = plan

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def cursor(self) -> FaultyConnection:
        return FaultyConnection(self._real.cursor(), self._plan)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        for start in list(self._plan.faults):
            if sql.startswith(start):
                if self._plan.written_first:
                    self._real.execute(sql, parameters)
                raise self._plan.faults.pop(start)
        return self._real.execute(sql, parameters)


@pytest.fixture
def database(tmp_path: Path) -> Faulty:
    return Faulty(tmp_path / "store.db")


@pytest.fixture
def store(database: Faulty) -> Iterator[SqlStore]:
    with closing(SqlStore(database)) as store:
        yield store


FULL = failing(sqlite3.SQLITE_FULL, "database or disk is full")
BUSY = failing(sqlite3.SQLITE_BUSY, "database is locked")
SYNC = failing(sqlite3.SQLITE_IOERR_FSYNC, "disk I/O error")


@pytest.mark.parametrize("where", ["BEGIN", "SELECT", "COMMIT"])
@pytest.mark.parametrize("fault", [FULL, BUSY])
def test_a_commit_that_wrote_nothing_is_unavailable_and_may_be_tried_again(
    store: SqlStore, database: Faulty, where: str, fault: sqlite3.Error
) -> None:
    start = Book("order/1").start()
    database.faults[where] = fault
    with pytest.raises(Error) as caught:
        store.commit([start])
    assert type(caught.value) is Error
    assert (caught.value.kind, caught.value.retryable) == (UNAVAILABLE, True)
    assert str(database.path) in caught.value.message
    assert (store.commits, store.runs(RunFilter())) == (0, [])
    assert store.commit([start])[0].existing is False
    assert database.opened == 1


@pytest.mark.parametrize("written", [False, True])
def test_a_failed_sync_leaves_the_outcome_open_until_the_log_is_settled(
    store: SqlStore, database: Faulty, *, written: bool
) -> None:
    book = Book("order/1")
    database.written_first = written
    database.faults["COMMIT"] = SYNC
    with pytest.raises(CommitUnknown) as caught:
        store.commit([book.start()])
    assert (caught.value.kind, caught.value.retryable) == (UNAVAILABLE, None)
    assert (store.find("order/1") is not None) == written
    assert database.opened == 2
    assert Path(f"{database.path}-wal").stat().st_size == 0
    assert store.commit([Book("order/2").start()])[0].accepted


def test_the_outcome_stays_open_while_the_log_cannot_be_settled(store: SqlStore, database: Faulty) -> None:
    database.faults |= {"COMMIT": SYNC, "PRAGMA wal_checkpoint": failing(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error")}
    with pytest.raises(CommitUnknown):
        store.commit([Book("order/1").start()])
    with pytest.raises(Error) as caught:
        store.find("order/1")
    assert type(caught.value) is Error
    assert caught.value.kind == UNAVAILABLE
    assert store.find("order/1") is None


def test_a_transaction_that_cannot_be_rolled_back_is_given_up_with_its_connection(
    store: SqlStore, database: Faulty
) -> None:
    database.faults |= {"COMMIT": FULL, "ROLLBACK": failing(sqlite3.SQLITE_IOERR, "disk I/O error")}
    with pytest.raises(Error, match="the disk is full"):
        store.commit([Book("order/1").start()])
    assert store.commit([Book("order/1").start()])[0].existing is False
    assert database.opened == 2


def test_another_process_that_writes_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actorflow.store.dialect._BUSY", 0.01)
    with closing(SqlStore(Sqlite(tmp_path / "store.db"))) as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Error, match="another process holds the database"):
            store.commit([Book("order/1").start()])
        other.close()
        assert store.commit([Book("order/1").start()])[0].accepted


def test_one_item_that_cannot_be_stored_writes_nothing_of_its_batch(store: SqlStore) -> None:
    with pytest.raises(OverflowError):
        store.commit([Book("order/1").start(), Book("order/2").start(at=2**70)])
    assert store.runs(RunFilter()) == []
    assert store.commit([Book("order/1").start()])[0].accepted
