"""Stores with runs of every sort, and what they look like whatever numbers they have: for tests of moves."""

from __future__ import annotations

from typing import Any

from actorflow.codec import decode, encode
from actorflow.run.document import PutDocument
from actorflow.run.event import FUNCTION_CALLED, RUN_CONTINUED, TIMER_STARTED
from actorflow.run.state import COMPLETED, CREATED, FAILED
from actorflow.run.turn import RELEASE, CallRow, ChangeRun, StateChange
from actorflow.store.approval import APPROVAL, EARLY
from actorflow.store.belonging import AWAITED, documents_of
from actorflow.store.port import RunFilter
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import EPOCH, Book, message

LATE = EPOCH + 10**9


def begin(store: SqlStore, name: str, **fields: Any) -> Book:
    """Start a run."""
    book = Book(name)
    return book.started(store.commit([book.start(**fields)])[0])


def populate(store: SqlStore) -> None:
    """Give a store runs of every sort."""
    busy = begin(store, "busy", attributes={"tags": ["a", "b"], "n": 5, "@memo.x": {"k": 1}}, messages=[message("")])
    call = busy.event(FUNCTION_CALLED, b"\x80", "test:charge", 1)
    timer = busy.event(TIMER_STARTED, encode(7), ref=2)
    row = CallRow(1, 2, LATE, encode("why"), EPOCH, encode("so far"), 1)
    approval = PutDocument(APPROVAL, f"{busy.run_id}/sure/1", encode({"run_id": busy.run_id, "state": "open"}))
    early = PutDocument(EARLY, f"{busy.run_id}/other", encode({"run_id": busy.run_id, "name": "other"}))
    waiting = [(2, timer.at + 7)]
    store.commit([busy.turn(events=[call, timer], timers=waiting, calls=[row], documents=[approval, early])])
    parent = begin(store, "parent")
    begin(store, "child", parent_run=parent.run, parent_ref=1, close="terminate", parent="{local@test|parent}")
    done = begin(store, "done-child", parent_run=parent.run, parent_ref=2, close="request_cancel")
    store.commit([done.finish(), message("parent", b"\x01")])
    first, second = begin(store, "chained"), Book("chained", "the-second")
    ends = [first.event(RUN_CONTINUED, b"\x80")]
    change = StateChange(COMPLETED, EPOCH)
    store.commit([first.turn(COMPLETED, ends, successor=second.start(), result=b"\xf6", change=change)])
    begin(store, "holder", state=CREATED, locks=["@lock/k"], timers=[(RELEASE, LATE)])
    begin(store, "waiter", state=CREATED, locks=["@lock/k", "@lock/l"], priority=3, timers=[(RELEASE, LATE)])
    paused = begin(store, "paused")
    store.commit([ChangeRun("pause", paused.run, at=EPOCH, waits=encode({"reasons": ["me"]}), reason="me")])
    failed = begin(store, "failed")
    store.commit([failed.finish(FAILED, "RunFailed")])
    asking = begin(store, "asking")
    waits = encode(["failed", "", asking.run, 1, "test:workflows", failed.run_id])
    store.commit([PutDocument(AWAITED, f"{asking.run}/1", waits), message("asking", b"\x02")])


def picture(store: SqlStore) -> dict[str, Any]:
    """Return everything of every run by run id; run numbers and inbox ids are not in it, nor are marks of a move."""
    rows = store.runs(RunFilter(), 2**62)
    names = {row.run: row.run_id for row in rows}
    return {row.run_id: _run(store, row, names) for row in rows}


def _run(store: SqlStore, row: Any, names: dict[int, str]) -> dict[str, Any]:
    held = store.load(row.run)
    before, after = store.continued(row.run)
    documents = [
        (item.kind, _named(item.key, row.run), _value(item, row.run))
        for item in documents_of(store, row.run, row.run_id)
    ]
    return {
        "row": (row.workflow_id, row.entry, row.host, row.bundle_hash, row.created, row.parent, row.result, row.waits),
        "state": "open" if row.state in {"waiting", "running", "pending"} else row.state,
        "parent": (names.get(row.parent_run, ""), row.parent_ref),
        "chain": (before, after),
        "events": held.events,
        "inbox": [(item.kind, item.ref, item.target, item.sender, item.payload, item.at) for item in held.inbox],
        "timers": held.timers,
        "calls": held.calls,
        "history": [change for change in store.history(row.run) if not change.reason.startswith(("it has", "it was"))],
        "attributes": (store.attributes(row.run), store.memo(row.run)),
        "wanted": [(item.key, item.ready, names.get(item.holder, "")) for item in store.wanted(row.run)],
        "documents": documents,
        "source": store.bundle(row.bundle_hash),
        "faults": store.verify(row.run),
    }


def _named(key: str, run: int) -> str:
    return key.replace(f"{run}/", "N/", 1) if key.startswith(f"{run}/") else key


def _value(item: Any, run: int) -> Any:
    value: Any = decode(item.value)
    if item.kind == AWAITED:
        assert value[2] == run
        value[2] = 0
    return value
