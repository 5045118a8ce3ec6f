"""PostgreSQL (`database.Database`): psycopg 3, used from threads, with statements that are prepared once.

Lists of rows go as one array a column (`postgres_array`): one text for any number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Final
from uuid import uuid4

import psycopg
from psycopg import pq
from psycopg.types.numeric import Int8BinaryDumper
from sqlalchemy import URL, BigInteger, ColumnElement, LargeBinary, Table, Text, any_, bindparam, cast
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.dml import Insert

from actorflow.errors import INTERNAL, Error, unavailable
from actorflow.store.migrate.run import LOCK, migrate, migrations, missing
from actorflow.store.postgres_array import blobs, numbers, register, texts
from actorflow.store.postgres_cursor import UNPREPARED, WritingCursor
from actorflow.store.postgres_guest import GuestCursor, PostgresGuest
from actorflow.store.postgres_notice import AWAIT, TELL, Awaited, PostgresListener, notices
from actorflow.store.server import CONNECT, STILL, Server, TryAgain
from actorflow.store.telling import Listener
from actorflow.store.turn_count import Turn
from actorflow.store.vault import Vault

_CONNECTING: Final = {
    "connect_timeout": CONNECT,
    "target_session_attrs": "read-write",  # of several hosts the one that leads, after a failover too
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SETTINGS: Final = {
    "client_min_messages": "warning",
    "idle_in_transaction_session_timeout": f"{STILL}s",
    "lock_timeout": f"{STILL + 1}s",
    "jit": "off",
    **dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin"), "off"),
}
"""A prepared plan outlives the time when a table was small: so it goes by the indexes from the beginning."""
_SET: Final = "SELECT " + ", ".join(["set_config(%s, %s, false)"] * len(_SETTINGS))
_SYNC: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
"""What is acknowledged is on disk, whatever the default of the server is; a stricter one is kept."""
_PREPARED: Final = 500
_ARRAYS: Final[dict[str, Callable[[Any], bytes]]] = {"bytea[]": blobs, "bigint[]": numbers, "text[]": texts}
_NUL: Final = "\N{SYMBOL FOR NULL}"
_RETRIED: Final = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "25P03", "25006", UNPREPARED})
"""Serialization, deadlock, lock, shutdown, crash, starting up, stood still, a server that leads no more, and one that
has forgotten a statement."""
_FULL: Final = "53"
_DAMAGED: Final = frozenset({"XX001", "XX002"})
_REFUSED: Final = frozenset({"28", "3D", "3F", "42501"})


class _Connection(psycopg.Connection[Any]):
    """A connection that says whether it is in a transaction, and that knows its turns."""

    turn: Turn
    statements: dict[Any, bytes]
    prepared: int = 0

    @property
    def in_transaction(self) -> bool:
        return self.info.transaction_status != pq.TransactionStatus.IDLE

    def guest_cursor(self) -> GuestCursor:
        """Return a cursor for somebody else's SQL."""
        return GuestCursor(self)


class _Cursor(psycopg.Cursor[Any]):
    """A cursor that gets its rows in the binary format."""

    def __init__(self, connection: psycopg.Connection[Any], *, row_factory: Any = None) -> None:
        super().__init__(connection, row_factory=row_factory)
        self.format = pq.Format.BINARY


class ArrayStatement:
    """A statement with the rows as one array a column."""

    def __init__(self, text: str, table: Table, names: Sequence[str]) -> None:
        """Take the text, with one parameter for each of the columns `names` of a table."""
        self._text = text
        self._makes = [_ARRAYS[_array(table, name)] for name in names]
        self._reason = names.index("reason") if "reason" in names else -1

    def run(self, cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for all rows, in order.

        PostgreSQL has no text with a NUL character. A reason, which may be the message of any error, shows it by its
        symbol; whatever else has one cannot be stored.
        """
        if not rows:
            return
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        if self._reason >= 0:
            columns[self._reason] = [reason.replace("\0", _NUL) for reason in columns[self._reason]]
        cursor.execute(self._text, [make(column) for make, column in zip(self._makes, columns, strict=True)])


class Postgres(Server):
    """One PostgreSQL database; its tables are in the first schema of the search path."""

    scheme: ClassVar[str] = "postgresql"
    core: Any = PGDialect(paramstyle="format")  # type: ignore[no-untyped-call] # SQLAlchemy has it so
    begin_write: ClassVar[str] = "BEGIN ISOLATION LEVEL READ COMMITTED"  # each statement sees who came before
    clock: str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000"
    begin_read: str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, url: URL, vault: Vault | None = None) -> None:
        """Name the database; see `Server`."""
        super().__init__(url, vault)
        self._origin = uuid4().hex[:12]
        self._awaited = Awaited()

    def connect(self) -> Any:
        """Return a connection to the database with its newest schema.

        Raises:
            Error: when the server cannot be reached, refuses, or its store is newer than this program.
        """
        driver: Any = PGDialect_psycopg
        _, given = driver().create_connect_args(self.url)
        options = {**_CONNECTING, **given, "autocommit": True, "prepare_threshold": None, "cursor_factory": _Cursor}
        try:
            connection = _Connection.connect(**options)
        except psycopg.Error as error:
            raise self._unreachable(error) from error
        try:
            connection.turn, connection.statements = Turn(), {}
            connection.prepared_max = _PREPARED
            connection.adapters.register_dumper(int, Int8BinaryDumper)
            register(connection)
            connection.execute(_SET, [part for pair in _SETTINGS.items() for part in pair])
            connection.execute(_SYNC)
            self._migrate(connection)
            connection.prepare_threshold = 1
        except psycopg.Error as error:
            connection.close()
            raise self.explain(error) or error from error
        except BaseException:
            connection.close()
            raise
        return connection

    def cursor(self, connection: Any) -> WritingCursor:
        """Return a cursor for a write transaction; from now on nothing else prepares statements there.

        The driver would, and have the server forget all that are prepared with each ROLLBACK.
        """
        connection.prepare_threshold = None
        return WritingCursor(connection)

    def guest(self, connection: Any) -> PostgresGuest:
        """Return the cursor for somebody else's SQL in the open transaction of a connection."""
        return PostgresGuest(self, connection)

    def tell(self, cursor: Any, runs: Sequence[int]) -> None:
        """Tell other nodes of the runs that a transaction writes, once it is committed; without any, to look."""
        for text in notices(self._origin, runs):
            cursor.execute(TELL, (text,))

    def listener(self) -> Listener | None:
        """Return a connection that hears what others tell."""
        return PostgresListener(self.place, self.connect, self._origin, self._awaited)

    def await_end(self, connection: Any, run: int) -> None:
        """Have the others tell of the end of a run, when they write it."""
        connection.execute(AWAIT, (str(run),))

    def awaited(self, runs: Collection[int]) -> list[int]:
        """Return those of some runs whose ends others wait for."""
        return self._awaited.of(runs)

    def _unreachable(self, error: psycopg.Error) -> Error:
        """Return what a failed connection means; the driver gives no code for what a server says at that time."""
        text = str(error).strip()
        if any(sign in text for sign in ("password authentication failed", "does not exist", "no pg_hba.conf entry")):
            return unavailable(f"{self.place}: the server refuses the connection ({text})")
        return TryAgain(f"{self.place}: the server cannot be reached ({text})")

    def _migrate(self, connection: _Connection) -> None:
        known = migrations("postgresql")
        if not missing(connection.cursor(), known, self._tables(connection), self.place):
            return
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (LOCK,))  # who comes second waits here
            migrate(connection.cursor(), known, self._tables(connection), self.place)

    def _tables(self, connection: _Connection) -> set[str]:
        query = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
        return {name for (name,) in connection.execute(query)}

    _TURN: ClassVar[str] = (
        "WITH taken AS (UPDATE turnstile SET number = number + 1 RETURNING number - quiet AS loud, run, inbox) "
        "UPDATE writer SET number = writer.number + 1 FROM taken WHERE writer.writer = %s "
        "RETURNING taken.loud, taken.run, taken.inbox"
    )
    _QUIET: ClassVar[str] = "UPDATE turnstile SET quiet = quiet + 1"

    def _turn(self, cursor: Any, turn: Turn) -> int:
        ask = cursor.lead if isinstance(cursor, WritingCursor) else cursor.execute
        row = ask(self._TURN, (turn.writer,)).fetchone()
        loud, *numbers = row or (0, 0, 0)
        turn.numbers = (numbers[0], numbers[1])
        return int(loud)

    def numbers(self, cursor: Any) -> tuple[int, int]:
        """Return the last numbers of a run and of an inbox row that were ever used."""
        numbers: tuple[int, int] = cursor.connection.turn.numbers  # nobody else uses any in this transaction
        return numbers

    def number(self, cursor: Any, run: int, inbox: int) -> None:
        """Keep the last numbers used."""
        super().number(cursor, run, inbox)
        cursor.connection.turn.numbers = (run, inbox)

    def foresee(self, cursor: WritingCursor, text: str, values: Sequence[Any]) -> None:
        """Have a query done with the begin of a transaction, which will be asked in that."""
        cursor.foresee(text, values)

    def gather(self, cursor: WritingCursor) -> None:
        """Let statements of a cursor wait until the answer of one is asked for, or for the COMMIT."""
        cursor.gathers = True

    def quiet(self, cursor: Any) -> None:
        """Count the open transaction as one that leaves alone what other stores remember."""
        cursor.execute(self._QUIET)
        cursor.connection.turn.was_quiet = True

    # ---- errors ------------------------------------------------------------------------------------------------

    def explain(self, error: BaseException) -> Error | None:
        """Return what a driver's error means, None when it is about the data of one statement."""
        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate or ""
        if state in _DAMAGED:
            message = f"{self.place}: the database is damaged; restore a backup, nothing was overwritten ({error})"
            return Error(message, INTERNAL, retryable=False)
        if state in _RETRIED or state.startswith("08") or (not state and isinstance(error, psycopg.OperationalError)):
            return TryAgain(f"{self.place}: the server has gone or has undone a transaction ({error})")
        if state.startswith(_FULL) or state == "57014":
            return unavailable(f"{self.place}: the server has no room or no time for this ({error})")
        if state in _REFUSED or state[:2] in _REFUSED:
            return unavailable(f"{self.place}: the server does not allow this ({error})")
        return None

    def is_undone(self, connection: Any) -> bool:
        """Tell whether the open transaction of a connection has failed, so that its COMMIT was not even tried."""
        status: pq.TransactionStatus = connection.info.transaction_status
        return status == pq.TransactionStatus.INERROR

    def not_written(self, error: BaseException) -> bool:
        """Tell whether a commit that failed with this error has certainly written nothing: the server has said so."""
        state = getattr(error, "sqlstate", None) or ""
        return state[:2] in {"23", "40", "53"} and state != "40003"

    def is_lost(self, connection: Any) -> bool:
        """Tell whether a connection is of no use any more."""
        return bool(connection.closed or connection.broken)

    # ---- statements --------------------------------------------------------------------------------------------

    def one_of(self, item: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return `item = ANY (the parameter)`."""
        kind = BigInteger() if isinstance(item.type, BigInteger) else Text()
        return item == any_(cast(bindparam(name), ARRAY(kind)))

    def pack(self, values: Sequence[int] | Sequence[str]) -> list[Any]:
        """Return a list as the one parameter of `one_of`."""
        return list(values)

    def rows(self, text: str, table: Table, names: Sequence[str]) -> ArrayStatement:
        """Return an insert for many rows: the list of values becomes a list of arrays."""
        head, _, tail = text.partition("VALUES (")
        _, _, rest = tail.partition(")")
        text = f"{head}SELECT * FROM {_given(table, names)}{rest}"  # noqa: S608 - our own names
        return ArrayStatement(text, table, names)

    def upsert(self, table: Table) -> Insert:
        """Return an insert of whole rows that replaces rows of the same primary key."""
        statement = insert(table)
        changed = {item.name: statement.excluded[item.name] for item in table.columns if not item.primary_key}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)

    def insert_new(self, table: Table) -> Insert:
        """Return an insert that leaves rows of the same key as they are."""
        return insert(table).on_conflict_do_nothing()

    def update_rows(self, table: Table, names: Sequence[str], key: str) -> ArrayStatement:
        """Return an update of many rows by their key."""
        columns = (*names, key)
        changes = ", ".join(f"{name} = given.{name}" for name in names)
        given = f"{_given(table, columns)} AS given ({', '.join(columns)})"
        own = f"{table.name}.{key} = given.{key}"
        return ArrayStatement(f"UPDATE {table.name} SET {changes} FROM {given} WHERE {own}", table, columns)  # noqa: S608


def _given(table: Table, names: Sequence[str]) -> str:
    arrays = (f"%b::{_array(table, name)}" for name in names)
    return f"unnest({', '.join(arrays)})"


def _array(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, LargeBinary):
        return "bytea[]"
    return "bigint[]" if isinstance(kind, BigInteger) else "text[]"
