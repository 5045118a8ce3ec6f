"""What a turn writes, and when it is refused."""

from __future__ import annotations

from typing import Final

from actorflow.errors import NOT_FOUND, Error
from actorflow.run.state import CREATED, WAITING
from actorflow.run.turn import CallRow, StateChange
from actorflow.store.port import Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import Case, begin, begin_one, expect


def a_turn_is_atomic(store: Store) -> None:
    """Everything a turn says is there afterwards."""
    book, other = begin(store, "order/1", "order/2")
    (sent,) = store.commit([message("order/1")])
    child = Book("order/1/child")
    turn = book.turn(
        consumed=sent.inbox,
        timers=[(5, EPOCH + 50)],
        calls=[CallRow(6, 2, EPOCH + 60, b"why")],
        starts=[child.start(parent_run=book.run, parent_ref=7)],
        deliveries=[message("order/2"), message("order/1/child"), message("nobody")],
        change=StateChange(WAITING, EPOCH + 9, "why", "me"),
        waits=b"\x81\x01",
    )
    (answer,) = store.commit([turn])
    held = store.load(book.run)
    row = held.row
    expect("row", (row.state, row.revision, row.updated, row.reason), (WAITING, 2, EPOCH + 9, "why"))
    expect("waits, result", (row.waits, row.result), (b"\x81\x01", None))
    expect("journal", [event.seq for event in held.events], [1, 2])
    expect("inbox", held.inbox, [])
    expect("timers, calls", (held.timers, held.calls), ([(5, EPOCH + 50)], turn.calls))
    expect("child", [started.accepted for started in answer.starts], [True])
    born = store.load(answer.starts[0].run).row
    expect("parent", (born.parent_run, born.parent_ref), (book.run, 7))
    expect("deliveries", [part.refusal for part in answer.deliveries], ["", "", "unknown"])
    expect("delivered", (len(store.inbox(other.run)), len(store.inbox(born.run))), (1, 1))
    expect("history", [change.state for change in store.history(book.run)], [CREATED, WAITING])
    expect("verify", [store.verify(run) for run in (book.run, other.run, born.run)], [[], [], []])


def a_turn_compares_and_sets(store: Store) -> None:
    """A turn on another revision is refused whole, and its neighbours are not."""
    book, other = begin(store, "order/1", "order/2")
    stale = book.turn(timers=[(1, EPOCH)], deliveries=[message("order/2")], starts=[Book("order/3").start()])
    stale.revision = 7
    answers = store.commit([stale, other.turn()])
    expect("answers", [(item.accepted, item.refusal) for item in answers], [(False, "revision"), (True, "")])
    held = store.load(book.run)
    expect("row", (held.row.revision, held.row.last_seq, held.timers), (1, 1, []))
    expect("no delivery, no child", (store.inbox(other.run), store.find("order/3")), ([], None))
    stale.revision = 1
    first, second = store.commit([stale, stale])
    expect("once only", (first.accepted, second.refusal), (True, "revision"))


def turns_of_one_run_may_share_a_batch(store: Store) -> None:
    """Each turn sees what its predecessor in the batch left, from the start on."""
    book = begin_one(store)
    turns = [book.turn(timers=[(1, EPOCH)]), book.turn(dropped_timers=[1]), book.turn(timers=[(1, EPOCH + 5)])]
    expect("accepted", [answer.accepted for answer in store.commit(turns)], [True] * 3)
    held = store.load(book.run)
    expect("row", (held.row.revision, held.row.last_seq, held.timers), (4, 4, [(1, EPOCH + 5)]))
    expect("verify", store.verify(book.run), [])


def a_journal_has_no_gaps(store: Store) -> None:
    """Events that do not continue the journal are refused; so is a start without events."""
    book = begin_one(store)
    book.seq += 1
    gap, empty = store.commit([book.turn(), Book("order/2").start(events=[])])
    expect("refusals", (gap.refusal, empty.refusal), ("journal", "journal"))
    expect("journal", [event.seq for event in store.journal(book.run)], [1])
    expect("verify", store.verify(book.run), [])


def an_unknown_run_is_refused(store: Store) -> None:
    """Turns and deliveries that reach nothing are refused; loading is NotFound."""
    book = begin_one(store)
    stray = Book("x")
    stray.run = 99
    answers = store.commit([stray.turn(), message("nobody"), message("", run=99), book.turn()])
    expect("refusals", [answer.refusal for answer in answers], ["unknown", "unknown", "unknown", ""])
    try:
        store.load(99)
    except Error as error:
        expect("kind", error.kind, NOT_FOUND)
    else:
        raise AssertionError("load of an unknown run: got an answer, expected NotFound")
    expect("verify", len(store.verify(99)), 1)


def a_lease_fences_old_owners_off(store: Store) -> None:
    """After a claim only turns with its token are accepted; later starts carry it, whoever starts them."""
    book, theirs = Book("order/1"), Book("order/2", host="test:other")
    for run, answer in zip((book, theirs), store.commit([book.start(), theirs.start()]), strict=True):
        run.started(answer)
    token = store.claim(HOST, 41)
    expect("token", token, 41)
    late = book.turn()
    refused, other = store.commit([late, theirs.turn()])
    expect("late turn", (refused.refusal, other.accepted), ("lease", True))
    late.lease = token
    born = Book("order/3")
    answers = store.commit([late, born.start()])
    expect("with the token", [answer.accepted for answer in answers], [True, True])
    expect("a new run's lease", store.load(answers[1].run).row.lease, token)
    expect("a token is never given twice", store.claim(HOST, 5), 42)


def a_batch_at_once_is_a_commit_or_nothing(store: Store) -> None:
    """What is committed without waiting for anybody is as any other commit; a store that must wait does nothing."""
    book = begin_one(store)
    turn, count = book.turn(), store.commits
    answers = store.commit_at_once([turn, message("order/1")])
    if answers is None:
        expect("commits", store.commits, count)
        answers = store.commit([turn, message("order/1")])
    expect("answers", [answer.accepted for answer in answers], [True, True])
    expect("commits", store.commits, count + 1)
    held = store.load(book.run)
    expect("journal, inbox", (len(held.events), len(held.inbox)), (2, 1))
    expect("the next commit knows of it", store.commit([turn])[0].refusal, "revision")


CASES: Final[tuple[Case, ...]] = (
    a_turn_is_atomic,
    a_turn_compares_and_sets,
    turns_of_one_run_may_share_a_batch,
    a_journal_has_no_gaps,
    an_unknown_run_is_refused,
    a_lease_fences_old_owners_off,
    a_batch_at_once_is_a_commit_or_nothing,
)
