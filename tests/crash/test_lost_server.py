"""What a store makes of a server that goes: whatever was asked for is done once, at every statement it can go at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from actorflow.errors import UNAVAILABLE, Error
from actorflow.run.document import PutDocument
from actorflow.run.turn import CallRow
from actorflow.store.crash import CrashPoint
from actorflow.store.port import CommitUnknown, RunFilter
from actorflow.store.server import ServerStore
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from tests.crash.cutting import Cutting
from tests.databases import POSTGRES, SLOW_MARIADB, connected, emptied, shared, store


@pytest.fixture(params=[POSTGRES, SLOW_MARIADB])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cutting(kind: str) -> Cutting:
    return Cutting(emptied(kind))


@pytest.fixture
def cut_store(cutting: Cutting) -> Iterator[ServerStore]:
    with closing(ServerStore(cutting, CrashPoint())) as opened:  # type: ignore[arg-type] # it is one by its attributes
        yield opened


def batch(number: int) -> tuple[list[Any], Book]:
    """Return a batch that writes every kind of row, and a run of it."""
    parent, child = Book(f"parent/{number}"), Book(f"child/{number}")
    start = parent.start(messages=[message("", b"m")], attributes={"a": number}, timers=[(1, EPOCH)])
    letter = PutDocument("kind", f"key/{number}", b"v", due=EPOCH)
    return [start, child.start(), message(f"parent/{number}", b"n"), letter], parent


def content(of: ServerStore) -> Any:
    rows = of.runs(RunFilter())
    return [(of.load(row.run), of.history(row.run), of.verify(row.run)) for row in rows], of.documents("kind")


def every_cut(cutting: Cutting, of: ServerStore, *, after: bool) -> int:
    """Commit batches, each cut one statement later than the one before, until one is not reached; return how many."""
    for number in count(1):
        items, parent = batch(number)
        cutting.arm(number, after=after)
        answers = of.commit(items)
        reached = len(cutting.seen) >= number
        cutting.arm(0, after=False)
        assert [answer.accepted for answer in answers] == [True] * len(items), cutting.seen
        assert [answer.existing for answer in answers] == [False] * len(items), cutting.seen
        parent.started(answers[0])
        call = CallRow(2, 1, EPOCH, b"f")
        assert of.commit([parent.turn(consumed=answers[0].inbox, dropped_timers=[1], calls=[call])])[0].accepted
        held = of.load(parent.run)
        assert [item.payload for item in held.inbox] == [b"n"], "each message once"
        assert (held.timers, held.calls, held.row.revision) == ([], [call], 2)
        if not reached:
            return number
    raise AssertionError


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_commit_that_is_cut_at_any_statement_is_done_once(
    cutting: Cutting, cut_store: ServerStore, *, after: bool
) -> None:
    cuts = every_cut(cutting, cut_store, after=after)
    assert cuts > 10, "BEGIN, the turn, look-ups, each table, COMMIT"
    assert cutting.connections == cuts, "one more for each cut"
    rows = cut_store.runs(RunFilter(), limit=1000)
    assert sorted(row.run for row in rows) == list(range(1, 2 * cuts + 1)), "no number is left out or used twice"
    assert all(cut_store.verify(row.run) == [] for row in rows)
    assert cut_store.commits == 2 * cuts


def test_a_commit_whose_answer_is_lost_is_not_done_again(cutting: Cutting, cut_store: ServerStore) -> None:
    book = Book("order/1")
    book.started(cut_store.commit([book.start()])[0])
    cutting.arm(10**9, after=False)
    cut_store.commit([book.turn()])
    commit = cutting.seen.index("COMMIT") + 1
    for after in (False, True):
        cutting.arm(commit, after=after)
        assert cut_store.commit([book.turn()])[0].accepted
        assert cutting.seen.count("COMMIT") == (1 if after else 2)
    assert cut_store.load(book.run).row.revision == book.revision
    assert cut_store.verify(book.run) == []


def test_an_outcome_that_nobody_can_tell_in_time_stays_open(
    kind: str, cutting: Cutting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(ServerStore(cutting, CrashPoint(), patience=0)) as made:  # type: ignore[arg-type]
        book = Book("order/1")
        book.started(made.commit([book.start()])[0])
        cutting.arm(10**9, after=False)
        made.commit([book.turn()])
        cutting.arm(cutting.seen.index("COMMIT") + 1, after=True)
        real = cutting.connect
        monkeypatch.setattr(cutting, "connect", _unreachable)
        with pytest.raises(CommitUnknown):
            made.commit([book.turn()])
        with pytest.raises(Error, match="cannot be reached") as caught:
            made.find("order/1")
        assert (caught.value.kind, type(caught.value) is CommitUnknown) == (UNAVAILABLE, False)
        monkeypatch.setattr(cutting, "connect", real)
        row = made.find("order/1")
        assert row is not None
        assert row.revision == book.revision, "it was written"
        assert made.commit([book.turn()])[0].accepted
    assert kind


def _unreachable() -> Any:
    from actorflow.store.server import TryAgain  # noqa: PLC0415 - what a driver's error becomes

    raise TryAgain("the server cannot be reached")


def test_a_reader_whose_connection_is_cut_reads_on_another_one(cutting: Cutting, cut_store: ServerStore) -> None:
    book = Book("order/1")
    book.started(cut_store.commit([book.start()])[0])
    with closing(cut_store.reader()) as reader:
        assert reader.load(book.run).row.workflow_id == "order/1"
        for number in range(1, 6):
            cutting.arm(number, after=False)
            assert reader.load(book.run).row.workflow_id == "order/1"
        cutting.arm(1, after=False)
        assert reader.snapshot(lambda one: one.load(book.run)).row.revision == 1
        cutting.arm(2, after=False)
        with pytest.raises(Error) as caught:  # what it has read belongs to another moment
            reader.snapshot(lambda one: one.load(book.run))
        assert (caught.value.kind, caught.value.retryable) == (UNAVAILABLE, True)
        assert reader.snapshot(lambda one: one.load(book.run)).row.revision == 1


def test_a_deadlock_is_tried_again(kind: str) -> None:
    """Two that wait for each other: the server undoes one, which is then done after the other."""
    with closing(store(kind)) as made, closing(shared(made)) as other:
        book = Book("order/1")
        book.started(made.commit([book.start()])[0])
        with connected(made.dialect.url) as rival:  # type: ignore[attr-defined]
            rival.execute("BEGIN")
            rival.execute("UPDATE run SET updated = updated")
            from threading import Thread  # noqa: PLC0415 - here alone

            answers: list[Any] = []
            thread = Thread(target=lambda: answers.extend(other.commit([book.turn()])))
            thread.start()
            waiting = (
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                if kind == "postgres"
                else "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            )
            with connected(made.dialect.url) as looking:  # type: ignore[attr-defined]
                while not looking.execute(waiting).fetchone()[0]:
                    time.sleep(0.2)  # InnoDB tells what it told last to whoever asks again within a tenth of a second
            try:
                rival.execute("UPDATE turnstile SET number = number")
            except Exception:  # noqa: BLE001 - one of the two is undone, and which one is the server's choice
                assert not answers
            rival.execute("ROLLBACK")
            thread.join()
        assert [answer.accepted for answer in answers] == [True]
        assert made.load(book.run).row.revision == 2


@pytest.mark.slow
def test_a_writer_that_stands_still_in_its_transaction_is_put_out(kind: str) -> None:
    with closing(store(kind)) as made, closing(shared(made)) as still:
        book = Book("order/1")
        book.started(made.commit([book.start()])[0])
        still.claim(HOST)
        held = still._connection().cursor()  # noqa: SLF001 - a process that is stopped at this very point
        still.dialect.begin(held)
        assert made.commit([book.turn(lease=1)])[0].accepted, "after the server has given up waiting"
        late = Book("order/2")
        assert still.commit([late.start()])[0].accepted, "it goes on, on a new connection"
