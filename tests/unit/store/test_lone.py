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
from actorflow.run.event import FUNCTION_CALLED
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.turn import Committed, Item
from actorflow.store import lone
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.group import Answer, Write
from actorflow.store.lone import FEW, LIMIT, MOST, LoneCommits, is_brief
from actorflow.store.memory import MemoryStore
from actorflow.store.port import CommitUnknown
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


async def quiet(writer: Writer) -> Book:
    """Commit so many single items that the next one may be committed here; return a run that has been started."""
    book = Book("order/1")
    book.started(await writer.write(book.start()))
    await quiet_again(writer, FEW - 1)
    return book


async def quiet_again(writer: Writer, count: int = FEW) -> None:
    for _ in range(count):
        assert not (await writer.write(message("nobody"))).accepted


def step(book: Book, payload: bytes = b"\x80") -> PlainTurn:
    """Return the turn of a step of a run."""
    turn = PlainTurn(book.run, book.revision, book.lease, [book.event(FUNCTION_CALLED, payload, "test:charge", 1)])
    book.revision += 1
    return turn


def at_once(writer: Writer, item: Item) -> list[Answer]:
    """Return the answer to an item that is committed here, nothing when it is not."""
    got: list[Answer] = []
    assert writer.at_once(Write(item, got.append)) == bool(got)
    return got


@pytest.mark.usefixtures("patient")
async def test_a_lone_step_is_committed_here_once_a_few_were_short(store: Watched, tmp_path: Path) -> None:
    writer = Writer(store)
    book = Book("order/1")
    book.started(await writer.write(book.start()))
    for _ in range(FEW - 1):
        turn = step(book)
        assert at_once(writer, turn) == []
        assert (await writer.write(turn)).accepted
    (answer,) = at_once(writer, step(book))
    assert isinstance(answer, Committed)
    assert answer.accepted
    assert store.threads == [WRITER] * FEW + [NODE]
    with closing(SqlStore(Sqlite(tmp_path / "store.db"))) as other:
        assert len(other.load(book.run).events) == FEW + 1
    refused = step(book)
    refused.revision += 1
    (answer,) = at_once(writer, refused)
    assert isinstance(answer, Committed)
    assert (answer.accepted, answer.refusal) == (False, "revision")
    assert writer.commits == FEW + 2
    await writer.close()
    assert at_once(writer, step(book)) == []


@pytest.mark.usefixtures("patient")
async def test_what_is_under_way_is_not_overtaken(store: Watched) -> None:
    writer = Writer(store)
    book = await quiet(writer)
    answers: list[Answer] = []
    writer.submit(message("order/1"), answers.append)
    turn = step(book)
    assert at_once(writer, turn) == []
    await writer.read(lambda _reader: None)
    await until(answers)
    assert store.threads == [WRITER] * (FEW + 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.claim, "test:other")
        while not writer._under_way:  # noqa: SLF001 - it begins with the next steps of its task
            await trio.lowlevel.checkpoint()
        assert at_once(writer, turn) == []
    assert len(at_once(writer, turn)) == 1
    await writer.close()


async def until(answers: list[Answer]) -> None:
    """Wait until there is one."""
    with trio.fail_after(60):
        while not answers:  # noqa: ASYNC110 - it comes from a callback
            await trio.sleep(0.001)


async def test_nobody_waits_who_has_something_to_do(store: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "LIMIT", 1e9)
    writer = Writer(store)
    turn = step(await quiet(writer))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        assert at_once(writer, turn) == []
    assert not writer._lone.short  # noqa: SLF001 - the next few go to the other thread
    await quiet_again(writer)
    trio.lowlevel.current_trio_token().run_sync_soon(lambda: None)
    assert at_once(writer, turn) == []
    await writer.close()


@pytest.mark.usefixtures("patient")
async def test_a_lock_that_another_process_holds_is_waited_for_in_the_other_thread(
    store: Watched, tmp_path: Path
) -> None:
    writer = Writer(store)
    book = await quiet(writer)
    assert len(at_once(writer, step(book))) == 1
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert _settings(store) == (0, 0)  # so that the next does not wait
    turn = step(book)
    assert at_once(writer, turn) == []
    assert not writer._lone.short  # noqa: SLF001 - nor is it tried with the next ones
    answers: list[Answer] = []
    writer.submit(turn, answers.append)
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
    book = await quiet(writer)
    store.fault = unavailable("the disk is full")
    turn = step(book)
    assert at_once(writer, turn) == []
    assert (await writer.write(turn)).accepted
    await quiet_again(writer)
    store.fault = CommitUnknown("the disk went away")
    unknown = step(book)
    (answer,) = at_once(writer, unknown)
    assert isinstance(answer, CommitUnknown)
    unknown.events[0] = unknown.events[0]._replace(at=2**70)
    assert at_once(writer, unknown) == []
    with pytest.raises(Error, match="OverflowError"):
        await writer.write(unknown)
    assert len((await writer.read(lambda reader: reader.load(book.run))).events) == 2
    await writer.close()


@pytest.mark.usefixtures("patient")
async def test_a_large_log_is_moved_into_the_database_by_the_other_thread(store: Watched) -> None:
    writer = Writer(store)
    book = await quiet(writer)
    for _ in range(MOST):
        assert len(at_once(writer, step(book))) == 1
    turn = step(book)
    assert at_once(writer, turn) == []
    await writer.write(turn)
    assert len(at_once(writer, step(book))) == 1
    await writer.close()


def test_only_turns_of_small_steps_are_committed_here() -> None:
    book = Book("order/1")
    assert is_brief(step(book))
    assert not is_brief(book.start())
    assert not is_brief(message("order/1"))
    assert not is_brief(book.turn())
    assert not is_brief(step(book, bytes(40_000)))
    assert not is_brief(PlainTurn(1, 1, 0, [book.event(FUNCTION_CALLED) for _ in range(9)]))


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
    assert not writer.at_once(Write(step(Book("order/1")), lambda _answer: None))
    await writer.close()
