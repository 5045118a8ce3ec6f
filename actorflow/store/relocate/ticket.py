"""What two stores keep of a move, as documents: which runs are on their way, which have arrived, which have left.

* `moving`, at the source, by the id of the ticket: runs that are fenced off, and where they go.
* `arrived`, at either side, by run id: the last move that this store has decided about. Each move of a run has a number
  one higher than the one before, so that a mover that was paused for hours cannot bring back what has gone since.
* `moved`, at the source, by run id and by `id/` and the workflow id: where a run is now. `moved_open`, by workflow id:
  those that were open when they left; nobody may start another run under such an id here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from actorflow.codec import decode, encode
from actorflow.run.document import DocumentRow
from actorflow.store.apply import apply
from actorflow.store.batch import Known, Writes
from actorflow.store.departed import BY_ID, DEPARTURES, MOVED, MOVED_OPEN, NEWEST, key_of
from actorflow.store.epoch import EPOCH
from actorflow.store.port import Documents
from actorflow.store.sql import SqlStore

MOVING: Final = "moving"
ARRIVED: Final = "arrived"
_KEPT: Final = 1000
"""Departures that are remembered: nodes hear of them within a second."""
_STORE_ID: Final = "id"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Runs on their way from one store to another.

    Attributes:
        id: of the move. number: one higher than that of any move of these runs before.
        to: the identity of the other store. place: what it is called. runs: their numbers at the source.
    """

    id: str
    number: int
    to: str
    place: str
    runs: list[int]


@dataclass(slots=True)
class Arrival:
    """What a store has decided about a move of a run.

    Attributes:
        ticket, number: those of the move. refused: why it has not taken the run, "" when it has.
        inbox: the last inbox row of the source that it has. early: keys of the documents that came with the run, and
            which the run uses up.
    """

    ticket: str
    number: int
    refused: str = ""
    inbox: int = 0
    early: list[str] = field(default_factory=list)


def identity(store: SqlStore) -> str:
    """Return the identity of a store, giving it one if it has none; a restored copy is another store."""

    def work(cursor: Any) -> str:
        info = store.info()
        if _STORE_ID not in info:
            info[_STORE_ID] = uuid4().hex
            cursor.execute(store.writing.tell, (_STORE_ID, info[_STORE_ID]))
        return f"{info[_STORE_ID]}/{info.get(EPOCH, '1')}"

    return store.alone(work)


def put(store: SqlStore, cursor: Any, documents: Mapping[tuple[str, str], bytes | None]) -> None:
    """Write and delete documents, inside of a transaction."""
    writes = Writes()
    for (kind, key), value in documents.items():
        writes.documents[kind, key] = None if value is None else DocumentRow(kind, key, 0, 1, value)
    apply(cursor, store.writing, store.dialect, store.dialect.vault.closed(writes, {}))


def owners(store: SqlStore, hosts: Iterable[str]) -> Known:
    """Return what is known of the tokens of hosts and their shards."""
    packed = store.dialect.pack(sorted(set(hosts)))
    known = Known(leases=dict(store.rows(store.writing.leases, packed)))
    tokens: dict[str, dict[int, int]] = {}
    for host, shard, token in store.rows(store.writing.tokens, packed):
        tokens.setdefault(host, {})[shard] = token
    known.tokens = {**tokens}
    return known


def tell(store: SqlStore, cursor: Any, runs: Iterable[int]) -> None:
    """Have whoever owns runs look at them."""
    if store.shared:
        store.dialect.tell(cursor, sorted(runs))


def departure_rows(reader: Documents, runs: list[int]) -> dict[tuple[str, str], bytes | None]:
    """Return what says that runs are on their way or gone, and forgets what was said long ago."""
    newest = reader.document(NEWEST, "")
    value: Any = 0 if newest is None else decode(newest.value)
    number = value + 1
    said: dict[tuple[str, str], bytes | None] = {(NEWEST, ""): encode(number)}
    return {**said, (DEPARTURES, key_of(number)): encode(runs), (DEPARTURES, key_of(number - _KEPT)): None}


def ticket_row(ticket: Ticket) -> dict[tuple[str, str], bytes | None]:
    """Return the document of a ticket."""
    value = [ticket.number, ticket.to, ticket.place, ticket.runs]
    return {(MOVING, ticket.id): encode(value)}


def ticket_of(reader: Documents, ticket_id: str) -> Ticket | None:
    """Return a ticket, None when that move is over."""
    row = reader.document(MOVING, ticket_id)
    return None if row is None else _ticket(row)


def tickets(reader: Documents) -> list[Ticket]:
    """Return the moves that are not over."""
    return [_ticket(row) for row in reader.documents(MOVING)]


def _ticket(row: DocumentRow) -> Ticket:
    value: Any = decode(row.value)
    return Ticket(row.key, *value)


def arrival_of(reader: Documents, run_id: str) -> Arrival:
    """Return what a store has decided about the last move of a run."""
    row = reader.document(ARRIVED, run_id)
    value: Any = ["", 0] if row is None else decode(row.value)
    return Arrival(*value)


def arrival_rows(arrivals: Iterable[tuple[str, Arrival]]) -> dict[tuple[str, str], bytes | None]:
    """Return the documents of (run id, arrival)."""
    return {
        (ARRIVED, run_id): encode([one.ticket, one.number, one.refused, one.inbox, one.early])
        for run_id, one in arrivals
    }


def marks(run_id: str, workflow_id: str, place: str, *, was_open: bool) -> dict[tuple[str, str], bytes | None]:
    """Return what is left of a run at its old store."""
    value = encode([run_id, workflow_id, place, time.time_ns()])
    by_id: dict[tuple[str, str], bytes | None] = {(MOVED, run_id): value, (MOVED, BY_ID + workflow_id): value}
    return {**by_id, (MOVED_OPEN, workflow_id): value} if was_open else by_id


def unmarked(run_id: str, workflow_id: str) -> dict[tuple[str, str], bytes | None]:
    """Return what takes these marks away, of a run that has come back."""
    return {(MOVED, run_id): None, (MOVED, BY_ID + workflow_id): None, (MOVED_OPEN, workflow_id): None}
