"""Random batches on the store in memory and on SQLite: equal answers, equal content."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from actorflow.run.identity import (
    CLOSE_ABANDON,
    CLOSE_CANCEL,
    CLOSE_TERMINATE,
    REJECT,
    REPLACE,
    RETURN_EXISTING,
    REUSE,
    REUSE_FAILED,
    REUSE_NEVER,
    SKIP,
)
from actorflow.run.state import CANCELLED, COMPLETED, FAILED, PAUSED, PENDING, RUNNING, TERMINAL, VERBS, WAITING
from actorflow.run.turn import CallRow, ChangeRun, Delivery, Item, KeepCalls, StartRun, StateChange, Turn
from actorflow.store.dialect import Sqlite
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter, Store
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import EPOCH, Book, message

HOSTS = ["test:a", "test:b"]
NAMES = ["order/1", "order/2", "order/3"]
STATES = [RUNNING, WAITING, WAITING, WAITING, PENDING, PAUSED, COMPLETED, FAILED, CANCELLED]
FAR = EPOCH * 2


class Story:
    """Draws batches that are mostly right: it follows the answers of the stores as an engine would."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.books: list[Book] = []
        self.born: dict[str, Book] = {}
        self.sent: list[int] = []

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.data.draw(strategy)

    def batch(self) -> list[Item]:
        """Return a batch; what may end other runs is the last of it, for their next turns are not foreseen here."""
        items: list[Item] = []
        while len(items) < self.draw(st.integers(1, 5)):
            items.append(self.item())
            if _may_cut(items[-1]):
                break
        return items

    def item(self) -> Item:
        kind = self.draw(st.sampled_from(["start", "turn", "turn", "turn", "message", "change"]))
        if kind == "change":
            return self.change()
        if kind == "turn" and self.books:
            return self.turn()
        return self.start() if kind == "start" else self.delivery()

    def start(self) -> StartRun:
        number = self.draw(st.integers(0, 12))
        name, host = self.draw(st.sampled_from(NAMES)), self.draw(st.sampled_from(HOSTS))
        book = self.born.setdefault(f"run-{number}", Book(name, f"run-{number}", host))
        if book.seq:
            book.seq, book.checksum = 0, b""
        messages = [message("", bytes([index])) for index in range(self.draw(st.integers(0, 2)))]
        return book.start(
            on_conflict=self.draw(st.sampled_from([REJECT, RETURN_EXISTING, SKIP, REPLACE])),
            reuse=self.draw(st.sampled_from([REUSE, REUSE_FAILED, REUSE_NEVER])),
            messages=messages,
            parent_run=self.draw(st.sampled_from([0, *(book.run for book in self.books)])),
            parent_ref=3,
            close=self.draw(st.sampled_from([CLOSE_ABANDON, CLOSE_CANCEL, CLOSE_TERMINATE])),
            key=self.draw(st.sampled_from(["", "", *(other for other in NAMES if other != name)])),
            timers=[(0, EPOCH + 4)] if self.draw(st.booleans()) else [],
            attributes={"a": self.draw(st.sampled_from([1, 1.5, True, "x", ["x", "y"]]))},
            bundle_hash=self.draw(st.sampled_from(["h1", "h2"])),
            state=self.draw(st.sampled_from([PENDING, WAITING, COMPLETED])),
        )

    def change(self) -> Item:
        """Any change of any run; most of them are refused."""
        run = self.draw(st.integers(1, 6))
        if self.draw(st.integers(0, 5)) == 0:
            return KeepCalls(run, self.draw(st.integers(0, 1)), [CallRow(1, 2, EPOCH + 3, b"k")])
        verb = self.draw(st.sampled_from(sorted(VERBS)))
        change = ChangeRun(
            verb, run, at=EPOCH, reason="why", by="me", waits=b"\x01", end=b"\x02", since=2, kept=b"\x03"
        )
        change.timers, change.facts = [(1, EPOCH + 4)], [message("", b"again", run)]
        if self.draw(st.integers(0, 3)) == 0:
            change.run, change.workflow_id = 0, self.draw(st.sampled_from(NAMES))
        if self.draw(st.integers(0, 3)) == 0:
            change.revision = self.draw(st.integers(1, 3))
        return change

    def delivery(self) -> Delivery:
        run = self.draw(st.integers(1, 6)) if self.draw(st.booleans()) else 0
        return message(self.draw(st.sampled_from(NAMES)), b"m", run)

    def turn(self) -> Turn:
        book: Book = self.draw(st.sampled_from(self.books))
        refs = st.integers(1, 4)
        state = self.draw(st.sampled_from(STATES))
        ended = state in {COMPLETED, FAILED, CANCELLED}
        turn = book.turn(
            state,
            consumed=self.draw(st.lists(st.sampled_from(self.sent), max_size=3)) if self.sent else [],
            timers=[(ref, EPOCH + self.draw(st.integers(0, 9))) for ref in self.draw(st.sets(refs))],
            dropped_timers=self.draw(st.lists(refs, max_size=3)),
            calls=[CallRow(ref, 1, EPOCH + self.draw(st.integers(0, 9)), b"f") for ref in self.draw(st.sets(refs))],
            dropped_calls=self.draw(st.lists(refs, max_size=3)),
            starts=[self.start() for _ in range(self.draw(st.integers(0, 1)))],
            deliveries=[self.delivery() for _ in range(self.draw(st.integers(0, 2)))],
            change=StateChange(state, EPOCH, "why") if self.draw(st.booleans()) else None,
            result=b"\x01" if ended else None,
            attributes={"a": self.draw(st.sampled_from([None, "z", ["x"]]))} if self.draw(st.booleans()) else {},
        )
        if self.draw(st.integers(0, 9)) == 0:
            turn.revision += 1
        if self.draw(st.integers(0, 9)) == 0:
            turn.lease += 1
        return turn

    def learn(self, store: Store) -> None:
        """Take from the store how its runs stand: the next turns are drawn from that."""
        self.books = []
        self.sent = []
        for row in store.runs(RunFilter()):
            book = Book(row.workflow_id, row.run_id, row.host, row.lease)
            book.run, book.seq, book.checksum, book.revision = row.run, row.last_seq, row.last_checksum, row.revision
            self.books.append(book)
            self.sent += [item.id for item in store.inbox(row.run)]


def _may_cut(item: Item) -> bool:
    starts = item.starts if isinstance(item, Turn) else [item] if isinstance(item, StartRun) else []
    ends = (isinstance(item, Turn) and item.state in TERMINAL) or isinstance(item, ChangeRun)
    return ends or any(start.on_conflict == REPLACE for start in starts)


def content(store: Store) -> dict[str, Any]:
    """Return everything that can be read."""
    runs = [row.run for row in store.runs(RunFilter())]
    return {
        "runs": [store.load(run) for run in runs],
        "many": store.load_many(runs, 2**62),
        "history": [store.history(run) for run in runs],
        "faults": [store.verify(run) for run in runs],
        "counts": store.counts(),
        "found": [store.find(name) for name in NAMES],
        "bundles": [store.bundle(name) for name in ("h1", "h2")],
        "hosts": [
            (
                store.open_runs(host),
                store.due_timers(host, EPOCH + 5),
                store.due_timers(host, FAR),
                store.due_calls(host, EPOCH + 5),
                store.next_due(host),
                store.inbox_runs(host),
                store.naming(host),
                store.held(host),
                sorted(store.held_beside(host)),
            )
            for host in HOSTS
        ],
        "attributes": [store.attributes(run) for run in runs],
        "described": [store.runs(RunFilter(attributes=(("a", text),))) for text in ("1", "x", "true", "z")],
        "listed": [store.runs(RunFilter(state=state)) for state in (WAITING, COMPLETED)],
    }


@settings(max_examples=30, phases=set(Phase) - {Phase.shrink, Phase.explain})  # to shrink databases takes minutes
@given(st.data())
def test_memory_and_sqlite_agree(data: st.DataObject) -> None:
    with TemporaryDirectory() as directory:
        memory, sqlite = MemoryStore(), SqlStore(Sqlite(Path(directory) / "store.db"))
        with closing(sqlite):
            sqlite._connection().execute("PRAGMA synchronous=OFF")  # noqa: SLF001 - speed; no power is lost here
            story = Story(data)
            for _ in range(data.draw(st.integers(1, 8))):
                batch = story.batch()
                assert memory.commit(batch) == sqlite.commit(batch)
                if data.draw(st.integers(0, 5)) == 0:
                    host, lease = data.draw(st.sampled_from(HOSTS)), data.draw(st.integers(0, 3))
                    assert memory.claim(host, lease) == sqlite.claim(host, lease)
                held = content(sqlite)
                assert content(memory) == held
                assert held["faults"] == [[] for _ in held["faults"]]
                story.learn(sqlite)
