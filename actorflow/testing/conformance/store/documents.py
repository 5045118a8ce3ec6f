"""Documents: written, compared, deleted and listed, alone and with runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.event import MESSAGE_RECEIVED
from actorflow.run.turn import Delivery
from actorflow.store.port import Store
from actorflow.testing.conformance.items import Book, message
from actorflow.testing.conformance.store.case import Case, expect


def a_document_is_written_and_deleted(store: Store) -> None:
    """Each write counts its revision up; a deleted document begins again."""
    first, second = store.commit([PutDocument("plan", "a", b"1"), PutDocument("plan", "a", b"2", due=7)])
    expect("revisions", (first.revision, second.revision), (1, 2))
    expect("document", store.document("plan", "a"), DocumentRow("plan", "a", 7, 2, b"2"))
    expect("other kind", store.document("other", "a"), None)
    (gone,) = store.commit([PutDocument("plan", "a", None)])
    expect("deleted", (gone.accepted, store.document("plan", "a")), (True, None))
    store.commit([PutDocument("plan", "a", b"3")])
    expect("made anew", store.document("plan", "a"), DocumentRow("plan", "a", 0, 1, b"3"))


def a_document_compares_and_sets(store: Store) -> None:
    """A write with a revision is refused when the document is at another, and says at which."""
    made, again = store.commit([PutDocument("plan", "a", b"1", revision=0), PutDocument("plan", "a", b"2", revision=0)])
    expect("made once", (made.accepted, again.accepted, again.refusal, again.revision), (True, False, "document", 1))
    late, right = store.commit([PutDocument("plan", "a", None, revision=2), PutDocument("plan", "a", b"3", revision=1)])
    expect("compared", (late.accepted, right.accepted, right.revision), (False, True, 2))
    expect("value", store.document("plan", "a"), DocumentRow("plan", "a", 0, 2, b"3"))


def documents_ride_with_runs(store: Store) -> None:
    """They are written by the commit of a start or turn, and not when that is refused."""
    book = Book("order/1")
    (answer,) = store.commit([book.start(documents=[PutDocument("token", "x", b"1")])])
    expect("with the start", (answer.documents[0].revision, store.document("token", "x")), (1, _row("x", 1, b"1")))
    book.started(answer)
    (answer,) = store.commit([book.turn(documents=[PutDocument("token", "x", b"2"), PutDocument("token", "y", b"3")])])
    expect("with the turn", [item.revision for item in answer.documents], [2, 1])
    (refused,) = store.commit([book.turn(revision=77, documents=[PutDocument("token", "x", None)])])
    expect("refused turn", (refused.accepted, store.document("token", "x")), (False, _row("x", 2, b"2")))
    (existing,) = store.commit([Book("order/1", "another").start(on_conflict="return_existing", documents=[_put("z")])])
    expect("existing run", (existing.existing, store.document("token", "z")), (True, None))


def documents_ride_with_deliveries(store: Store) -> None:
    """They are compared and written by the commit of the delivery; one that differs refuses all of it."""
    book = Book("order/1")
    book.started(store.commit([book.start()])[0])
    both = [PutDocument("token", "x", b"1", revision=0), PutDocument("token", "y", b"2")]
    first, second = store.commit([_told(both), _told([PutDocument("token", "y", b"3"), *both[:1]])])
    expect("first", (first.accepted, len(first.inbox)), (True, 1))
    expect("second", (second.accepted, second.refusal, list(second.inbox)), (False, "document", []))
    expect("documents", [row.value for row in store.documents("token")], [b"1", b"2"])
    expect("inbox", len(store.inbox(book.run)), 1)
    nobody = Delivery("nobody", MESSAGE_RECEIVED, documents=[PutDocument("token", "z", b"")])
    (unknown,) = store.commit([nobody])
    expect("unknown run", (unknown.refusal, store.document("token", "z")), ("unknown", None))


def documents_are_listed(store: Store) -> None:
    """By key, in pages; by when they are due, the earliest first."""
    store.commit([_put("b/1", 30), _put("a/2", 20), _put("a/1"), _put("a/3", 20), PutDocument("other", "a/4", b"", 1)])
    keys = [row.key for row in store.documents("token", "a/")]
    expect("prefix", keys, ["a/1", "a/2", "a/3"])
    expect("page", [row.key for row in store.documents("token", after="a/1", limit=2)], ["a/2", "a/3"])
    expect("due", [row.key for row in store.due_documents("token", 29)], ["a/2", "a/3"])
    expect("limit", [row.key for row in store.due_documents("token", 99, limit=1)], ["a/2"])
    expect("next", (store.next_due_document("token"), store.next_due_document("none")), (20, None))


def _told(documents: list[PutDocument]) -> Delivery:
    return replace(message("order/1"), documents=documents)


def _put(key: str, due: int = 0) -> PutDocument:
    return PutDocument("token", key, b"", due)


def _row(key: str, revision: int, value: bytes) -> DocumentRow:
    return DocumentRow("token", key, 0, revision, value)


CASES: Final[tuple[Case, ...]] = (
    a_document_is_written_and_deleted,
    a_document_compares_and_sets,
    documents_ride_with_runs,
    documents_ride_with_deliveries,
    documents_are_listed,
)
