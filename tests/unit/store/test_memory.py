"""What only the store in memory does: it forgets."""

from __future__ import annotations

from actorflow.run.state import FAILED, PENDING
from actorflow.store.memory import MemoryStore
from actorflow.testing.conformance.items import Book


def started(store: MemoryStore, name: str) -> Book:
    book = Book(name)
    return book.started(store.commit([book.start()])[0])


def test_the_oldest_ended_runs_are_forgotten_and_open_ones_never() -> None:
    store = MemoryStore(kept=2)
    stays = started(store, "open")
    ended = [started(store, f"order/{number}") for number in range(4)]
    for book in ended:
        store.commit([book.finish()])
    assert [store.find(book.run_id) is not None for book in ended] == [False, False, True, True]
    assert store.find("order/0") is None
    assert store.journal(ended[0].run) == []
    assert store.verify(stays.run) == []


def test_a_run_that_was_opened_again_is_not_forgotten() -> None:
    store = MemoryStore(kept=1)
    back = started(store, "order/1")
    store.commit([back.finish(FAILED, "RunFailed")])
    store.commit([back.turn(PENDING, [])])
    for number in range(2, 5):
        store.commit([started(store, f"order/{number}").finish()])
    assert store.verify(back.run) == []


def test_numbers_are_never_used_twice() -> None:
    store = MemoryStore(kept=0)
    first = started(store, "order/1")
    store.commit([first.finish()])
    assert started(store, "order/1").run == first.run + 1
