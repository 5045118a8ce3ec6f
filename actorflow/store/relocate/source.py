"""The side that runs leave: fencing them off, giving them back, and letting go of them. Each is one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from actorflow.codec import decode
from actorflow.run.lease import FENCED
from actorflow.run.state import CREATED, OPEN, PAUSED, PENDING
from actorflow.store.approval import EARLY
from actorflow.store.belonging import documents_of
from actorflow.store.relocate.family import Ask, Families, families, grown
from actorflow.store.relocate.parcel import Parcel, read_parcel
from actorflow.store.relocate.statement import NOBODY, MoveStatements
from actorflow.store.relocate.ticket import (
    MOVING,
    Arrival,
    Ticket,
    arrival_of,
    arrival_rows,
    departure_rows,
    marks,
    owners,
    put,
    tell,
    ticket_of,
    ticket_row,
)
from actorflow.store.sql import SqlStore

_STAYS: Final = frozenset({CREATED, PAUSED})
_CURSORS: Final = "hook_cursor"
"""The kind of the documents in which hooks keep up to which change of state they have got."""


@dataclass(frozen=True, slots=True)
class Left:
    """What was told runs at the source since they were read: inbox rows by run, and documents."""

    inbox: Mapping[int, Sequence[Any]]
    documents: Mapping[int, Sequence[Any]]

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return any(self.inbox.values()) or any(self.documents.values())


class Source:
    """A store that runs leave; used by one thread."""

    def __init__(self, store: SqlStore, clock: Callable[[], int]) -> None:
        """Move runs away from `store`; `clock` gives Unix nanoseconds."""
        self.store = store
        self.sql = MoveStatements(store.dialect)
        self._clock = clock

    def asking(self, cursor: Any) -> Ask:
        """Return what runs a statement of a transaction and returns its rows."""

        def ask(text: str, *parameters: Any) -> list[Any]:
            rows: list[Any] = cursor.execute(text, parameters).fetchall()
            return rows

        return ask

    def _snapshot(self, read: Callable[[Ask], Any]) -> Any:
        return self.store.snapshot(lambda store: read(store.rows))

    def families(self) -> Families:
        """Return which runs go together."""
        found: Families = self._snapshot(lambda ask: families(self.store, ask, self.sql, self.store.dialect))
        return found

    def read(self, runs: Sequence[int]) -> Parcel:
        """Return everything of runs."""
        told = self._told()
        found: Parcel = self._snapshot(lambda ask: read_parcel(self.store, ask, self.sql, runs, told))
        return found

    def read_of(self, ticket: Ticket) -> Parcel | None:
        """Return everything of the runs of a ticket, None when that move is over, and they are not here any more."""
        told = self._told()

        def read(ask: Ask) -> Parcel | None:
            if ticket_of(self.store, ticket.id) is None:
                return None
            return read_parcel(self.store, ask, self.sql, ticket.runs, told)

        found: Parcel | None = self._snapshot(read)
        return found

    def _told(self) -> int:
        """Return up to which change of state every hook has got; without hooks, all of them are told."""
        cursors = [decode(row.value) for row in self.store.documents(_CURSORS)]
        return min((cursor for cursor in cursors if isinstance(cursor, int)), default=2**62)

    # ---- the commits -------------------------------------------------------------------------------------------

    def fence(self, known: Families, runs: Iterable[int], to: str, place: str) -> Ticket | None:
        """Fence runs off with all that belong to them: nobody turns them here any more. None if others move them."""
        wanted = list(runs)

        def work(cursor: Any) -> Ticket | None:
            store, sql, ask, pack = self.store, self.sql, self.asking(cursor), self.store.dialect.pack
            family = grown(known, wanted, ask, sql, store.dialect)
            rows = ask(sql.rows, pack(family))
            if not rows or any(row[4] == FENCED for row in rows):
                return None
            number = 1 + max(arrival_of(store, row[1]).number for row in rows)
            ids = pack(self._ids(ask, family, rows))
            cursor.execute(sql.part_ids, (NOBODY, ids, pack(family)))
            for statement in sql.part:
                cursor.execute(statement, (NOBODY, pack(family)))
            cursor.execute(sql.fence, (FENCED, pack(family)))
            ticket = Ticket(uuid4().hex, number, to, place, family)
            put(store, cursor, ticket_row(ticket) | departure_rows(store, family))
            tell(store, cursor, family)
            return ticket

        return self.store.alone(work)

    def _ids(self, ask: Ask, runs: Sequence[int], rows: Iterable[Sequence[Any]]) -> list[str]:
        keys = {key for (key,) in ask(self.sql.keys, self.store.dialect.pack(runs))}
        return sorted(keys | {row[2] for row in rows})

    def give_back(self, ticket: Ticket, reason: str) -> None:
        """Let the runs of a ticket that the target has refused for good go on here."""

        def work(cursor: Any) -> None:
            store, sql, ask, pack = self.store, self.sql, self.asking(cursor), self.store.dialect.pack
            if ticket_of(store, ticket.id) is None:
                return
            runs = pack(ticket.runs)
            rows = ask(sql.rows, runs)
            cursor.execute(sql.release_ids, (pack(self._ids(ask, ticket.runs, rows)), runs))
            for statement in sql.release:
                cursor.execute(statement, (runs,))
            self._free(cursor, ask, rows, reason)
            refused = Arrival(ticket.id, ticket.number, reason)
            put(store, cursor, {(MOVING, ticket.id): None, **arrival_rows((row[1], refused) for row in rows)})

        self.store.alone(work)

    def _free(self, cursor: Any, ask: Ask, rows: Sequence[Sequence[Any]], reason: str) -> None:
        """Give runs the tokens of their owners, and have those look at them."""
        writing, pack = self.store.writing, self.store.dialect.pack
        now, known = self._clock(), owners(self.store, (row[3] for row in rows))
        cursor.executemany(writing.refence, [(known.token(row[3], row[0], 0), row[0]) for row in rows])
        heads = ask(writing.heads, pack([row[0] for row in rows]))
        woken = [row[0] for row in heads if row[4] in OPEN - _STAYS]
        said = f"it was not moved: {reason}"
        writing.note.run(cursor, [(run, PENDING, now, said, "") for run in woken])
        cursor.executemany(self.sql.wake, [(PENDING, run) for run in woken])
        tell(self.store, cursor, woken)

    def since(self, ticket: Ticket, arrived: Mapping[int, Arrival]) -> Left:
        """Return what was told the runs of a ticket that the target does not have yet."""

        def read(_ask: Ask) -> Left:
            return self._left(arrived)

        return self._snapshot(read) if ticket_of(self.store, ticket.id) else Left({}, {})

    def _left(self, arrived: Mapping[int, Arrival]) -> Left:
        store = self.store
        heads = {row[0]: row for row in store.rows(self.sql.rows, store.dialect.pack(sorted(arrived)))}
        inbox = {run: store.inbox(run, arrived[run].inbox) for run in heads}
        documents: dict[int, Sequence[Any]] = {}
        for run, row in heads.items():
            early = (item for item in documents_of(store, run, row[1]) if item.kind == EARLY)
            documents[run] = [item for item in early if item.key not in arrived[run].early]
        return Left(inbox, documents)

    def let_go(self, ticket: Ticket, arrived: Mapping[int, Arrival]) -> bool:
        """Remove the runs of a ticket and say where they are; False if they were told something meanwhile."""

        def work(cursor: Any) -> bool:
            store, sql, ask, pack = self.store, self.sql, self.asking(cursor), self.store.dialect.pack
            if ticket_of(store, ticket.id) is None:
                return True
            if self._left(arrived):
                return False
            runs = pack(ticket.runs)
            rows = ask(sql.rows, runs)
            states = {row[0]: row[4] for row in ask(store.writing.heads, runs)}
            gone = departure_rows(store, ticket.runs) | {(MOVING, ticket.id): None}
            for run, run_id, workflow_id, *_ in sorted(rows, key=lambda row: row[0]):
                gone |= {(item.kind, item.key): None for item in documents_of(store, run, run_id)}
                gone |= marks(run_id, workflow_id, ticket.place, was_open=states[run] in OPEN)
            cursor.execute(sql.free_ids, (pack(self._ids(ask, ticket.runs, rows)), runs))
            for statement in (store.writing.disarm_all, store.writing.unwait_all, *store.writing.purge):
                cursor.execute(statement, (runs,))
            put(store, cursor, gone)
            tell(store, cursor, ticket.runs)
            return True

        return self.store.alone(work)
