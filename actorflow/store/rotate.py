"""Putting what a store holds under its active key: in small transactions beside running nodes, from where it stopped.

Values that are in the clear go under the key too. Digests and chains of journals are of plain values and stay as they
are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, bindparam, delete, select, tuple_, update

from actorflow.errors import Error, invalid
from actorflow.run.document import DocumentRow
from actorflow.run.event import OFFLOADED
from actorflow.run.turn import InboxRow
from actorflow.store import tables as t
from actorflow.store.database import Database
from actorflow.store.keyring import Keyring
from actorflow.store.seal import delivery_digest, document_digest
from actorflow.store.statement import compiled, limited
from actorflow.store.vault import KEYS, of_blob, of_call, of_document, of_event, of_inbox, of_row

BATCH: Final = 200
"""Rows a transaction; of large values fewer."""
_LARGE: Final = 4
_PAUSE: Final = 0.005
"""Seconds between two transactions, in which nodes have the database to themselves."""
_PASSES: Final = 5
_POSITION: Final = "rotation"

Row = Mapping[str, Any]


class _Part(NamedTuple):
    """A table: its key, the columns under keys with what they belong to, and the digest of a row that has one."""

    table: Table
    key: tuple[str, ...]
    columns: Mapping[str, Callable[[Row], str]]
    digest: Callable[[Row], bytes] | None = None


def _event(column: str) -> Callable[[Row], str]:
    return lambda row: of_event(row["run_id"], row["seq"], row["kind"], column)


def _call(row: Row) -> str:
    return of_call(row["run_id"], row["ref"])


def _inbox_digest(row: Row) -> bytes:
    names = ("id", "kind", "ref", "target", "sender", "payload", "at")
    return delivery_digest(row["run"], row["id"], InboxRow(*(row[name] for name in names)))


def _document_digest(row: Row) -> bytes:
    return document_digest(DocumentRow(row["kind"], row["key"], row["due"], row["revision"], row["value"]))


_PARTS: Final = (
    _Part(t.journal, ("id",), {"payload": _event("payload"), "drawn": _event("drawn")}),
    _Part(t.blob, ("id",), {"value": lambda row: of_blob(row["run_id"], row["digest"])}),
    _Part(t.run, ("run",), {name: lambda row, name=name: of_row(row["run_id"], name) for name in ("result", "waits")}),  # type: ignore[misc]
    _Part(t.inbox, ("id",), {"payload": lambda row: of_inbox(row["id"], row["kind"])}, _inbox_digest),
    _Part(t.call, ("run", "ref"), {"failure": _call, "details": _call}),
    _Part(t.document, ("kind", "key"), {"value": lambda row: of_document(row["kind"], row["key"])}, _document_digest),
)


def rotate(database: Database, told: Callable[[int], None] = lambda _count: None) -> int:
    """Put every value of a store under the active key and return how many rows that changed.

    Nodes must have been started with the new active key before: what they write under another one is put right as
    well, as long as they stop doing so. Stopped at any moment, it goes on from there when it is called again.

    Args:
        database: the store; its vault has the keys.
        told: is called with the number of rows changed so far, after every transaction.

    Raises:
        Error: kind Invalid, when no keys are configured; kind Conflict, naming a key that is missing; kind Unavailable,
            when nodes go on writing under another key.
    """
    keyring = database.vault.keyring
    if keyring is None:
        raise invalid(f"{database.place}: no keys are configured; give its workflow host `encryption`")
    with closing(database.connect()) as connection:
        rotation = _Rotation(database, connection, keyring, told)
        try:
            rotation.run()
        except Exception as error:
            raise database.explain(error) or error from error
    return rotation.changed


class _Rotation:
    def __init__(self, database: Database, connection: Any, keyring: Keyring, told: Callable[[int], None]) -> None:
        self._database = database
        self._connection = connection
        self._keyring = keyring
        self._told = told
        self.changed = 0

    def run(self) -> None:
        """Go over the store until a whole pass finds nothing to change."""
        info = dict(self._ask(select(t.store_info)))
        self._database.vault.check(info)
        keys = info.get(KEYS, "").split()
        if self._keyring.active not in keys:  # said before the first value is under it
            self._tell(KEYS, " ".join([*keys, self._keyring.active]))
        begin, after = _position(info, self._keyring.active)
        for _ in range(_PASSES):
            before = self.changed
            for number in range(begin, len(_PARTS)):
                self._part(number, after)
                after = []
            if begin == 0 and self.changed == before:
                self._done()
                return
            begin = 0
        message = f"{self._database.place}: a node writes under another key: start it with the new `encryption.active`"
        raise Error(message, "Unavailable", retryable=True)

    def _part(self, number: int, after: list[Any]) -> None:
        part, limit = _PARTS[number], _LARGE if _PARTS[number].table is t.blob else BATCH
        while True:
            self._database.begin(self._connection.cursor())
            try:
                rows = self._page(part, after, limit)
                changed = sum(self._row(part, row) for row in rows)
                if changed:
                    after = [rows[-1][name] for name in part.key]
                    self._tell(_POSITION, json.dumps([self._keyring.active, number, after]))
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            if not rows:
                return
            after = [rows[-1][name] for name in part.key]
            if changed:
                self.changed += changed
                self._told(self.changed)
            time.sleep(_PAUSE if changed else _PAUSE / 10)

    def _page(self, part: _Part, after: list[Any], limit: int) -> list[dict[str, Any]]:
        keys = [part.table.c[name] for name in part.key]
        query = select(part.table)
        if "run" in part.table.c and part.table is not t.run:
            query = select(part.table, t.run.c.run_id).join(t.run, t.run.c.run == part.table.c.run)
        names = [f"after_{name}" for name in part.key]
        if after:
            query = query.where(tuple_(*keys) > tuple_(*(bindparam(name) for name in names)))
        parameters = dict(zip(names, after, strict=True)) if after else {}
        cursor = self._connection.execute(
            compiled(self._database, limited(query.order_by(*keys)), *parameters, "limit"),
            (*parameters.values(), limit),
        )
        columns = [item[0] for item in cursor.description]
        return [dict(zip(columns, values, strict=True)) for values in cursor.fetchall()]

    def _row(self, part: _Part, row: dict[str, Any]) -> bool:
        """Put the values of a row under the active key; tells whether there was anything to do."""
        found = {name: row[name] for name in part.columns if self._wants(row[name])}
        if not found:
            return False
        for name, data in found.items():
            about = part.columns[name](row)
            plain = self._database.vault.open_value(data, lambda about=about: about)  # type: ignore[misc]
            row[name] = self._database.vault.close_value(plain, about)
        if part.digest is not None:
            row["digest"] = part.digest(row)
        digest = ("digest",) if part.digest is not None else ()
        names = [column.name for column in part.table.columns if column.name in {*found, *digest}]
        keys = [f"key_{name}" for name in part.key]
        where = [part.table.c[name] == bindparam(key) for name, key in zip(part.key, keys, strict=True)]
        statement = compiled(self._database, update(part.table).where(*where), *names, *keys)
        self._connection.execute(statement, [row[name] for name in (*names, *part.key)])
        return True

    def _wants(self, data: bytes | None) -> bool:
        return bool(data and not data.startswith(OFFLOADED) and not self._keyring.is_active(data))

    def _done(self) -> None:
        """Have the store name the active key alone: the others may be forgotten."""
        self._database.begin(self._connection.cursor())
        gone = delete(t.store_info).where(t.store_info.c.key == bindparam("name"))
        self._connection.execute(compiled(self._database, gone, "name"), (_POSITION,))
        self._tell(KEYS, self._keyring.active)
        self._connection.execute("COMMIT")

    def _tell(self, key: str, value: str) -> None:
        statement = compiled(self._database, self._database.upsert(t.store_info), "key", "value")
        self._connection.execute(statement, (key, value))

    def _ask(self, query: Any) -> list[Any]:
        rows: list[Any] = self._connection.execute(compiled(self._database, query)).fetchall()
        return rows


def _position(info: Mapping[str, str], active: str) -> tuple[int, list[Any]]:
    """Return where an earlier rotation to the same key stopped: the part, and the last row of it."""
    key, number, after = json.loads(info.get(_POSITION, '["", 0, []]'))
    return (number, after) if key == active and number < len(_PARTS) else (0, [])
