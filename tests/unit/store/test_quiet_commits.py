"""Commits that concern nobody but their writer: what other stores remember stays true, and is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from actorflow.run.state import COMPLETED
from actorflow.run.turn import ChangeRun, Transact
from actorflow.store.crash import CrashPoint
from actorflow.store.server import ServerStore, TryAgain
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from tests.crash.cutting import Cutting, Flights
from tests.databases import emptied
from tests.unit.resource.test_servers import on_server

pytestmark = on_server
OTHER = "test:elsewhere"


@pytest.fixture
def url() -> Any:
    return emptied("postgres")


@pytest.fixture
def counted(url: Any) -> Cutting:
    return Cutting(url)


@pytest.fixture
def mine(counted: Cutting) -> Iterator[ServerStore]:
    with closing(ServerStore(counted, CrashPoint())) as made:  # type: ignore[arg-type] # it is one by its attributes
        yield made


@pytest.fixture
def theirs(mine: ServerStore, url: Any) -> Iterator[ServerStore]:
    with closing(ServerStore(Cutting(url), CrashPoint())) as made:  # type: ignore[arg-type]
        made.claim(OTHER)
        mine.claim(HOST)
        yield made


def begun(store: ServerStore, name: str, host: str = HOST) -> Book:
    book = Book(name, host=host, lease=1)
    book.started(store.commit([book.start()])[0])
    return book


def asked(counted: Cutting, store: ServerStore, items: list[Any]) -> list[str]:
    """Commit, and return the queries of that."""
    counted.arm(10**9, after=False)
    assert all(answer.accepted for answer in store.commit(items))
    return [text for text in counted.seen if text.startswith("SELECT")]


def test_the_own_commits_of_others_are_no_reason_to_look_anything_up(
    counted: Cutting, mine: ServerStore, theirs: ServerStore
) -> None:
    book, other = begun(mine, "order/1"), begun(theirs, "order/2", OTHER)
    assert (book.run, other.run) == (1, 2), "a start has looked everything up"
    book = begun(mine, "order/3")
    assert theirs.commit([other.turn()])[0].accepted
    late = begun(theirs, "order/4", OTHER)
    assert asked(counted, mine, [book.turn()]) == [], "it knows its run"
    assert begun(mine, "order/5").run == late.run + 1, "the numbers are everybody's"
    assert theirs.commit([other.turn(COMPLETED)])[0].accepted
    assert asked(counted, mine, [book.turn()]) == []


def test_what_others_do_with_a_run_of_mine_is_looked_up(
    counted: Cutting, mine: ServerStore, theirs: ServerStore
) -> None:
    book = begun(mine, "order/1")
    assert theirs.commit([ChangeRun(verb="pause", at=EPOCH, run=book.run, reason="look")])[0].accepted
    late = book.turn()
    assert mine.commit([late])[0].refusal == "revision"
    assert theirs.commit([message("order/1", b"m")])[0].accepted
    begun(theirs, "order/2", OTHER)
    counted.arm(10**9, after=False)
    begun(mine, "order/3")
    assert any("FROM host_lease" in text for text in counted.seen), "it has forgotten everything"


def test_who_takes_a_host_over_is_believed(mine: ServerStore, theirs: ServerStore) -> None:
    book = begun(mine, "order/1")
    assert mine.commit([book.turn()])[0].accepted
    theirs.claim(HOST)
    assert mine.commit([book.turn()])[0].refusal == "lease"


def test_a_run_of_others_is_not_remembered(mine: ServerStore, theirs: ServerStore) -> None:
    other = begun(theirs, "order/2", OTHER)
    assert mine.commit([message("order/2", b"m")])[0].accepted, "it has read its row"
    assert theirs.commit([other.turn()])[0].accepted
    change = ChangeRun(verb="pause", at=EPOCH, run=other.run, reason="look", revision=other.revision)
    assert mine.commit([change])[0].accepted, "it has read it again"


def test_a_plain_commit_is_two_flights(counted: Cutting, mine: ServerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    mine.claim(HOST)
    book = begun(mine, "order/1")
    flights: list[int] = []
    real = Flights.fly
    monkeypatch.setattr(Flights, "fly", lambda self, texts: flights.append(len(texts)) or real(self, texts))
    assert mine.commit([book.turn()])[0].accepted
    assert mine.commit([Book("order/2").start()])[0].accepted
    assert (len(flights), counted.connections) == (4, 1)


def test_a_server_that_has_forgotten_its_statements_is_told_them_again(mine: ServerStore) -> None:
    book = begun(mine, "order/1")
    assert mine.commit([book.turn()])[0].accepted
    mine.alone(lambda cursor: cursor.execute("DEALLOCATE ALL"))
    assert mine.commit([book.turn()])[0].accepted
    assert mine.load(book.run).row.revision == book.revision


def test_a_row_that_cannot_be_stored_is_nobody_elses_matter(mine: ServerStore) -> None:
    """Its error comes with the COMMIT: the transaction is undone, and the connection of use."""
    with pytest.raises(Exception, match="0x00") as caught:
        mine.commit([Book("order/1").start(entry="a\0b")])
    assert not isinstance(caught.value, TryAgain)
    assert begun(mine, "order/1").run == 1


def test_work_that_fails_leaves_the_statements_prepared(counted: Cutting, mine: ServerStore) -> None:
    def fail(_cursor: Any) -> bytes:
        raise ValueError("no")

    for number in range(4):
        book = begun(mine, f"order/{number}")
        assert mine.commit([Transact(book.run, 1, 1, EPOCH, fail, 4.0)])[0].refusal == "failed"
    known = dict(mine._connection().statements)  # noqa: SLF001 - what is prepared
    book = begun(mine, "order/9")
    assert mine.commit([book.turn()])[0].accepted
    assert known.items() <= mine._connection().statements.items()  # noqa: SLF001
    assert counted.connections == 1
