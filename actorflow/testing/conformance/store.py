"""What every store must do, whatever database it keeps its rows in.

Call `check_store` from a test of your own adapter, or run the `CASES` one by one for a report of each.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from operator import methodcaller
from typing import Any, Final, TypeAlias

from actorflow.errors import NOT_FOUND, Error
from actorflow.run.event import FUNCTION_CALLED, MESSAGE_RECEIVED
from actorflow.run.state import CANCELLED, COMPLETED, CREATED, FAILED, PAUSED, PENDING, WAITING
from actorflow.run.turn import CallRow, OpenRun, StateChange
from actorflow.store.port import RunFilter, Store
from actorflow.testing.conformance.items import BUNDLE, EPOCH, HOST, Book, message

MakeStore: TypeAlias = Callable[[], Store]
Case: TypeAlias = Callable[[Store], None]


def check_store(make_store: MakeStore) -> None:
    """Run every case on a store of its own.

    Args:
        make_store: returns a new, empty store each time; it is closed after its case.

    Raises:
        AssertionError: naming what was got and what was expected.
    """
    for case in CASES:
        with closing(make_store()) as store:
            case(store)


def expect(what: str, got: Any, wanted: Any) -> None:
    """Raise AssertionError unless `got` equals `wanted`."""
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def expect_true(what: str, got: object) -> None:
    """Raise AssertionError unless `got` is true."""
    expect(what, bool(got), wanted=True)


def _begin(store: Store, *names: str, **changes: Any) -> list[Book]:
    books = [Book(name) for name in names]
    answers = store.commit([book.start(**changes) for book in books])
    return [book.started(answer) for book, answer in zip(books, answers, strict=True)]


def _begin_one(store: Store, name: str = "order/1", **changes: Any) -> Book:
    return _begin(store, name, **changes)[0]


# ---- starts --------------------------------------------------------------------------------------------------------


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
    book = _begin_one(store)
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
    """With `use_existing` the open run is the answer, and gets the messages."""
    book = _begin_one(store)
    (answer,) = store.commit([Book("order/1", "other").start(use_existing=True, messages=[message("", b"\x07")])])
    expect("answer", (answer.accepted, answer.existing, answer.run_id), (True, True, book.run_id))
    expect("message", [item.payload for item in store.inbox(book.run)], [b"\x07"])
    expect("one row", len(store.runs(RunFilter())), 1)


# ---- turns ---------------------------------------------------------------------------------------------------------


def a_turn_is_atomic(store: Store) -> None:
    """Everything a turn says is there afterwards."""
    book, other = _begin(store, "order/1", "order/2")
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
    book, other = _begin(store, "order/1", "order/2")
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
    book = _begin_one(store)
    turns = [book.turn(timers=[(1, EPOCH)]), book.turn(dropped_timers=[1]), book.turn(timers=[(1, EPOCH + 5)])]
    expect("accepted", [answer.accepted for answer in store.commit(turns)], [True] * 3)
    held = store.load(book.run)
    expect("row", (held.row.revision, held.row.last_seq, held.timers), (4, 4, [(1, EPOCH + 5)]))
    expect("verify", store.verify(book.run), [])


def a_journal_has_no_gaps(store: Store) -> None:
    """Events that do not continue the journal are refused; so is a start without events."""
    book = _begin_one(store)
    book.seq += 1
    gap, empty = store.commit([book.turn(), Book("order/2").start(events=[])])
    expect("refusals", (gap.refusal, empty.refusal), ("journal", "journal"))
    expect("journal", [event.seq for event in store.journal(book.run)], [1])
    expect("verify", store.verify(book.run), [])


def an_unknown_run_is_refused(store: Store) -> None:
    """Turns and deliveries that reach nothing are refused; loading is NotFound."""
    book = _begin_one(store)
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


# ---- the end -------------------------------------------------------------------------------------------------------


def an_ended_run_is_let_go(store: Store) -> None:
    """Its workflow id is free, its timers and calls are gone, deliveries are refused, its row stays."""
    book = _begin_one(store)
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
    parent, child = _begin(store, "order/1", "order/1/child")
    (answer,) = store.commit([child.finish(deliveries=[message("", b"\x05", run=parent.run)])])
    expect("delivered", [item.accepted for item in answer.deliveries], [True])
    expect("who has deliveries", (store.inbox_runs(HOST), store.inbox_runs("test:other")), ([parent.run], []))
    expect("inbox", [item.payload for item in store.inbox(parent.run)], [b"\x05"])


def a_refused_delivery_has_another(store: Store) -> None:
    """What finds no open run leaves its `otherwise` instead, in the same commit; what finds one does not."""
    first, second = _begin(store, "order/1", "order/2")
    nobody, somebody = message("order/3"), message("order/2", b"\x01")
    for delivery in (nobody, somebody):
        delivery.otherwise = message("", b"\x02", run=first.run)
    (answer,) = store.commit([first.turn(deliveries=[nobody, somebody])])
    refused, accepted = answer.deliveries
    expect("refused", (refused.accepted, refused.refusal, refused.run), (False, "unknown", first.run))
    expect("its other", [(item.id, item.payload) for item in store.inbox(first.run)], [(refused.inbox[0], b"\x02")])
    expect("accepted", (accepted.accepted, [item.payload for item in store.inbox(second.run)]), (True, [b"\x01"]))


def events_of_open_runs_by_kind(store: Store) -> None:
    """The events of some kinds are listed over all open runs of a host, and of no others."""
    first, second = _begin(store, "order/1", "order/2")
    told = [book.event(MESSAGE_RECEIVED, b"\x01") for book in (first, second)]
    store.commit([first.turn(events=told[:1]), second.turn(events=told[1:])])
    expect("of both", store.events(HOST, (MESSAGE_RECEIVED,)), [("order/1", told[0]), ("order/2", told[1])])
    expect("of other hosts", store.events("test:other", (MESSAGE_RECEIVED,)), [])
    store.commit([first.finish()])
    expect("of the open one", store.events(HOST, (MESSAGE_RECEIVED,)), [("order/2", told[1])])


def a_failed_run_can_be_opened_again(store: Store) -> None:
    """A turn back to an open state takes the workflow id again, unless another run holds it."""
    book = _begin_one(store)
    store.commit([book.finish(FAILED, "RunFailed")])
    back = book.turn(PENDING, [], change=StateChange(PENDING, EPOCH, "retry", "me"))
    (answer,) = store.commit([back])
    expect("reopened", (answer.accepted, [row.run for row in store.open_runs(HOST)]), (True, [book.run]))
    store.commit([book.finish(FAILED, "RunFailed"), Book("order/1", "other").start()])
    (answer,) = store.commit([book.turn(PENDING, [])])
    expect("held by another", (answer.accepted, answer.refusal), (False, "exists"))
    expect("verify", store.verify(book.run), [])


# ---- waiting -------------------------------------------------------------------------------------------------------


def deliveries_keep_their_order(store: Store) -> None:
    """Inbox rows come in order of arrival, over batches; ids only grow, also past consumed ones."""
    book = _begin_one(store)
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
    book, other = _begin(store, "order/1", "order/2")
    (sent,) = store.commit([message("order/2")])
    store.commit([book.turn(consumed=sent.inbox)])
    expect("still there", [item.id for item in store.inbox(other.run)], sent.inbox)


def timers_come_due_in_order(store: Store) -> None:
    """Earliest first, up to and with the moment asked for, per host; paused runs keep theirs."""
    one, two = _begin(store, "order/1", "order/2")
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


def calls_come_due_in_order(store: Store) -> None:
    """A waiting call is one row per request, replaced by its next attempt; `next_due` counts them too."""
    book = _begin_one(store)
    store.commit([book.turn(calls=[CallRow(3, 1, EPOCH + 5, b"a"), CallRow(4, 1, EPOCH + 9)], timers=[(1, EPOCH + 8)])])
    expect("next", store.next_due(HOST), EPOCH + 5)
    later = CallRow(3, 2, EPOCH + 20, b"b")
    store.commit([book.turn(calls=[later], dropped_calls=[4])])
    expect("not yet", store.due_calls(HOST, EPOCH + 19), [])
    expect("due", store.due_calls(HOST, EPOCH + 20), [(book.run, later)])
    expect("next", store.next_due(HOST), EPOCH + 8)
    expect("loaded", store.load(book.run).calls, [later])


# ---- reading -------------------------------------------------------------------------------------------------------


def paging_is_stable_under_inserts(store: Store) -> None:
    """Pages neither repeat nor skip a run while others start and end."""
    books = _begin(store, *(f"order/{number}" for number in range(7)))
    seen = store.runs(RunFilter(), 3)
    _begin(store, "late/1", "late/2")
    while page := store.runs(RunFilter(), 3, before=seen[-1].run):
        seen += page
    expect("newest first", [row.run for row in seen], [book.run for book in reversed(books)])
    head = store.open_runs(HOST, limit=4)
    store.commit([books[1].finish(), books[5].finish()])
    rest = store.open_runs(HOST, head[-1].run, 99)
    names = [row.workflow_id for row in head + rest]
    expect("open runs", names, [f"order/{number}" for number in (0, 1, 2, 3, 4, 6)] + ["late/1", "late/2"])
    expect("journal pages", [event.seq for event in store.journal(books[1].run, 1, 1)], [2])


def lists_filter(store: Store) -> None:
    """Every field of the filter narrows; a prefix is taken literally and in its case."""
    one, two, *_rest = _begin(store, "Order/1", "order/1", "order%/2", "over_/3")
    store.commit([one.finish(CANCELLED, "RunCancelled"), two.turn(PAUSED)])

    def names(**fields: str) -> list[str]:
        return [row.workflow_id for row in store.runs(RunFilter(**fields))]

    expect("prefix", names(prefix="order"), ["order%/2", "order/1"])
    expect("prefix with %", names(prefix="order%"), ["order%/2"])
    expect("ended", names(state=CANCELLED), ["Order/1"])
    expect("state and host", names(state=WAITING, host=HOST), ["over_/3", "order%/2"])
    expect("entry", (names(entry="test:none"), names(host="none")), ([], []))
    expect("all", names(state=PAUSED, host=HOST, entry="test:order", prefix="o"), ["order/1"])
    expect("counts", store.counts(), {(HOST, CANCELLED): 1, (HOST, PAUSED): 1, (HOST, WAITING): 2})


def a_reference_finds_a_run(store: Store) -> None:
    """The open run of a workflow id first, then a run id, then the newest ended run of the id."""
    first = _begin_one(store)
    store.commit([first.finish()])
    second = Book("order/1", "second")
    second.started(store.commit([second.start()])[0])
    third = Book("second", "third")
    third.started(store.commit([third.start()])[0])

    def found(reference: str) -> int | None:
        row = store.find(reference)
        return row.run if row else None

    expect("open run", found("order/1"), second.run)
    expect("an open workflow id before a run id", found("second"), third.run)
    expect("run id", found(first.run_id), first.run)
    store.commit([second.finish(), third.finish()])
    expect("newest", found("order/1"), second.run)
    expect("run id before an ended workflow id", found("second"), second.run)
    expect("nothing", found("nothing"), None)


def damage_is_named(store: Store) -> None:
    """`verify` finds a payload that is not the one of its digest, and a chain that does not hold."""
    book = Book("order/1")
    good = book.event("RunStarted", b"\x80")
    changed = Book("order/2", "b")
    bad_payload = changed.event("RunStarted", b"\x80")._replace(payload=b"\x81")
    cut = Book("order/3", "c")
    bad_chain = cut.event(FUNCTION_CALLED)._replace(checksum=b"?" * 16)
    answers = store.commit(
        [book.start(events=[good]), changed.start(events=[bad_payload]), cut.start(events=[bad_chain])]
    )
    faults = [store.verify(answer.run) for answer in answers]
    expect("faults", [len(found) for found in faults], [0, 1, 1])
    expect_true("digest", "digest" in faults[1][0])
    expect_true("chain", "chain" in faults[2][0])


def a_snapshot_sees_what_was_committed(store: Store) -> None:
    """A reader of its own connection sees every commit that came before."""
    with closing(store.reader()) as reader:
        for number in range(3):
            book = _begin_one(store, f"order/{number}")
            held: OpenRun = reader.snapshot(methodcaller("load", book.run))
            expect("seen", held.row.workflow_id, f"order/{number}")
        expect("commits", store.commits, 3)


def any_value_comes_back(store: Store) -> None:
    """Text and bytes come back as they were, whatever they hold."""
    text = "naïve 𝄞 'quote' \"double\" % _ \\ {} \n ;--"
    data = bytes(range(256))
    book = Book(text, text + "id")
    start = book.start(events=[book.event("RunStarted", data, text)], messages=[message("", data)])
    (answer,) = store.commit([start])
    held = store.load(answer.run)
    expect("ids", (held.row.workflow_id, held.row.run_id), (text, text + "id"))
    expect("event", held.events, start.events)
    expect("message", held.inbox[0].payload, data)
    expect("found", [store.find(name) is not None for name in (text, text + "id")], [True, True])
    (again,) = store.commit([Book(text, "other").start()])
    expect("held", again.refusal, "exists")


def an_id_with_a_nul_is_refused(store: Store) -> None:
    """Not every database can keep one: the batch is refused with ValueError, and nothing is written."""
    for item in (Book("order\0").start(), Book("order", "\0").start(), message("a\0b")):
        try:
            store.commit([Book("order/1").start(), item])
        except ValueError as error:
            expect_true("the id is named", "NUL character" in str(error))
        else:
            raise AssertionError("an id with a NUL: got an answer, expected ValueError")
    expect("nothing was written", store.runs(RunFilter()), [])


CASES: Final[tuple[Case, ...]] = (
    a_start_is_a_whole_run,
    starting_twice_is_one_start,
    a_workflow_id_has_one_open_run,
    an_existing_run_can_be_used,
    a_turn_is_atomic,
    a_turn_compares_and_sets,
    turns_of_one_run_may_share_a_batch,
    a_journal_has_no_gaps,
    an_unknown_run_is_refused,
    a_lease_fences_old_owners_off,
    an_ended_run_is_let_go,
    a_parent_hears_in_the_same_commit,
    a_refused_delivery_has_another,
    events_of_open_runs_by_kind,
    a_failed_run_can_be_opened_again,
    deliveries_keep_their_order,
    consuming_touches_own_rows_only,
    timers_come_due_in_order,
    calls_come_due_in_order,
    paging_is_stable_under_inserts,
    lists_filter,
    a_reference_finds_a_run,
    damage_is_named,
    a_snapshot_sees_what_was_committed,
    any_value_comes_back,
    an_id_with_a_nul_is_refused,
)
