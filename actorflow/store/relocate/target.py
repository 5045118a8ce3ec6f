"""The side where runs arrive: taking them in, refusing them for good, and what came after; each is one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from actorflow.errors import INTERNAL, Error
from actorflow.run import event as events
from actorflow.run.document import PutDocument
from actorflow.run.state import CREATED, OPEN, PAUSED, PENDING
from actorflow.run.turn import DEFAULT_QUEUE, Delivery, InboxRow, Item, OpenRun, RunRow, StartRun, StateChange
from actorflow.store.apply import apply
from actorflow.store.approval import EARLY
from actorflow.store.batch import Head, Writes
from actorflow.store.belonging import AWAITED, given_over
from actorflow.store.relocate.parcel import Parcel
from actorflow.store.relocate.source import Left
from actorflow.store.relocate.statement import MoveStatements
from actorflow.store.relocate.ticket import Arrival, Ticket, arrival_of, arrival_rows, owners, put, tell, unmarked
from actorflow.store.sql import SqlStore
from actorflow.store.verify import findings

_STAYS: Final = frozenset({CREATED, PAUSED})
_ONCE: Final = frozenset({events.REQUEST_SETTLED, events.PROCESS_EXITED})
"""What tells a run that waits for another one of that; then there is a document, and who is told is not told again."""
OVERTAKEN: Final = "overtaken"
"""Why a move is not made that somebody else has ended meanwhile."""


class Target:
    """A store where runs arrive; used by one thread."""

    def __init__(self, store: SqlStore, clock: Callable[[], int]) -> None:
        """Move runs into `store`; `clock` gives Unix nanoseconds."""
        self.store = store
        self.sql = MoveStatements(store.dialect)
        self._clock = clock

    def conflict(self, parcel: Parcel) -> str:
        """Return why a family cannot be here, "" when it can. Inside of a snapshot or transaction."""
        store = self.store
        run_ids = sorted(held.row.run_id for held in parcel.held.values())
        if found := store.rows(store.writing.run_ids, store.dialect.pack(run_ids)):
            return f"run {found[0][0]} is there already"
        keys = store.dialect.pack(sorted({key for key, _ in parcel.ids} | {row[1] for row in parcel.queued}))
        if taken := store.rows(self.sql.holders, keys):
            return f"workflow id or lock key {taken[0][1]!r} is held by an open run there"
        if store.rows(self.sql.waiting, keys):
            return "an open run there waits for one of its lock keys"
        return ""

    def would(self, parcel: Parcel) -> str:
        """Return why a family cannot be here, "" when it can; for whoever only wants to know."""
        found: str = self.store.snapshot(lambda _store: self.conflict(parcel))
        return found

    def arrivals(self, parcel_ids: Mapping[int, str], ticket: Ticket) -> dict[int, Arrival] | None:
        """Return what has arrived of a ticket, by run number at the source; None when it was not decided here."""
        found = {run: arrival_of(self.store, run_id) for run, run_id in parcel_ids.items()}
        return found if found and all(one.ticket == ticket.id for one in found.values()) else None

    # ---- the commits -------------------------------------------------------------------------------------------

    def take_in(self, parcel: Parcel, ticket: Ticket, place: str) -> str:
        """Take runs in, to be turned here from now on; return why not, "" when they are here. May be done twice."""
        ids = {run: held.row.run_id for run, held in parcel.held.items()}

        def work(cursor: Any) -> str:
            if (decided := self._decided(ids, ticket)) is not None:
                return decided
            if why := self.conflict(parcel):
                refused = Arrival(ticket.id, ticket.number, why)
                put(self.store, cursor, arrival_rows((run_id, refused) for run_id in ids.values()))
                return why
            numbers = self._write(cursor, parcel, place)
            put(self.store, cursor, dict(_arrived(parcel, ticket)))
            self._prove(parcel, numbers)
            return ""

        return self.store.alone(work)

    def refuse(self, parcel: Parcel, ticket: Ticket, why: str) -> str:
        """Refuse runs for good; return why, "" when they are here already."""
        ids = {run: held.row.run_id for run, held in parcel.held.items()}

        def work(cursor: Any) -> str:
            if (decided := self._decided(ids, ticket)) is not None:
                return decided
            refused = Arrival(ticket.id, ticket.number, why)
            put(self.store, cursor, arrival_rows((run_id, refused) for run_id in ids.values()))
            return why

        return self.store.alone(work)

    def _decided(self, ids: Mapping[int, str], ticket: Ticket) -> str | None:
        """Return what was decided about a move before: why not, "" that it was made, None that nothing was."""
        found = [arrival_of(self.store, run_id) for run_id in ids.values()]
        if all(one.ticket == ticket.id for one in found):
            return found[0].refused
        return OVERTAKEN if any(one.number >= ticket.number for one in found) else None

    def send_after(self, left: Left, ticket: Ticket, ids: Mapping[int, str]) -> None:
        """Give runs that have arrived what they were told at the source since, each once and in order."""

        def work(cursor: Any) -> None:
            store = self.store
            known = {run: arrival_of(store, ids[run]) for run in left.inbox}
            rows = store.rows(store.writing.run_ids, store.dialect.pack(sorted(ids[run] for run in known)))
            numbers = dict(rows)
            put(store, cursor, self._forwarded(left, ticket, ids, known))
            items: list[Item] = []
            for run, late in left.inbox.items():
                number = numbers.get(ids[run], 0)
                new = [row for row in late if row.id > known[run].inbox] if number else []
                items += [self._delivery(number, row) for row in new]
            if items:
                store.batch(cursor, items)

        self.store.alone(work)

    def _forwarded(
        self, left: Left, ticket: Ticket, ids: Mapping[int, str], known: Mapping[int, Arrival]
    ) -> dict[tuple[str, str], bytes | None]:
        """Return the documents to write: what came after, and up to where that is known."""
        documents: dict[tuple[str, str], bytes | None] = {}
        for run, one in known.items():
            if one.ticket != ticket.id:
                continue
            new = [item for item in left.documents.get(run, ()) if item.key not in one.early]
            documents.update({(item.kind, item.key): item.value for item in new})
            last = max([one.inbox, *(row.id for row in left.inbox[run])])
            told = replace(one, inbox=last, early=[*one.early, *(item.key for item in new)])
            documents.update(arrival_rows([(ids[run], told)]))
        return documents

    def _delivery(self, number: int, row: InboxRow) -> Delivery:
        told = Delivery("", row.kind, row.target, row.sender, row.payload, row.at, run=number, ref=row.ref)
        key = f"{number}/{row.ref}"
        if row.kind in _ONCE and self.store.document(AWAITED, key) is not None:
            told.documents = [PutDocument(AWAITED, key, None, revision=1)]
        return told

    # ---- rows --------------------------------------------------------------------------------------------------

    def _write(self, cursor: Any, parcel: Parcel, place: str) -> dict[int, int]:
        """Write everything of a family under numbers of this store, and return them by those of the source."""
        store, sql, now = self.store, self.store.writing, self._clock()
        run, inbox = store.dialect.numbers(cursor)
        numbers = {old: run + offset for offset, old in enumerate(sorted(parcel.held), 1)}
        known = owners(store, (held.row.host for held in parcel.held.values()))
        writes, heads = Writes(sources=dict(parcel.sources)), {}
        new = (row for row in parcel.past if row[0] > parcel.told)
        writes.history = [(numbers[row[1]], StateChange(*row[2:])) for row in new]
        for old, held in parcel.held.items():
            row = held.row
            head = heads[numbers[old]] = _head(row, numbers, known.token(row.host, numbers[old], 0), now)
            writes.started[head.run] = (_start(row, numbers), head)
            writes.journal += [(head.run, event) for event in held.events]
            for item in held.inbox:
                inbox += 1
                writes.inbox.append((inbox, head.run, _told(item)))
            _wait(writes, head, held)
            if head.state == PENDING:
                change = StateChange(PENDING, now, f"it has come from {place}")
                writes.history.append((head.run, change))
        _tie(writes, parcel, numbers, heads)
        self.sql.remember.run(cursor, self._past(parcel, numbers))
        apply(cursor, sql, store.dialect, store.dialect.vault.closed(writes, heads))
        for run_, previous, first in parcel.continued:
            cursor.execute(sql.continued, (numbers[run_], numbers.get(previous, 0), numbers.get(first, 0)))
        sql.kin.describe.run(cursor, [(numbers[row[0]], *row[1:]) for row in parcel.attributes])
        store.dialect.number(cursor, max(numbers.values()), inbox)
        gone = [unmarked(held.row.run_id, held.row.workflow_id) for held in parcel.held.values()]
        put(store, cursor, {name: None for names in gone for name in names})
        tell(store, cursor, numbers.values())
        return numbers

    def _past(self, parcel: Parcel, numbers: Mapping[int, int]) -> list[tuple[Any, ...]]:
        """Return the changes of state that every hook of the source was told of, with ids below those of all others.

        A watcher's cursor is at the last change it has seen, so that it is told of none below it.
        """
        first = min(self.store.rows(self.sql.first_change)[0][0] or 0, 0)
        told = [row for row in parcel.past if row[0] <= parcel.told]
        ids = range(first - len(told), first)
        return [(number, numbers[row[1]], *row[2:]) for number, row in zip(ids, told, strict=True)]

    def _prove(self, parcel: Parcel, numbers: Mapping[int, int]) -> None:
        """Read everything again, and check the journals against their checksums.

        Raises:
            Error: kind Internal, when something is not as it was; nothing is written then.
        """
        for old, number in numbers.items():
            found, was = self.store.load(number), parcel.held[old]
            holder = next((run for run in [self.store.find(found.row.workflow_id)] if run is not None), None)
            held_by = holder.run if holder is not None and holder.state in OPEN else 0
            has_source = self.store.bundle(found.row.bundle_hash) is not None
            wrong = [
                one.what for one in findings(found, self.store.history(number), holder=held_by, has_source=has_source)
            ]
            if found.events != was.events:
                wrong.append("its journal is not what was written")
            if wrong:
                message = (
                    f"{self.store.dialect.place}: run {was.row.workflow_id!r} does not arrive as it was: {wrong[0]}"
                )
                raise Error(message, INTERNAL, retryable=False)


def _head(row: RunRow, numbers: Mapping[int, int], lease: int, now: int) -> Head:
    is_woken = row.state in OPEN - _STAYS
    return Head(
        run=numbers[row.run],
        run_id=row.run_id,
        workflow_id=row.workflow_id,
        host=row.host,
        state=PENDING if is_woken else row.state,
        revision=row.revision + 1,
        lease=lease,
        updated=max(row.updated, now) if is_woken else row.updated,
        last_seq=row.last_seq,
        last_checksum=row.last_checksum,
        reason=row.reason,
        result=row.result,
        waits=row.waits,
        parent_run=numbers.get(row.parent_run, 0),
        parent_ref=row.parent_ref,
        strict=row.strict,
        queue=row.queue or DEFAULT_QUEUE,
    )


def _start(row: RunRow, numbers: Mapping[int, int]) -> StartRun:
    return StartRun(
        row.run_id,
        row.workflow_id,
        row.entry,
        row.host,
        row.bundle_hash,
        b"",
        [],
        row.created,
        parent=row.parent,
        parent_run=numbers.get(row.parent_run, 0),
        parent_ref=row.parent_ref,
    )


def _told(row: InboxRow) -> Delivery:
    return Delivery("", row.kind, row.target, row.sender, row.payload, row.at, ref=row.ref)


def _wait(writes: Writes, head: Head, held: OpenRun) -> None:
    if held.timers:
        writes.timers[head.run] = {ref: (head.host, due) for ref, due in held.timers}
    if held.calls:
        writes.calls[head.run] = {call.ref: (head.host, call) for call in held.calls}


def _tie(writes: Writes, parcel: Parcel, numbers: Mapping[int, int], heads: Mapping[int, Head]) -> None:
    """Write what runs are to each other, what they hold, and their documents."""
    for run, parent, policy in parcel.children:
        if parent in numbers:
            writes.kin[numbers[run]] = (numbers[parent], policy)
    for run, key, _host, ready, priority in parcel.queued:
        head = heads[numbers[run]]
        keys, *_ = writes.queued.get(head.run, ((),))
        writes.queued[head.run] = ((*keys, key), head.host, bool(ready), priority)
    for key, run in parcel.ids:
        writes.opened[key] = heads[numbers[run]]
    for run, documents in parcel.documents.items():
        row = parcel.held[run].row
        for document in documents:
            given = given_over(document, row, numbers[run])
            writes.documents[given.kind, given.key] = given


def _arrived(parcel: Parcel, ticket: Ticket) -> Iterator[tuple[tuple[str, str], bytes | None]]:
    last = parcel.inbox()
    for run, held in parcel.held.items():
        early = [row.key for row in parcel.documents[run] if row.kind == EARLY]
        one = Arrival(ticket.id, ticket.number, "", last[run], early)
        yield from arrival_rows([(held.row.run_id, one)]).items()
