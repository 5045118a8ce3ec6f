"""SQL of transactional functions on PostgreSQL.

Each statement has a savepoint, so that one that fails leaves the transaction as it was, as on the other databases. One
text is one statement, for it goes by the extended protocol. Whether a table of the store was written to the database
knows: it counts the rows that a transaction changes in each table, and notes changes of the tables in its catalog.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import psycopg
from psycopg import pq
from psycopg.rows import tuple_row
from psycopg.types.numeric import IntDumper
from psycopg.types.string import TextBinaryLoader

from actorflow.resource.sql_text import POSTGRES
from actorflow.store.guest import OWN, Guest
from actorflow.store.server import Server
from actorflow.store.transact import not_allowed

_WORDS: Final = frozenset(
    {
        *("select", "insert", "update", "delete", "merge", "with", "values", "table"),
        *("create", "alter", "drop", "truncate", "comment"),
    }
)
_STATE: Final = """
SELECT own.name, of.oid, of.relfilenode, of.xmin::text, of.relhastriggers, of.relhasrules,
       pg_stat_get_xact_tuples_inserted(of.oid), pg_stat_get_xact_tuples_updated(of.oid),
       pg_stat_get_xact_tuples_deleted(of.oid), (SELECT count(*) FROM pg_index WHERE indrelid = of.oid)
FROM unnest(%s::text[]) AS own(name) LEFT JOIN pg_class AS of ON of.oid = to_regclass(quote_ident(own.name))
ORDER BY own.name
"""
"""Of each table of the store: which it is, a temporary one would hide it, and what was changed of it and in it."""
_CANCEL: Final = 2.0
"""Seconds to wait for the server to take that a statement is to end."""


class _JsonbLoader(TextBinaryLoader):
    """Gives JSON as the text it is, which begins with a number of its format."""

    def load(self, data: Any) -> Any:
        return super().load(bytes(data)[1:])


class GuestCursor(psycopg.Cursor[Any]):
    """The cursor of the driver: nothing it runs is prepared, for whoever wrote it changes his tables as he likes."""

    def __init__(self, connection: psycopg.Connection[Any], *, row_factory: Any = None) -> None:
        super().__init__(connection, row_factory=row_factory or tuple_row)
        self.format = pq.Format.BINARY  # what makes it use the extended protocol, whatever the values
        self.adapters.register_dumper(int, IntDumper)
        self.adapters.register_loader("json", TextBinaryLoader)
        self.adapters.register_loader("jsonb", _JsonbLoader)

    def execute(self, query: Any, params: Any = None, **_options: Any) -> GuestCursor:
        """Run a statement."""
        return super().execute(query, params, prepare=False)


class PostgresGuest(Guest):
    """The cursor for somebody else's SQL."""

    type: ClassVar[str] = "postgres"
    _flavor = POSTGRES
    _words = _WORDS

    def __init__(self, server: Server, connection: Any) -> None:
        """Note how the tables of the store are."""
        super().__init__(server, connection)
        self._before = self._state()

    def check(self) -> None:
        """Raise `Error` PermissionDenied, if a table of the store is not what it was."""
        if self._state() != self._before:
            raise not_allowed()

    def _state(self) -> list[Any]:
        found: list[Any] = self._connection.execute(_STATE, (list(OWN),)).fetchall()
        return found

    def _run(self, text: str, values: tuple[Any, ...]) -> Any:
        connection = self._connection
        cursor = connection.guest_cursor()
        connection.execute("SAVEPOINT statement", ())
        try:
            cursor.execute(text, values)
        except Exception:
            if not self._server.is_lost(connection):
                connection.execute("ROLLBACK TO SAVEPOINT statement", ())
                connection.execute("RELEASE SAVEPOINT statement", ())
            raise
        connection.execute("RELEASE SAVEPOINT statement", ())
        return cursor

    def _interrupt(self) -> None:
        self._connection.cancel_safe(timeout=_CANCEL)
