"""How runs end, and what is let go then."""

from __future__ import annotations

from typing import Final

from actorflow.run.event import MESSAGE_RECEIVED, NAME_USED, NAMES_CARRIED, REQUEST_SETTLED
from actorflow.run.state import COMPLETED, FAILED, PENDING
from actorflow.run.turn import CallRow, ChangeRun, StateChange
from actorflow.store.port import Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import Case, begin, begin_one, expect


def an_ended_run_is_let_go(store: Store) -> None:
    """Its workflow id is free, its timers and calls are gone, deliveries are refused, its row stays."""
    book = begin_one(store)
    store.commit([book.turn(timers=[(1, EPOCH)], calls=[CallRow(2, 1, EPOCH)])])
    ended, late = store.commit([book.finish(result=b"\x01"), message("order/1")])
    expect("answers", (ended.accepted, late.refusal), (True, "unknown"))
    held = store.load(book.run)
    expect("row", (held.row.state, held.row.result), (COMPLETED, b"\x01"))
    expect("timers, calls", (held.timers, held.calls, store.next_due(HOST)), ([], [], None))
    expect("open runs", store.open_runs(HOST), [])
    found = store.find("order/1")
    expect("found still", found and found.run, book.run)
    expect("verify", store.verify(book.run), [])


def a_parent_hears_in_the_same_commit(store: Store) -> None:
    """A child's last turn carries the delivery to its parent."""
    parent, child = begin(store, "order/1", "order/1/child")
    (answer,) = store.commit([child.finish(deliveries=[message("", b"\x05", run=parent.run)])])
    expect("delivered", [item.accepted for item in answer.deliveries], [True])
    expect("who has deliveries", (store.inbox_runs(HOST), store.inbox_runs("test:other")), ([parent.run], []))
    expect("inbox", [item.payload for item in store.inbox(parent.run)], [b"\x05"])


def a_refused_delivery_has_another(store: Store) -> None:
    """What finds no open run leaves its `otherwise` instead, in the same commit; what finds one does not."""
    first, second = begin(store, "order/1", "order/2")
    nobody, somebody = message("order/3"), message("order/2", b"\x01")
    for delivery in (nobody, somebody):
        delivery.otherwise = message("", b"\x02", run=first.run)
    (answer,) = store.commit([first.turn(deliveries=[nobody, somebody])])
    refused, accepted = answer.deliveries
    expect("refused", (refused.accepted, refused.refusal, refused.run), (False, "unknown", first.run))
    expect("its other", [(item.id, item.payload) for item in store.inbox(first.run)], [(refused.inbox[0], b"\x02")])
    expect("accepted", (accepted.accepted, [item.payload for item in store.inbox(second.run)]), (True, [b"\x01"]))


def names_of_open_runs_are_listed(store: Store) -> None:
    """What the open runs of a host did with names is listed with the answers they got, and nothing of other runs."""
    first, second, third = begin(store, "order/1", "order/2", "order/3")
    used, carried = first.event(NAME_USED, target="a"), second.event(NAMES_CARRIED, b"\x80")
    other, silent = first.event(MESSAGE_RECEIVED), third.event(REQUEST_SETTLED)
    answer = first.event(REQUEST_SETTLED)
    store.commit([first.turn(events=[used, other, answer]), second.turn(events=[carried]), third.turn(events=[silent])])
    named = [("order/1", used), ("order/1", answer), ("order/2", carried)]
    expect("of both", store.naming(HOST), named)
    expect("of other hosts", store.naming("test:other"), [])
    store.commit([first.finish()])
    expect("of the open one", store.naming(HOST), named[2:])


def a_failed_run_can_be_opened_again(store: Store) -> None:
    """A turn back to an open state takes the workflow id again, unless another run holds it."""
    book = begin_one(store)
    store.commit([book.finish(FAILED, "RunFailed")])
    back = book.turn(PENDING, [], change=StateChange(PENDING, EPOCH, "retry", "me"))
    (answer,) = store.commit([back])
    expect("reopened", (answer.accepted, [row.run for row in store.open_runs(HOST)]), (True, [book.run]))
    store.commit([book.finish(FAILED, "RunFailed"), Book("order/1", "other").start()])
    (answer,) = store.commit([book.turn(PENDING, [])])
    expect("held by another", (answer.accepted, answer.refusal), (False, "exists"))
    expect("verify", store.verify(book.run), [])


def sources_that_no_run_refers_to_are_collected(store: Store) -> None:
    """Those of open and of ended runs stay; one that was collected is stored again by the next start."""
    begin_one(store, "order/1", bundle_hash="used", bundle=b"one")
    ended = begin_one(store, "order/2", bundle_hash="kept", bundle=b"two")
    store.commit([ended.finish()])
    gone = begin_one(store, "order/3", bundle_hash="gone", bundle=b"three")
    store.commit([gone.finish(FAILED, "RunFailed")])
    expect("nothing to collect", store.collect_sources(), [])
    store.commit([ChangeRun("purge", at=EPOCH, run=gone.run)])
    expect("dry run", (store.collect_sources(dry_run=True), store.bundle("gone")), ([("gone", 5)], b"three"))
    expect("collected", (store.collect_sources(), store.bundle("gone")), ([("gone", 5)], None))
    expect("others", (store.bundle("used"), store.bundle("kept")), (b"one", b"two"))
    begin_one(store, "order/4", bundle_hash="gone", bundle=b"three")
    expect("stored again", (store.bundle("gone"), store.collect_sources()), (b"three", []))


CASES: Final[tuple[Case, ...]] = (
    an_ended_run_is_let_go,
    a_parent_hears_in_the_same_commit,
    a_refused_delivery_has_another,
    names_of_open_runs_are_listed,
    a_failed_run_can_be_opened_again,
    sources_that_no_run_refers_to_are_collected,
)
