"""Lists, look-ups and checks of what was written."""

from __future__ import annotations

from contextlib import closing
from operator import methodcaller
from typing import Any, Final

from actorflow.run.event import FUNCTION_CALLED
from actorflow.run.state import CANCELLED, CREATED, PAUSED, WAITING
from actorflow.run.turn import CallRow, OpenRun, StateChange
from actorflow.store.port import RunFilter, Store
from actorflow.testing.conformance.items import ENTRY, EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import Case, begin, begin_one, expect, expect_true


def paging_is_stable_under_inserts(store: Store) -> None:
    """Pages neither repeat nor skip a run while others start and end."""
    books = begin(store, *(f"order/{number}" for number in range(7)))
    seen = store.runs(RunFilter(), 3)
    begin(store, "late/1", "late/2")
    while page := store.runs(RunFilter(), 3, before=seen[-1].run):
        seen += page
    expect("newest first", [row.run for row in seen], [book.run for book in reversed(books)])
    head = store.open_runs(HOST, limit=4)
    store.commit([books[1].finish(), books[5].finish()])
    rest = store.open_runs(HOST, head[-1].run, 99)
    held = [(row.workflow_id, row.run, row.state) for row in rest]
    expect("held", (store.held(HOST, head[-1].run, 99), store.held(HOST, head[-1].run, 2)), (held, held[:2]))
    names = [row.workflow_id for row in head + rest]
    expect("open runs", names, [f"order/{number}" for number in (0, 1, 2, 3, 4, 6)] + ["late/1", "late/2"])
    expect("journal pages", [event.seq for event in store.journal(books[1].run, 1, 1)], [2])


def changes_are_watched(store: Store) -> None:
    """A cursor sees every change of every run once, in order; ids are never used again."""
    expect("nothing", (store.last_change(), store.changes(0)), (0, []))
    one, two = begin(store, "order/1", "order/2")
    first = store.changes(0)
    expect("created", [(item.workflow_id, item.state) for item in first], [("order/1", CREATED), ("order/2", CREATED)])
    store.commit(
        [two.finish(CANCELLED, "RunCancelled"), one.turn(PAUSED, [], change=StateChange(PAUSED, 7, "why", "me"))]
    )
    after = store.changes(first[-1].id)
    expect("after", [(item.workflow_id, item.state) for item in after], [("order/2", CANCELLED), ("order/1", PAUSED)])
    paused = after[-1]
    about = (paused.run, paused.at, paused.reason, paused.by, paused.run_id, paused.entry, paused.host)
    expect("about", about, (one.run, 7, "why", "me", one.run_id, ENTRY, HOST))
    expect("page", [item.id for item in store.changes(0, 2)], [item.id for item in first])
    expect("newest", store.last_change(), paused.id)
    expect_true("grow", first[0].id < first[1].id < after[0].id < paused.id)


def lists_filter(store: Store) -> None:
    """Every field of the filter narrows; a prefix is taken literally and in its case."""
    one, two, *_rest = begin(store, "Order/1", "order/1", "order%/2", "over_/3")
    store.commit([one.finish(CANCELLED, "RunCancelled"), two.turn(PAUSED)])

    def names(**fields: Any) -> list[str]:
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
    first = begin_one(store)
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
            book = begin_one(store, f"order/{number}")
            held: OpenRun = reader.snapshot(methodcaller("load", book.run))
            expect("seen", held.row.workflow_id, f"order/{number}")
        expect("commits", store.commits, 3)


def many_runs_load_like_one(store: Store) -> None:
    """What several runs hold is read at once, and is what each of them holds; what does not fit is left out."""
    books = begin(store, *(f"order/{number}" for number in range(4)))
    one, two, three, four = books
    store.commit(
        [
            message(one.workflow_id, b"a"),
            two.turn(timers=[(1, EPOCH + 8), (2, EPOCH + 5)], calls=[CallRow(3, 1, EPOCH + 5, b"a")]),
            message(two.workflow_id, b"b"),
            message(one.workflow_id, b"c"),
            three.finish(),
            four.turn(WAITING, [four.event(FUNCTION_CALLED) for _ in range(9)]),
        ]
    )
    runs = [book.run for book in books]
    loaded = {run: store.load(run) for run in runs}
    expect("messages", [row.payload for row in loaded[one.run].inbox], [b"a", b"c"])
    expect("all", store.load_many([*reversed(runs), 99], 99), [loaded[run] for run in runs])
    longest = max(loaded[run].row.last_seq for run in runs[:3])
    expect("short ones", store.load_many(runs, longest), [loaded[run] for run in runs[:3]])
    expect("some", store.load_many([three.run, one.run], 99), [loaded[one.run], loaded[three.run]])
    expect("none", store.load_many([], 99), [])


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
    paging_is_stable_under_inserts,
    changes_are_watched,
    lists_filter,
    a_reference_finds_a_run,
    damage_is_named,
    a_snapshot_sees_what_was_committed,
    many_runs_load_like_one,
    any_value_comes_back,
    an_id_with_a_nul_is_refused,
)
