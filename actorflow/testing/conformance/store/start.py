"""How runs begin."""

from __future__ import annotations

from typing import Final

from actorflow.run.identity import RETURN_EXISTING
from actorflow.run.state import CREATED, WAITING
from actorflow.run.turn import StateChange
from actorflow.store.port import RunFilter, Store
from actorflow.testing.conformance.items import BUNDLE, EPOCH, Book, message
from actorflow.testing.conformance.store.case import Case, begin_one, expect, expect_true


def a_start_is_a_whole_run(store: Store) -> None:
    """Row, journal, source and state history come in one commit."""
    book = Book("order/1")
    start = book.start(parent="{local@host|1}", messages=[message(""), message("", b"\x01")])
    (answer,) = store.commit([start])
    expect("accepted", (answer.accepted, answer.existing, answer.refusal), (True, False, ""))
    held = store.load(answer.run)
    row = held.row
    expect("identity", (row.run_id, row.workflow_id, row.entry), (start.run_id, start.workflow_id, start.entry))
    expect("state, revision", (row.state, row.revision), (WAITING, 1))
    expect("times", (row.created, row.updated), (EPOCH, EPOCH))
    expect("end of the journal", (row.last_seq, row.last_checksum), (1, book.checksum))
    expect("journal", held.events, start.events)
    expect(
        "messages",
        [(item.id, item.payload) for item in held.inbox],
        [*zip(answer.inbox, [b"\x80", b"\x01"], strict=True)],
    )
    expect("source", store.bundle("hash"), BUNDLE)
    expect("history", store.history(answer.run), [StateChange(CREATED, EPOCH, by="{local@host|1}")])
    expect("verify", store.verify(answer.run), [])


def starting_twice_is_one_start(store: Store) -> None:
    """The same run id again changes nothing and answers the same run, also after its end and within one batch."""
    book = Book("order/1")
    start = book.start(messages=[message("")])
    first, second = store.commit([start, start])
    expect("second", (second.accepted, second.existing, second.run), (True, True, first.run))
    expect("messages once", len(store.inbox(first.run)), 1)
    store.commit([book.started(first).finish()])
    (third,) = store.commit([start])
    expect("after the end", (third.accepted, third.existing, third.run), (True, True, first.run))
    expect("runs", len(store.runs(RunFilter())), 1)


def a_workflow_id_has_one_open_run(store: Store) -> None:
    """A second start is refused while the first run is open, and a new run when it has ended."""
    book = begin_one(store)
    refused, other = store.commit([Book("order/1", "other").start(messages=[message("")]), Book("order/2").start()])
    expect("refusal", (refused.accepted, refused.refusal, refused.run), (False, "exists", book.run))
    expect("holder", refused.run_id, book.run_id)
    expect_true("its neighbour", other.accepted)
    expect("no message was left", store.inbox(book.run), [])
    expect("no trace of it", store.find("other"), None)
    ended, again = store.commit([book.finish(), Book("order/1", "other").start()])
    expect("end and start in one batch", (ended.accepted, again.accepted, again.existing), (True, True, False))
    found = store.find("order/1")
    expect("the open run is found", found and found.run, again.run)


def an_existing_run_can_be_used(store: Store) -> None:
    """With `return_existing` the open run is the answer, and gets the messages."""
    book = begin_one(store)
    (answer,) = store.commit(
        [Book("order/1", "other").start(on_conflict=RETURN_EXISTING, messages=[message("", b"\x07")])]
    )
    expect("answer", (answer.accepted, answer.existing, answer.run_id), (True, True, book.run_id))
    expect("message", [item.payload for item in store.inbox(book.run)], [b"\x07"])
    expect("one row", len(store.runs(RunFilter())), 1)


CASES: Final[tuple[Case, ...]] = (
    a_start_is_a_whole_run,
    starting_twice_is_one_start,
    a_workflow_id_has_one_open_run,
    an_existing_run_can_be_used,
)
