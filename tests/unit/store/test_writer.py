"""The writer: order, groups, reads, errors, closing. Each test runs on the threaded and the inline writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from operator import methodcaller
from pathlib import Path
from threading import Event

import pytest
import trio

from actorflow.errors import INVALID, UNAVAILABLE, Error, unavailable
from actorflow.run.turn import Committed, Item, OpenRun
from actorflow.store.dialect import Sqlite
from actorflow.store.group import Answer, Callback
from actorflow.store.inline import InlineWriter
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter, Store
from actorflow.store.sql import SqlStore
from actorflow.store.together import write_all
from actorflow.store.writer import AnyWriter, Writer, open_writer
from actorflow.testing.conformance.items import HOST, Book, message


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqlStore(Sqlite(tmp_path / "store.db"))
    with closing(made):
        yield made


class Answers:
    """Collects answers in the order in which they come."""

    def __init__(self, expected: int) -> None:
        self.got: list[tuple[int, Answer]] = []
        self.all_here = trio.Event()
        self._expected = expected

    def taking(self, number: int) -> Callable[[Answer], None]:
        def take(answer: Answer) -> None:
            self.got.append((number, answer))
            if len(self.got) == self._expected:
                self.all_here.set()

        return take


async def test_a_write_is_answered_and_a_read_sees_it(store: Store) -> None:
    writer = open_writer(store)
    for number in range(20):
        answer = await writer.write(Book(f"order/{number}").start())
        held: OpenRun = await writer.read(methodcaller("load", answer.run))
        assert held.row.workflow_id == f"order/{number}"
    assert writer.commits == 20
    await writer.close()


async def test_what_is_submitted_together_is_committed_together_and_answered_in_order(store: Store) -> None:
    writer = open_writer(store, rows=50)
    answers = Answers(100)
    for number in range(100):
        writer.submit(Book(f"order/{number}").start(), answers.taking(number))
    assert answers.got == []
    await answers.all_here.wait()
    assert [number for number, _answer in answers.got] == list(range(100))
    assert all(isinstance(answer, Committed) and answer.accepted for _number, answer in answers.got)
    assert 4 <= writer.commits <= 8  # 25 starts of two rows fill a group; a thread may begin with fewer
    await writer.close()


async def test_closing_commits_and_answers_what_was_submitted(store: Store) -> None:
    writer = open_writer(store)
    answers = Answers(300)
    for number in range(300):
        writer.submit(Book(f"order/{number}").start(), answers.taking(number))
    await writer.close()
    assert len(answers.got) == 300
    await writer.close()


async def test_a_closed_writer_refuses(store: Store) -> None:
    writer = open_writer(store)
    await writer.close()
    for attempt in (
        lambda: writer.write(message("order/1")),
        lambda: writer.read(lambda reader: reader.counts()),
    ):
        with pytest.raises(Error, match="the store is closed") as caught:
            await attempt()
        assert caught.value.kind == UNAVAILABLE


async def test_one_item_that_cannot_be_stored_does_not_hurt_the_others(tmp_path: Path) -> None:
    writer = open_writer(SqlStore(Sqlite(tmp_path / "store.db")))
    answers = Answers(5)
    for number in range(5):
        writer.submit(Book(f"order/{number}").start(at=2**70 if number == 2 else 1), answers.taking(number))
    await answers.all_here.wait()
    refused = answers.got[2][1]
    assert isinstance(refused, Error)
    assert (refused.kind, refused.retryable) == (INVALID, False)
    assert "OverflowError" in refused.message
    assert [isinstance(answer, Committed) for _number, answer in answers.got] == [True, True, False, True, True]
    await writer.close()


class Tired(MemoryStore):
    """A store that is unavailable for its first commits."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        if self.failures:
            self.failures -= 1
            raise unavailable("the disk is full")
        return super().commit(batch)


@pytest.mark.parametrize("make", [Writer, InlineWriter])
async def test_every_item_of_a_failed_batch_hears_of_it_and_the_writer_goes_on(make: type[AnyWriter]) -> None:
    writer = make(Tired(1))
    start = Book("order/1").start()
    with pytest.raises(Error, match="the disk is full"):
        await writer.write(start)
    assert (await writer.write(start)).accepted
    await writer.close()


async def test_a_claim_waits_its_turn(store: Store) -> None:
    writer = open_writer(store)
    answers = Answers(2)
    book = Book("order/1")
    writer.submit(book.start(), answers.taking(0))
    assert await writer.claim(HOST, 7) == 7
    (_number, answer) = answers.got[0]
    assert isinstance(answer, Committed)
    row = await writer.read(lambda reader: reader.load(answer.run).row)
    assert row.lease == 7
    await writer.close()


async def test_a_cancelled_write_still_waits_for_its_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(store)
    submit = writer.submit
    with trio.CancelScope() as scope:

        def submit_and_cancel(item: Item, callback: Callback) -> None:
            submit(item, callback)
            scope.cancel()

        monkeypatch.setattr(writer, "submit", submit_and_cancel)
        assert (await writer.write(Book("order/1").start())).accepted
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    await writer.close()


async def test_a_cancelled_read_is_left_alone(tmp_path: Path) -> None:
    writer = Writer(SqlStore(Sqlite(tmp_path / "store.db")))
    begun, go_on = trio.Event(), Event()
    token = trio.lowlevel.current_trio_token()

    def slow(_reader: object) -> None:
        token.run_sync_soon(begun.set)
        go_on.wait()

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.read, slow)
            await begun.wait()
            scope.cancel()
    assert scope.cancelled_caught
    go_on.set()
    assert await writer.read(lambda reader: reader.runs(RunFilter())) == []
    await writer.close()


async def test_a_read_is_one_snapshot_while_the_writer_goes_on(tmp_path: Path) -> None:
    writer = Writer(SqlStore(Sqlite(tmp_path / "store.db")))
    await writer.write(Book("order/1").start())
    counted, written = trio.Event(), Event()
    token = trio.lowlevel.current_trio_token()
    seen: list[int] = []

    def twice(reader: Store) -> None:
        seen.append(len(reader.runs(RunFilter())))
        token.run_sync_soon(counted.set)
        written.wait()
        seen.append(len(reader.runs(RunFilter())))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.read, twice)
        await counted.wait()
        await writer.write(Book("order/2").start())
        written.set()
    assert seen == [1, 1]
    assert await writer.read(lambda reader: len(reader.runs(RunFilter()))) == 2
    await writer.close()


async def test_what_a_read_raises_is_raised_where_it_was_asked(store: Store) -> None:
    writer = open_writer(store)
    with pytest.raises(Error, match="there is no run 7"):
        await writer.read(lambda reader: reader.load(7))
    with pytest.raises(ZeroDivisionError):
        await writer.read(lambda _reader: 1 // 0)
    await writer.close()


@pytest.mark.mock_clock
async def test_the_store_in_memory_needs_no_threads() -> None:
    writer = open_writer(MemoryStore())
    with trio.fail_after(1):
        assert (await writer.write(Book("order/1").start())).accepted
        await trio.sleep(0.5)
    await writer.close()


async def test_items_written_together_share_commits_and_the_first_error_is_raised(store: Store) -> None:
    writer = open_writer(store)
    answers = await write_all(writer, [Book(f"order/{number}").start() for number in range(20)])
    assert len({answer.run for answer in answers}) == 20
    assert writer.commits < 20
    assert await write_all(writer, []) == []
    await writer.close()


async def test_of_items_written_together_one_that_cannot_be_stored_does_not_hurt_the_others(tmp_path: Path) -> None:
    writer = open_writer(SqlStore(Sqlite(tmp_path / "store.db")))
    with pytest.raises(Error, match="OverflowError"):
        await write_all(writer, [Book(f"order/{number}").start(at=2**70 if number == 2 else 1) for number in range(5)])
    assert await writer.read(lambda reader: len(reader.runs(RunFilter()))) == 4
    await writer.close()
