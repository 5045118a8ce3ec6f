"""Lone commits in the node's own thread: when, how, and what becomes of those that cannot be made there."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import trio

from actorflow.errors import Error, unavailable
from actorflow.run.turn import ChangeRun, Committed, Item
from actorflow.store import lone
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.group import Answer, Write
from actorflow.store.lone import FEW, LIMIT, MOST, LoneCommits, is_brief
from actorflow.store.memory import MemoryStore
from actorflow.store.port import CommitUnknown, RunFilter
from actorflow.store.sql import SqlStore
from actorflow.store.writer import Writer, open_writer
from actorflow.testing.conformance.items import Book, message


class Watched(SqlStore):
    """A store that notes in which threads it commits, and fails as it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(Sqlite(path), CrashPoint())
        self.threads: list[str] = []
        self.fault: Exception | None = None

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        self.threads.append(threading.current_thread().name)
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        return super().commit(batch)


NODE = threading.main_thread().name
WRITER = "store-writer"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Watched]:
    with closing(Watched(tmp_path / "store.db")) as made:
        yield made


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine is too slow, and no task is in the way, but those that a test makes."""
    monkeypatch.setattr(lone, "LIMIT", 1e9)
    monkeypatch.setattr("actorflow.store.writer.is_idle", lambda: True)


async def quiet(writer: Writer) -> None:
    """Commit so many single items that the next one may be committed here."""
    for number in range(FEW):
        assert (await writer.write(Book(f"before/{number}").start())).accepted


def at_once(writer: Writer, item: Item) -> list[Answer]:
    """Return the answer to an item that is committed here, nothing when it is not."""
    got: list[Answer] = []
    assert writer.at_once(Write(item, got.append)) == bool(got)
    return got


@pytest.mark.usefixtures("patient")
async def test_a_lone_item_is_committed_here_once_a_few_were_short(store: Watched, tmp_path: Path) -> None:
    writer = Writer(store)
    book = Book("order/1")
    assert at_once(writer, Book("order/0").start()) == []
    await quiet(writer)
    (answer,) = at_once(writer, book.start())
    assert isinstance(answer, Committed)
    assert answer.accepted
    assert store.threads == [WRITER] * FEW + [NODE]
    with closing(SqlStore(Sqlite(tmp_path / "store.db"))) as other:
        assert other.find("order/1") is not None
    refused = book.started(answer).turn()
    refused.revision += 1
    (answer,) = at_once(writer, refused)
    assert isinstance(answer, Committed)
    assert (answer.accepted, answer.refusal) == (False, "revision")
    assert writer.commits == FEW + 2
    await writer.close()
    assert at_once(writer, message("order/1")) == []


@pytest.mark.usefixtures("patient")
async def test_what_is_under_way_is_not_overtaken(store: Watched) -> None:
    writer = Writer(store)
    await quiet(writer)
    answers: list[Answer] = []
    writer.submit(Book("order/1").start(), answers.append)
    assert at_once(writer, message("order/1")) == []
    await writer.read(lambda _reader: None)
    await until(answers)
    assert store.threads == [WRITER] * (FEW + 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.claim, "test:other")
        while not writer._under_way:  # noqa: SLF001 - it begins with the next steps of its task
            await trio.lowlevel.checkpoint()
        assert at_once(writer, message("order/1")) == []
    assert len(at_once(writer, message("order/1"))) == 1
    await writer.close()


async def until(answers: list[Answer]) -> None:
    """Wait until there is one."""
    with trio.fail_after(60):
        while not answers:  # noqa: ASYNC110 - it comes from a callback
            await trio.sleep(0.001)


async def test_nobody_waits_who_has_something_to_do(store: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "LIMIT", 1e9)
    writer = Writer(store)
    await quiet(writer)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        assert at_once(writer, Book("order/1").start()) == []
    assert not writer._lone.short  # noqa: SLF001 - the next few go to the other thread
    await quiet_again(writer)
    trio.lowlevel.current_trio_token().run_sync_soon(lambda: None)
    assert at_once(writer, Book("order/1").start()) == []
    await writer.close()


async def quiet_again(writer: Writer) -> None:
    for _ in range(FEW):
        assert not (await writer.write(message("nobody"))).accepted


@pytest.mark.usefixtures("patient")
async def test_a_lock_that_another_process_holds_is_waited_for_in_the_other_thread(
    store: Watched, tmp_path: Path
) -> None:
    writer = Writer(store)
    await quiet(writer)
    assert len(at_once(writer, Book("order/1").start())) == 1
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert _settings(store) == (0, 0)  # so that the next does not wait
    assert at_once(writer, Book("order/2").start()) == []
    assert not writer._lone.short  # noqa: SLF001 - nor is it tried with the next ones
    answers: list[Answer] = []
    writer.submit(Book("order/2").start(), answers.append)
    other.execute("ROLLBACK")
    other.close()
    await until(answers)
    assert isinstance(answers[0], Committed)
    assert answers[0].accepted
    assert _settings(store) == (5_000, 10_000)
    await writer.close()


def _settings(store: Watched) -> tuple[int, int]:
    settings = ("busy_timeout", "wal_autocheckpoint")
    wait, pages = (store._open.execute(f"PRAGMA {name}").fetchone()[0] for name in settings)  # noqa: SLF001
    return wait, pages


@pytest.mark.usefixtures("patient")
async def test_what_fails_here_is_tried_in_the_other_thread_unless_it_may_be_written(store: Watched) -> None:
    writer = Writer(store)
    await quiet(writer)
    store.fault = unavailable("the disk is full")
    assert at_once(writer, Book("order/1").start()) == []
    assert (await writer.write(Book("order/1").start())).accepted
    await quiet_again(writer)
    store.fault = CommitUnknown("the disk went away")
    (answer,) = at_once(writer, Book("order/2").start())
    assert isinstance(answer, CommitUnknown)
    with pytest.raises(Error, match="OverflowError"):
        await _hand_over(writer, Book("order/3").start(at=2**70))
    assert await writer.read(lambda reader: len(reader.runs(RunFilter()))) == FEW + 1
    await writer.close()


async def _hand_over(writer: Writer, item: Item) -> Committed:
    assert at_once(writer, item) == []
    return await writer.write(item)


@pytest.mark.usefixtures("patient")
async def test_a_large_log_is_moved_into_the_database_by_the_other_thread(store: Watched) -> None:
    writer = Writer(store)
    await quiet(writer)
    for _ in range(MOST):
        assert len(at_once(writer, message("nobody"))) == 1
    assert at_once(writer, message("nobody")) == []
    await writer.write(message("nobody"))
    assert len(at_once(writer, message("nobody"))) == 1
    await writer.close()


def test_only_what_writes_a_few_small_rows_is_committed_here() -> None:
    book = Book("order/1")
    assert is_brief(book.start())
    assert is_brief(message("order/1"))
    assert is_brief(book.turn())
    assert not is_brief(book.turn(events=[book.event("function_called") for _ in range(9)]))
    assert not is_brief(book.turn(events=[book.event("function_called", bytes(40_000))]))
    large = message("order/1")
    large.payload = bytes(40_000)
    assert not is_brief(large)
    assert not is_brief(ChangeRun("pause", workflow_id="order/1"))


def test_a_slow_disk_is_not_waited_for_again_soon() -> None:
    commits = LoneCommits()
    for _ in range(FEW - 1):
        commits.made_there(LIMIT / 2)
    assert not commits.short
    commits.made_there(2 * LIMIT)
    for _ in range(FEW):
        assert not commits.short
        commits.made_there(LIMIT / 2)
    assert commits.short
    commits.made_here(50 * LIMIT)
    for _ in range(50 * FEW):
        assert not commits.short
        commits.made_there(LIMIT / 2)
    assert commits.short


async def test_a_store_in_memory_needs_no_such_thing() -> None:
    writer = open_writer(MemoryStore())
    assert not writer.at_once(Write(Book("order/1").start(), lambda _answer: None))
    await writer.close()
