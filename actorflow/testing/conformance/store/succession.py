"""Runs that continue as new ones."""

from __future__ import annotations

from typing import Any, Final

from actorflow.run.event import CANCEL_REQUESTED, PROCESS_EXITED, REQUEST_SETTLED, RUN_CONTINUED
from actorflow.run.state import COMPLETED
from actorflow.run.turn import CallRow, Committed, Delivery
from actorflow.store.port import Store
from actorflow.testing.conformance.items import EPOCH, Book, message
from actorflow.testing.conformance.store.case import Case, begin_one, expect


def _continue(store: Store, book: Book, number: int, **changes: Any) -> tuple[Book, Committed]:
    successor = Book(book.workflow_id, f"{book.workflow_id} run {number}")
    (answer,) = store.commit([book.finish(kind=RUN_CONTINUED, successor=successor.start(), **changes)])
    assert answer.successor is not None  # noqa: S101 - narrows the type
    return successor.started(answer.successor), answer


def a_run_continues_as_a_new_one(store: Store) -> None:
    """Its end and the start of the other are one commit; the chain is known from both sides."""
    first = begin_one(store)
    store.commit([first.turn(timers=[(1, EPOCH)], calls=[CallRow(2, 1, EPOCH)])])
    second, _ = _continue(store, first, 2)
    third, _ = _continue(store, second, 3)
    found = store.find("order/1")
    expect("holder", found and found.run, third.run)
    expect("states", [store.load(book.run).row.state for book in (first, second)], [COMPLETED, COMPLETED])
    expect("neighbours", store.continued(second.run), (first.run_id, third.run_id))
    expect("ends", (store.continued(first.run)[0], store.continued(third.run)[1]), ("", ""))
    for book in (first, second, third):
        expect("chain", [row.run for row in store.chain(book.run)], [first.run, second.run, third.run])
        expect("verify", store.verify(book.run), [])
    expect("page", [row.run for row in store.chain(third.run, first.run, 1)], [second.run])
    expect("alone", [row.run for row in store.chain(begin_one(store, "order/2").run)], [third.run + 1])


def the_inbox_goes_over(store: Store) -> None:
    """What was not consumed and is a message, an end or a cancel goes over in order; answers are deleted."""
    book = begin_one(store)
    kinds = (REQUEST_SETTLED, PROCESS_EXITED, CANCEL_REQUESTED)
    others = [Delivery("", kind, run=book.run, ref=7, at=EPOCH) for kind in kinds]
    answers = store.commit([message("order/1", b"\x01"), message("order/1", b"\x02"), *others])
    second, _ = _continue(store, book, 2, consumed=[answers[0].inbox[0]])
    store.commit([message("order/1", b"\x03")])
    left = [(row.kind, row.ref, row.payload) for row in store.inbox(second.run)]
    expect("kinds", [kind for kind, _, _ in left], [left[0][0], PROCESS_EXITED, CANCEL_REQUESTED, left[0][0]])
    expect("refs", [ref for _, ref, _ in left], [0, 0, 0, 0])
    expect("messages", (left[0][2], left[3][2]), (b"\x02", b"\x03"))
    expect("old inbox", store.inbox(book.run), [])


def what_is_for_a_run_reaches_its_successor(store: Store) -> None:
    """A delivery by run number goes on along the chain, in one batch and later; an answer does not, nor further."""
    first = begin_one(store)
    exited = Delivery("", PROCESS_EXITED, run=first.run, ref=3, at=EPOCH)
    successor = Book("order/1", "order/1 run 2")
    turn = first.finish(kind=RUN_CONTINUED, successor=successor.start())
    answer, together = store.commit([turn, exited])
    assert answer.successor is not None  # noqa: S101 - narrows the type
    second = successor.started(answer.successor)
    (later,) = store.commit([Delivery("", PROCESS_EXITED, run=first.run, ref=3, at=EPOCH)])
    expect("to whom", (together.run, later.run), (second.run, second.run))
    expect("refs", [row.ref for row in store.inbox(second.run)], [0, 0])
    (settled,) = store.commit([Delivery("", REQUEST_SETTLED, run=first.run, ref=3, at=EPOCH)])
    expect("an answer", (settled.accepted, settled.refusal), (False, "unknown"))
    store.commit([second.finish(), Book("order/1", "another").start()])
    (late,) = store.commit([Delivery("", PROCESS_EXITED, run=first.run, ref=3, at=EPOCH)])
    expect("after the chain", (late.accepted, late.refusal), (False, "unknown"))


def an_outdated_turn_continues_nothing(store: Store) -> None:
    """A turn that is refused starts no successor."""
    book = begin_one(store)
    turn = book.finish(kind=RUN_CONTINUED, successor=Book("order/1", "next").start())
    turn.revision += 1
    (answer,) = store.commit([turn])
    expect("answer", (answer.accepted, answer.refusal, answer.successor), (False, "revision", None))
    expect("next", store.find("next"), None)


CASES: Final[tuple[Case, ...]] = (
    a_run_continues_as_a_new_one,
    the_inbox_goes_over,
    what_is_for_a_run_reaches_its_successor,
    an_outdated_turn_continues_nothing,
)
