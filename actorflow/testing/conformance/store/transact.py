"""Work in the database of the store whose result is delivered by the same commit. A store that cannot says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actorflow.run.event import FUNCTION_COMPLETED
from actorflow.run.turn import Committed, Transact
from actorflow.store.port import Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book
from actorflow.testing.conformance.store.case import Case, begin, begin_one, expect, expect_true

_PAYLOAD: Final = b"\x18\x2a"
_LIMIT: Final = 5.0
_NO: Final = "transaction"
"""How a store refuses that does no work: then it has done none."""


def _item(book: Book, work: Callable[[Any], bytes], **values: Any) -> Transact:
    return Transact(**{"run": book.run, "lease": 0, "ref": 1, "at": EPOCH, "work": work, "limit": _LIMIT, **values})


def _done(_cursor: Any) -> bytes:
    return _PAYLOAD


def _seen(answer: Committed) -> tuple[bool, str]:
    return (answer.accepted, answer.refusal)


def a_result_is_delivered_with_its_work(store: Store) -> None:
    """The result lies in the inbox once the work is done."""
    book = begin_one(store)
    item = _item(book, _done)
    (answer,) = store.commit([item])
    found = [(row.id, row.kind, row.ref, row.payload) for row in store.inbox(book.run)]
    if answer.refusal == _NO:
        expect("nothing was done", (found, item.payload), ([], b""))
        return
    expect("answer", _seen(answer), (True, ""))
    expect("result", item.payload, _PAYLOAD)
    expect("inbox", found, [(answer.inbox[0], FUNCTION_COMPLETED, 1, _PAYLOAD)])


def work_that_fails_leaves_nothing_and_disturbs_nobody(store: Store) -> None:
    """An item whose work raises drops out of the batch alone, with its error."""
    book, other = begin(store, "order/1", "order/2")
    error = ValueError("no")

    def failing(_cursor: Any) -> bytes:
        raise error

    item = _item(book, failing)
    refused, accepted = store.commit([item, _item(other, _done)])
    expect("nothing of it remains", store.inbox(book.run), [])
    if refused.refusal == _NO:
        return
    expect("answers", (_seen(refused), _seen(accepted)), ((False, "failed"), (True, "")))
    expect_true("it has its error", item.error is error)
    expect("the other is done", len(store.inbox(other.run)), 1)


def work_that_nobody_wants_is_not_begun(store: Store) -> None:
    """An item that was dropped, or is of a former owner or of no run, is refused without doing anything."""
    book = begin_one(store)
    done: list[str] = []

    def work(_cursor: Any) -> bytes:
        done.append("done")
        return _PAYLOAD

    items: list[tuple[str, dict[str, Any]]] = [
        ("dropped", {"dropped": True}),
        ("lease", {"lease": store.claim(HOST) + 1}),
        ("unknown", {"run": book.run + 1_000}),
    ]
    for refusal, values in items:
        (answer,) = store.commit([_item(book, work, **values)])
        expect_true(refusal, not answer.accepted and answer.refusal in {refusal, _NO})
    expect("work", (done, store.inbox(book.run)), ([], []))


CASES: Final[tuple[Case, ...]] = (
    a_result_is_delivered_with_its_work,
    work_that_fails_leaves_nothing_and_disturbs_nobody,
    work_that_nobody_wants_is_not_begun,
)
