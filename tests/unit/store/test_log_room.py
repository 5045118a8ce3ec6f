"""Room in the write-ahead log: zeros behind its end, which are no part of it, whatever happens to the file."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actorflow.store.dialect import Sqlite
from actorflow.store.log_room import LogRoom
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import Book

FRAME = 24 + 4096
ENOUGH = 36
"""Commits after which there has been room."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(Sqlite(tmp_path / "runs.db"))
    yield opened
    opened.close()


def fill(store: SqlStore, first: int, commits: int = ENOUGH) -> None:
    for number in range(first, first + commits):
        assert store.commit([Book(f"order/{number}").start()])[0].accepted


def log_of(directory: Path) -> Path:
    return directory / "runs.db-wal"


def used(log: bytes) -> int:
    """Return where the frames of a log end: each begins with the number of a page, which is never 0."""
    end = 32
    while any(log[end : end + 4]):
        end += FRAME
    return end


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found: int = connection.execute("SELECT count(*) FROM run").fetchone()[0]
        return found


def test_a_log_has_zeros_behind_its_end(store: SqlStore, tmp_path: Path) -> None:
    fill(store, 0)
    log = log_of(tmp_path).read_bytes()
    assert used(log) + FRAME < len(log)
    assert not any(log[used(log) :])
    assert count(tmp_path / "runs.db") == ENOUGH


def test_room_is_made_until_the_log_is_large_enough(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actorflow.store.log_room._ROOM", 50 * FRAME)
    monkeypatch.setattr("actorflow.store.log_room._MOST", 400 * FRAME)
    sizes = set()
    for number in range(0, 80, 10):
        fill(store, number, 10)
        sizes.add(log_of(tmp_path).stat().st_size)
    assert len(sizes) > 2, "room is made again and again"
    assert count(tmp_path / "runs.db") == 80


def test_what_was_committed_is_read_back_after_a_crash_beside_the_zeros(store: SqlStore, tmp_path: Path) -> None:
    fill(store, 0)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("runs.db", "runs.db-wal"):
        shutil.copy(tmp_path / name, crashed / name)
    assert count(crashed / "runs.db") == ENOUGH


def test_a_crash_in_the_middle_of_making_room_loses_nothing(store: SqlStore, tmp_path: Path) -> None:
    fill(store, 0)
    log = log_of(tmp_path).read_bytes()
    for length in (used(log), used(log) + 1, used(log) + 700, used(log) + FRAME, len(log) - 1):
        crashed = tmp_path / f"crashed-{length}"
        crashed.mkdir()
        shutil.copy(tmp_path / "runs.db", crashed / "runs.db")
        (crashed / "runs.db-wal").write_bytes(log[:length])
        assert count(crashed / "runs.db") == ENOUGH


def test_another_writer_and_an_emptied_log_are_no_surprise(store: SqlStore, tmp_path: Path) -> None:
    with closing(SqlStore(Sqlite(tmp_path / "runs.db"))) as other:
        for number in range(0, ENOUGH, 2):
            fill(store, number, 1)
            fill(other, number + 1, 1)
        with closing(sqlite3.connect(tmp_path / "runs.db")) as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        fill(store, 100)
        fill(other, 200)
    assert count(tmp_path / "runs.db") == 3 * ENOUGH


def test_a_disk_that_is_nearly_full_gets_no_zeros(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actorflow.store.log_room._SPARE", 1 << 60)
    fill(store, 0)
    log = log_of(tmp_path).read_bytes()
    assert used(log) == len(log)


def test_what_cannot_be_written_stops_nobody(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: int, _data: bytes, _at: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)
    fill(store, 0)
    monkeypatch.undo()
    fill(store, ENOUGH)
    log = log_of(tmp_path).read_bytes()
    assert used(log) == len(log), "after that it is not tried again"
    assert count(tmp_path / "runs.db") == 2 * ENOUGH


def test_a_log_without_a_file_is_left_alone(tmp_path: Path) -> None:
    room = LogRoom(tmp_path / "runs.db-wal")
    for _ in range(100):
        room.look()
    room.close()
    assert not list(tmp_path.iterdir())
