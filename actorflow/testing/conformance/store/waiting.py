"""Deliveries, timers and calls that wait."""

from __future__ import annotations

from typing import Any, Final

from actorflow.run.state import COMPLETED, CREATED, PAUSED, WAITING
from actorflow.run.turn import EXPIRY, RELEASE, CallRow, ChangeRun, Delivery, KeepCalls
from actorflow.store.port import Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import Case, begin, begin_one, expect, expect_true


def deliveries_keep_their_order(store: Store) -> None:
    """Inbox rows come in order of arrival, over batches; ids only grow, also past consumed ones."""
    book = begin_one(store)
    payloads = [bytes([number]) for number in range(6)]
    first = store.commit([message("order/1", payload) for payload in payloads[:3]])
    consumed = [number for answer in first for number in answer.inbox]
    second = store.commit(
        [book.turn(consumed=consumed[:2]), *(message("order/1", payload) for payload in payloads[3:])]
    )
    numbers = consumed + [number for answer in second for number in answer.inbox]
    expect("ids grow", numbers, sorted(set(numbers)))
    expect("order", [item.payload for item in store.inbox(book.run)], payloads[2:])
    expect("after", [item.payload for item in store.inbox(book.run, numbers[3])], payloads[4:])
    store.commit([book.turn(consumed=numbers[2:])])
    (answer,) = store.commit([message("order/1")])
    expect_true("an id is never used again", answer.inbox[0] > numbers[-1])


def consuming_touches_own_rows_only(store: Store) -> None:
    """A turn cannot consume what another run was sent."""
    book, other = begin(store, "order/1", "order/2")
    (sent,) = store.commit([message("order/2")])
    store.commit([book.turn(consumed=sent.inbox)])
    expect("still there", [item.id for item in store.inbox(other.run)], sent.inbox)


def timers_come_due_in_order(store: Store) -> None:
    """Earliest first, up to and with the moment asked for, per host; paused runs keep theirs."""
    one, two = begin(store, "order/1", "order/2")
    away = Book("order/3", host="test:other")
    away.started(store.commit([away.start()])[0])
    store.commit(
        [
            one.turn(timers=[(1, EPOCH + 30), (2, EPOCH + 10)]),
            two.turn(timers=[(1, EPOCH + 20)]),
            away.turn(timers=[(1, EPOCH)]),
        ]
    )
    due = [(one.run, 2, EPOCH + 10), (two.run, 1, EPOCH + 20)]
    expect("due", store.due_timers(HOST, EPOCH + 20), due)
    expect("limit", store.due_timers(HOST, EPOCH + 99, 1), due[:1])
    expect("next", (store.next_due(HOST), store.next_due("test:none")), (EPOCH + 10, None))
    store.commit([one.turn(PAUSED, dropped_timers=[1], timers=[(2, EPOCH + 15)])])
    expect("without paused", (store.due_timers(HOST, EPOCH + 99), store.next_due(HOST)), (due[1:], EPOCH + 20))
    store.commit([one.turn(WAITING)])
    expect("resumed, moved", store.due_timers(HOST, EPOCH + 99), [(one.run, 2, EPOCH + 15), due[1]])


def releases_of_some_queues_come_due(store: Store) -> None:
    """What lets runs begin is left out for queues that are not named, but for those that stand in line."""
    books = [Book(f"order/{queue}") for queue in ("default", "night", "lined")]
    lines: list[dict[str, Any]] = [{}, {"queue": "night"}, {"queue": "night", "locks": ["@lock/a"]}]
    for book, more in zip(books, lines, strict=True):
        begins = book.start(state=CREATED, timers=[(RELEASE, EPOCH), (EXPIRY, EPOCH + 9)], **more)
        book.started(store.commit([begins])[0])
    runs = [book.run for book in books]
    for queues, expected in ((None, runs), (["night"], runs[1:]), (["default"], [runs[0], runs[2]]), ([], runs[2:])):
        found = [run for run, ref, _ in store.due_timers(HOST, EPOCH, 99, queues) if ref == RELEASE]
        expect(f"of {queues}", found, sorted(expected) if queues is None or queues else expected)
        expiries = [run for run, ref, _ in store.due_timers(HOST, EPOCH + 9, 99, queues) if ref == EXPIRY]
        expect("what ends them", expiries, runs)


def lines_are_served_by_priority(store: Store) -> None:
    """Who waits for a lock key gets it by priority, then by arrival."""
    holder, *waiting = (Book(f"order/{name}") for name in range(4))
    for book, priority in zip((holder, *waiting), (0, 0, 5, 5), strict=True):
        book.started(store.commit([book.start(state=CREATED, locks=["@lock/a"], priority=priority)])[0])
    served = []
    for last in (holder, *(waiting[place] for place in (1, 2, 0))):
        store.commit([ChangeRun("terminate", last.run, at=EPOCH, end=b"\x01")])
        served += [book.run for book in waiting if book.run not in served and not store.wanted(book.run)]
    expect("order", served, [waiting[place].run for place in (1, 2, 0)])


def calls_come_due_in_order(store: Store) -> None:
    """A waiting call is one row per request, replaced by its next attempt; `next_due` counts them too."""
    book = begin_one(store)
    store.commit([book.turn(calls=[CallRow(3, 1, EPOCH + 5, b"a"), CallRow(4, 1, EPOCH + 9)], timers=[(1, EPOCH + 8)])])
    expect("next", store.next_due(HOST), EPOCH + 5)
    later = CallRow(3, 2, EPOCH + 20, b"b")
    store.commit([book.turn(calls=[later], dropped_calls=[4])])
    expect("not yet", store.due_calls(HOST, EPOCH + 19), [])
    expect("due", store.due_calls(HOST, EPOCH + 20), [(book.run, later)])
    expect("next", store.next_due(HOST), EPOCH + 8)
    expect("loaded", store.load(book.run).calls, [later])


def rows_of_calls_are_kept_beside_turns(store: Store) -> None:
    """The owner of an open run stores rows of calls without a turn; others, and those of ended runs, are refused."""
    book = begin_one(store)
    row = CallRow(3, 2, EPOCH + 5, b"a", EPOCH + 4, b"details", 2)
    kept, late = store.commit([KeepCalls(book.run, book.lease, [row]), KeepCalls(book.run, book.lease + 1, [row])])
    expect("kept", (kept.accepted, late.refusal), (True, "lease"))
    expect("loaded", store.load(book.run).calls, [row])
    store.commit([book.turn(dropped_calls=[3])])
    expect("its revision is the same, and a turn drops it", store.load(book.run).calls, [])
    store.commit([KeepCalls(book.run, book.lease, [row]), book.turn(state=COMPLETED, result=b"")])
    expect("gone with the run", store.load(book.run).calls, [])
    (ended,) = store.commit([KeepCalls(book.run, book.lease, [row])])
    expect("of an ended run", ended.refusal, "unknown")


def a_resume_may_bring_answers_and_calls(store: Store) -> None:
    """What a person decides about a call of a paused run is in its inbox or its rows with the resume itself."""
    book = begin_one(store)
    row, again = CallRow(3, 2, EPOCH, b"a", EPOCH), CallRow(4, 2, EPOCH)
    store.commit(
        [ChangeRun("pause", book.run, at=EPOCH), KeepCalls(book.run, book.lease, [row, CallRow(4, 2, EPOCH, b"", 1)])]
    )
    answer = Delivery("", "FunctionCompleted", payload=b"v", at=EPOCH, run=book.run, ref=3)
    change = ChangeRun("resume", book.run, at=EPOCH, facts=[answer], dropped_calls=[3], calls=[again])
    (resumed,) = store.commit([change])
    held = store.load(book.run)
    expect("inbox", [(item.id, item.ref, item.payload) for item in held.inbox], [(*resumed.inbox, 3, b"v")])
    expect("calls", held.calls, [again])


CASES: Final[tuple[Case, ...]] = (
    deliveries_keep_their_order,
    consuming_touches_own_rows_only,
    timers_come_due_in_order,
    releases_of_some_queues_come_due,
    lines_are_served_by_priority,
    calls_come_due_in_order,
    rows_of_calls_are_kept_beside_turns,
    a_resume_may_bring_answers_and_calls,
)
