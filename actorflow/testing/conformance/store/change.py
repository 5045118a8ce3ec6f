"""Changes of a run's state from outside of its turns: what is taken, what is refused, and what each leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import superseded
from actorflow.run.taken import TakenBack
from actorflow.run.turn import CallRow, ChangeRun, Delivery, KeepCalls
from actorflow.store.port import RunFilter, Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import Case, begin_one, expect, expect_true

_LATER: Final = EPOCH + 1_000_000


def _change(verb: str, book: Book, **values: Any) -> ChangeRun:
    return ChangeRun(verb, book.run, at=_LATER, reason="because", by="me", end=b"\x01", exit=b"\x02", **values)


def _states(store: Store, book: Book) -> list[str]:
    return [change.state for change in store.history(book.run)]


def a_pause_wins_over_a_turn_under_way(store: Store) -> None:
    """The revision moves, so the turn is refused and writes nothing; history has one row a change."""
    book = begin_one(store)
    turn = book.turn()
    paused, late = store.commit([_change("pause", book, waits=b"\x81\x61a"), turn])
    expect("answers", (paused.accepted, paused.state, late.refusal), (True, states.PAUSED, "revision"))
    row = store.load(book.run).row
    expect("row", (row.state, row.revision, row.reason, row.waits), (states.PAUSED, 2, "because", b"\x81\x61a"))
    expect("history", [(item.state, item.by) for item in store.history(book.run)][1:], [(states.PAUSED, "me")])
    again, resumed = store.commit([_change("pause", book), _change("resume", book)])
    expect("the same state twice", (again.accepted, again.refusal, again.state), (False, "state", states.PAUSED))
    expect("resumed", (resumed.accepted, resumed.state), (True, states.PENDING))
    expect("not kept", store.load(book.run).row.waits, b"")
    expect("states", _states(store, book), [states.CREATED, states.PAUSED, states.PENDING])
    expect("verify", store.verify(book.run), [])


def a_change_compares_the_revision_it_is_given(store: Store) -> None:
    """With one it is compared and set, without one it takes the run as it is; an unknown run is refused."""
    book = begin_one(store)
    late, missing = store.commit([_change("pause", book, revision=7), ChangeRun("pause", 99)])
    expect("refused", (late.refusal, missing.refusal), ("revision", "unknown"))
    (taken,) = store.commit([ChangeRun("pause", workflow_id="order/1", at=_LATER, revision=1)])
    expect("by workflow id", (taken.accepted, taken.run), (True, book.run))


def a_run_is_ended_without_its_machine(store: Store) -> None:
    """Its journal goes on from the row, its id is free, what it waited for is gone, and its parent hears of it."""
    parent = begin_one(store, "order/1")
    child = begin_one(store, "order/1/child", parent_run=parent.run, parent_ref=5)
    store.commit([child.turn(timers=[(1, EPOCH)], calls=[CallRow(2, 1, EPOCH)])])
    store.commit([_change("pause", child)])
    ended, again = store.commit([_change("terminate", child, pid="{x@y|z}"), _change("terminate", child)])
    expect("answers", (ended.accepted, ended.state, again.refusal), (True, states.CANCELLED, "state"))
    held = store.load(child.run)
    expect("journal", (held.events[-1].kind, held.events[-1].payload), (events.RUN_CANCELLED, b"\x01"))
    expect("row", (held.row.state, held.row.result, held.timers, held.calls), (states.CANCELLED, b"\x01", [], []))
    told = [(row.kind, row.ref, row.sender, row.payload) for row in store.inbox(parent.run)]
    expect("the parent", told, [(events.PROCESS_EXITED, 5, "{x@y|z}", b"\x02")])
    expect("its answer", [item.inbox[0] for item in ended.deliveries], [row.id for row in store.inbox(parent.run)])
    expect("open runs", [row.run for row in store.open_runs(HOST)], [parent.run])
    expect("verify", (store.verify(child.run), store.verify(parent.run)), ([], []))
    expired = store.commit([_change("expire", parent)])
    expect("expired", (expired[0].state, store.load(parent.run).events[-1].kind), (states.FAILED, events.RUN_FAILED))


def a_cancel_asks_the_script(store: Store) -> None:
    """It is put into the inbox, and a paused run is resumed for it; one that has not begun ends at once."""
    book = begin_one(store)
    (asked,) = store.commit([_change("cancel", book, asked=b"\x05")])
    inbox = [(row.id, row.kind, row.payload) for row in store.inbox(book.run)]
    expect("inbox", inbox, [(asked.inbox[0], events.CANCEL_REQUESTED, b"\x05")])
    expect("as it was", (asked.state, store.load(book.run).row.revision), (states.WAITING, 1))
    store.commit([_change("pause", book)])
    (resumed,) = store.commit([_change("cancel", book)])
    expect("resumed", (resumed.accepted, resumed.state), (True, states.PENDING))
    store.commit([_change("pause", book)])
    (delivered,) = store.commit([Delivery("order/1", events.CANCEL_REQUESTED, at=_LATER)])
    expect("by a delivery", (delivered.accepted, store.load(book.run).row.state), (True, states.PENDING))
    held = begin_one(store, "order/2", state=states.CREATED)
    (ended,) = store.commit([_change("cancel", held)])
    expect("not begun", (ended.state, store.load(held.run).events[-1].kind), (states.CANCELLED, events.RUN_CANCELLED))
    (released,) = store.commit([_change("release", begin_one(store, "order/3", state=states.CREATED))])
    expect("released", released.state, states.PENDING)


def a_paused_run_keeps_what_its_calls_wait_for(store: Store) -> None:
    """A call whose attempt ended after the pause has its row; a resume may begin it with attempt 1."""
    book = begin_one(store)
    rows = [CallRow(3, 2, EPOCH), CallRow(4, 5, EPOCH)]
    kept = store.commit([_change("pause", book), KeepCalls(book.run, book.lease, rows)])
    expect("kept", [item.accepted for item in kept], [True, True])
    store.commit([_change("resume", book, dropped_calls=[3])])
    expect("calls", [call.ref for call in store.load(book.run).calls], [4])


def a_retry_takes_events_back(store: Store) -> None:
    """The journal goes on with what it takes back, timers and facts are there again, the id is held again."""
    book = begin_one(store)
    store.commit([book.turn(), book.finish(states.FAILED, events.RUN_FAILED)])
    fact = message("", b"\x07", run=book.run)
    (back,) = store.commit([_change("retry", book, since=2, last_ref=9, timers=[(4, EPOCH)], facts=[fact])])
    expect("answer", (back.accepted, back.state, len(back.inbox)), (True, states.PENDING, 1))
    held = store.load(book.run)
    expect("last", (held.events[-1].kind, held.events[-1].target, held.row.result), (events.RUN_RETRIED, "2:9", None))
    expect("journaled", store.journaled(held.row.run, [events.RUN_RETRIED]), held.events[-1:])
    expect("superseded", superseded(held.events), frozenset({2, 3}))
    expect("there again", (held.timers, [row.payload for row in held.inbox]), ([(4, EPOCH)], [b"\x07"]))
    expect("held again", [row.run for row in store.open_runs(HOST)], [book.run])
    expect("verify", store.verify(book.run), [])
    store.commit([_change("expire", book)])
    token = store.claim(HOST, 41)
    store.commit([_change("retry", book, since=2)])
    expect("the token of who owns the host now", store.load(book.run).row.lease, token)
    store.commit([_change("expire", book), Book("order/1", "other").start()])
    (held_by_another,) = store.commit([_change("retry", book, since=2)])
    expect("held by another", held_by_another.refusal, "exists")


def an_accept_drops_events(store: Store) -> None:
    """What the dropped part has left goes with the event that takes it back, and the inbox is in order again."""
    book = begin_one(store)
    row = CallRow(5, 2, EPOCH)
    attributes = {"n": 2, "more": "x"}
    store.commit([book.turn(timers=[(3, EPOCH), (4, EPOCH)], calls=[row], attributes=attributes)])
    store.commit([_change("pause", book), message("", b"\x01", run=book.run)])
    held = store.load(book.run)
    expect("a paused run moves with what arrives", held.row.revision, book.revision + 2)
    late = Delivery("", events.FUNCTION_COMPLETED, payload=b"\x09", at=_LATER, run=book.run, ref=5)
    taken = TakenBack(restart=True, timers=[4], attributes={"n": 1, "more": None}, late=[late])
    change = _change("accept", book, since=2, last_ref=9, timers=[(6, EPOCH)], dropped_calls=[5], taken=taken)
    change.revision, change.source, change.bundle = held.row.revision, "other", b"bytes"
    change.facts = [message("", b"\x07", run=book.run), message("", b"\x01", run=book.run)]
    change.consumed = [item.id for item in held.inbox]
    (outdated, back) = store.commit([replace(change, revision=held.row.revision - 1), change])
    expect("outdated", outdated.refusal, "revision")
    expect("answer", (back.accepted, back.state, len(back.inbox)), (True, states.PENDING, 2))
    held = store.load(book.run)
    added = [(event.kind, event.target) for event in held.events[-3:]]
    kinds = [(events.RUN_REPINNED, "other"), (events.RUN_ACCEPTED, "2:9:start")]
    expect("added", added, [*kinds, (events.RESULT_SUPERSEDED, events.FUNCTION_COMPLETED)])
    expect("superseded", superseded(held.events), frozenset({2, 3}))
    expect("left", (held.timers, held.calls), ([(3, EPOCH), (6, EPOCH)], []))
    expect("in order", [item.payload for item in held.inbox], [b"\x07", b"\x01"])
    expect("attributes", store.attributes(book.run), {"n": 1})
    expect("pinned", (held.row.bundle_hash, store.bundle("other")), ("other", b"bytes"))
    expect("verify", store.verify(book.run), [])


def a_late_result_is_kept(store: Store) -> None:
    """A result that comes after the end is in the journal, changes nothing, and nobody takes it in."""
    book = begin_one(store)
    late = Delivery("", events.FUNCTION_COMPLETED, payload=b"\x09", at=_LATER, run=book.run, ref=3)
    _, refused, other = store.commit([book.finish(result=b"\x01"), late, message("", run=book.run)])
    expect("refused", (refused.accepted, other.accepted), (False, False))
    held = store.load(book.run)
    last = held.events[-1]
    expect("kept", (last.kind, last.ref, last.payload), (events.RESULT_SUPERSEDED, 3, b"\x09"))
    expect("as it was", (held.row.state, held.row.result, held.inbox), (states.COMPLETED, b"\x01", []))
    expect("verify", store.verify(book.run), [])


def data_are_deleted_in_two_steps(store: Store) -> None:
    """Payloads, draws, inbox and reasons go, the chain stays whole; it can be done again."""
    book = begin_one(store)
    store.commit([message("order/1", b"\x63abc"), book.turn(), book.finish(result=b"\x63abc")])
    early, asked = store.commit([_change("scrub", book), _change("delete-data", book, waits=b"\x01")])
    expect("answers", (early.refusal, asked.state), ("state", states.DELETE_REQUESTED))
    (done,) = store.commit([_change("scrub", book, kept=b"\x05")])
    expect("done", done.state, states.DATA_DELETED)
    held = store.load(book.run)
    expect("payloads", {event.payload for event in held.events}, {b""})
    expect("rest", (held.inbox, held.row.result, held.row.waits), ([], b"\x05", b"\x01"))
    expect("reasons", [change.reason for change in store.history(book.run)], ["", "", "", "because"])
    expect("verify", store.verify(book.run), [])
    expect_true("again", store.commit([_change("delete-data", book)])[0].accepted)
    expect("verify again", store.verify(book.run), [])
    expect_true("and again", store.commit([_change("scrub", book)])[0].accepted)


def a_purged_run_is_gone(store: Store) -> None:
    """Only one that has ended, and no child of an open parent; nothing of it is left."""
    parent = begin_one(store)
    child = begin_one(store, "order/1/child", parent_run=parent.run, parent_ref=5)
    store.commit([message("order/1/child"), child.finish()])
    refused = store.commit([_change("purge", child), _change("purge", parent)])
    expect("refused", [item.refusal for item in refused], ["parent", "state"])
    store.commit([parent.finish()])
    gone = store.commit([_change("purge", child), _change("purge", child)])
    expect("gone", [(item.accepted, item.refusal) for item in gone], [(True, ""), (False, "unknown")])
    left = (store.find("order/1/child"), store.find(child.run_id), store.journal(child.run), store.history(child.run))
    expect("nothing left", left, (None, None, [], []))
    expect("others", [row.run for row in store.runs(RunFilter())], [parent.run])


def a_strict_run_has_a_narrower_table(store: Store) -> None:
    """What the system it is strict to refuses is refused."""
    luno = begin_one(store, "order/1", strict="luno", state=states.PENDING)
    expect("initiated", store.commit([_change("cancel", luno)])[0].refusal, "state")
    laravel = begin_one(store, "order/2", strict="workflowable", state=states.RUNNING)
    expect("running", store.commit([_change("pause", laravel)])[0].refusal, "state")
    expect("kept with it", store.load(laravel.run).row.strict, "workflowable")


CASES: Final[tuple[Case, ...]] = (
    a_pause_wins_over_a_turn_under_way,
    a_change_compares_the_revision_it_is_given,
    a_run_is_ended_without_its_machine,
    a_cancel_asks_the_script,
    a_paused_run_keeps_what_its_calls_wait_for,
    a_retry_takes_events_back,
    an_accept_drops_events,
    a_late_result_is_kept,
    data_are_deleted_in_two_steps,
    a_purged_run_is_gone,
    a_strict_run_has_a_narrower_table,
)
