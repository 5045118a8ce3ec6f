"""What the cases share: comparing, and runs to begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from actorflow.store.port import Store
from actorflow.testing.conformance.items import Book

Case: TypeAlias = Callable[[Store], None]


def expect(what: str, got: Any, wanted: Any) -> None:
    """Raise AssertionError unless `got` equals `wanted`."""
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def expect_true(what: str, got: object) -> None:
    """Raise AssertionError unless `got` is true."""
    expect(what, bool(got), wanted=True)


def begin(store: Store, *names: str, **changes: Any) -> list[Book]:
    """Start a run of each name in one batch; returns what the case keeps of each."""
    books = [Book(name) for name in names]
    answers = store.commit([book.start(**changes) for book in books])
    return [book.started(answer) for book, answer in zip(books, answers, strict=True)]


def begin_one(store: Store, name: str = "order/1", **changes: Any) -> Book:
    """Start one run."""
    return begin(store, name, **changes)[0]
