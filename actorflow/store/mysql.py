"""MySQL and MariaDB (`database.Database`): PyMySQL, whose statements have their values written into their text.

Texts compare by their bytes and keep their trailing spaces; tables are InnoDB, a commit is as durable as the server's
`innodb_flush_log_at_trx_commit` has it (1, unless somebody has changed that).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, ClassVar, Final

import pymysql
from pymysql.constants import CR, ER, SERVER_STATUS
from sqlalchemy import BigInteger, ColumnElement, Table, bindparam
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.sql.dml import Insert

from actorflow.errors import INTERNAL, Error, unavailable
from actorflow.store.hearing import PollingListener, ServerCounter
from actorflow.store.migrate.run import LOCK, Migration, migrate, migrations, missing
from actorflow.store.mysql_guest import MysqlGuest
from actorflow.store.server import CONNECT, STILL, Server, TryAgain
from actorflow.store.telling import Listener
from actorflow.store.turn_count import Turn

_CONNECTING: Final = {"connect_timeout": CONNECT, "read_timeout": 60, "write_timeout": 60, "charset": "utf8mb4"}
_MODE: Final = "ANSI_QUOTES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO"
_ON_MARIADB: Final = f"SET SESSION idle_transaction_timeout = {STILL}"
_ON_MYSQL: Final = f"SET SESSION wait_timeout = {12 * STILL}"
"""MySQL has no time for an idle transaction, only one for an idle connection."""
_COLLATION: Final = "utf8mb4_nopad_bin"
_OF_MYSQL: Final = "utf8mb4_0900_bin"
_BOOT: Final = 60
"""Seconds to wait for another node that makes the tables."""
_BYTES: Final = 1 << 20
"""Bytes of values in one statement; a server takes 16 times as much unless it is told otherwise."""

_RETRIED: Final = frozenset(
    {
        *(ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, ER.CHECKREAD, ER.SERVER_SHUTDOWN, ER.QUERY_INTERRUPTED),
        *(CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR),
        *(ER.CON_COUNT_ERROR, ER.NORMAL_SHUTDOWN, ER.OPTION_PREVENTS_STATEMENT, 1792, 1836, 1927, 4031),
    }
)
"""Conflicts, shutdowns, lost connections, and servers that lead no more."""
_FULL: Final = frozenset({ER.DISK_FULL, ER.OUT_OF_RESOURCES, ER.OUTOFMEMORY, ER.RECORD_FILE_FULL, 1969, 3024})
_REFUSED: Final = frozenset(
    {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR, ER.BAD_DB_ERROR}
)
_DAMAGED: Final = frozenset({ER.NOT_KEYFILE, ER.CRASHED_ON_USAGE, 1712, 1877})


class _Cursor(pymysql.cursors.Cursor):
    """A cursor whose `execute` returns it."""

    def execute(self, query: str, args: Any = ()) -> Any:
        super().execute(query, args)
        return self

    def executemany(self, query: str, args: Any) -> None:
        for row in args:
            self.execute(query, row)

    def fetchall(self) -> Any:
        return list(super().fetchall())


class _Connection(pymysql.connections.Connection):
    """A connection that runs statements itself, says whether it is in a transaction, and knows its turns."""

    turn: Turn

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        return self.cursor().execute(sql, parameters)

    @property
    def in_transaction(self) -> bool:
        status: int = self.server_status  # type: ignore[attr-defined] # the stubs have forgotten it
        return not self.open or bool(status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)


class ValuesStatement:
    """A statement with a list of rows, as many as make about a megabyte."""

    def __init__(self, head: str, row: str, tail: str) -> None:
        """Take its parts."""
        self._head, self._row, self._tail = head, row, tail

    def run(self, cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for all rows, in order."""
        for part in _parts(rows):
            texts = ", ".join([self._row] * len(part))
            cursor.execute(f"{self._head}{texts}{self._tail}", list(chain.from_iterable(part)))


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    first, size = 0, 0
    for number, row in enumerate(rows):
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if size > _BYTES and number > first:
            yield rows[first:number]
            first, size = number, 0
    if first < len(rows):
        yield rows[first:]


class Mysql(Server):
    """One MySQL or MariaDB database."""

    scheme: ClassVar[str] = "mysql"
    core: Any = MySQLDialect(paramstyle="format")
    clock: str = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) * 1000"
    begin_read: str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"

    def connect(self) -> Any:
        """Return a connection to the database with its newest schema.

        Raises:
            Error: when the server cannot be reached, refuses, or its store is newer than this program.
        """
        connection = self.connected()
        try:
            connection.turn = Turn()
            is_mariadb = "mariadb" in connection.execute("SELECT version()").fetchone()[0].lower()
            connection.execute(_ON_MARIADB if is_mariadb else _ON_MYSQL)
            connection.execute(f"SET SESSION innodb_lock_wait_timeout = {STILL + 1}")
            connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._migrate(connection, _COLLATION if is_mariadb else _OF_MYSQL)
        except pymysql.Error as error:
            connection.close()
            raise self.explain(error) or error from error
        except BaseException:
            connection.close()
            raise
        return connection

    def connected(self) -> _Connection:
        """Return a connection that nothing is known of, and that knows nothing; raises as `connect` does."""
        _, given = MySQLDialect_pymysql(dbapi=pymysql).create_connect_args(self.url)
        local = {"ssl_disabled": True} if "unix_socket" in given else {}  # to read all certificates takes a while
        options = {**_CONNECTING, **local, **given, "autocommit": True, "cursorclass": _Cursor, "sql_mode": _MODE}
        try:
            return _Connection(**options)
        except pymysql.Error as error:
            raise self.explain(error) or TryAgain(f"{self.place}: the server cannot be reached ({error})") from error

    def guest(self, connection: Any) -> MysqlGuest:
        """Return the cursor for somebody else's SQL in the open transaction of a connection."""
        return MysqlGuest(self, connection)

    def _migrate(self, connection: _Connection, collation: str) -> None:
        """Make the tables, one node at a time; a statement of these is a transaction, and may be done again."""
        known = migrations("mysql")
        if not missing(connection.cursor(), known, self._tables(connection), self.place):
            return
        name = f"{LOCK} {self.url.database}"[:64]
        if connection.execute("SELECT GET_LOCK(%s, %s)", (name, _BOOT)).fetchone()[0] != 1:
            raise TryAgain(f"{self.place}: another node is making its tables; try again")
        try:
            cursor = connection.cursor()
            steps = [Migration(*step[:3], step.sql.replace(_COLLATION, collation)) for step in known]
            migrate(cursor, steps, self._tables(connection), self.place, resumes=True)
        finally:
            connection.execute("SELECT RELEASE_LOCK(%s)", (name,)).fetchall()

    def _tables(self, connection: _Connection) -> set[str]:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        return {name for (name,) in connection.execute(query).fetchall()}

    _OTHERS: ClassVar[str] = (
        "SELECT turnstile.number - coalesce((SELECT number FROM writer WHERE writer = %s), 0) FROM turnstile"
    )

    def listener(self) -> Listener | None:
        """Return what looks whether others have written: nobody is told of it here."""
        counter = ServerCounter(self.connect, self._OTHERS, lambda: self.writer)
        return PollingListener(partial(self._asked, counter), counter.close)

    def _asked(self, counter: ServerCounter) -> object:
        try:
            return counter.ask()
        except pymysql.Error as error:
            raise self.explain(error) or error from error

    _TURN: ClassVar[str] = (
        "UPDATE turnstile, writer SET turnstile.number = LAST_INSERT_ID(turnstile.number + 1), "
        "writer.number = writer.number + 1 WHERE writer.writer = %s"
    )

    def _turn(self, cursor: Any, turn: Turn) -> int:
        cursor.execute(self._TURN, (turn.writer,))
        return int(cursor.lastrowid) if cursor.rowcount else 0

    # ---- errors ------------------------------------------------------------------------------------------------

    def explain(self, error: BaseException) -> Error | None:
        """Return what a driver's error means, None when it is about the data of one statement."""
        if not isinstance(error, pymysql.Error):
            return None
        code = error.args[0] if error.args else 0
        if code in _DAMAGED:
            message = f"{self.place}: the database is damaged; restore a backup, nothing was overwritten ({error})"
            return Error(message, INTERNAL, retryable=False)
        if code in _RETRIED or isinstance(error, pymysql.InterfaceError):
            return TryAgain(f"{self.place}: the server has gone or has undone a transaction ({error})")
        if code in _FULL:
            return unavailable(f"{self.place}: the server has no room or no time for this ({error})")
        if code in _REFUSED:
            return unavailable(f"{self.place}: the server does not allow this ({error})")
        return None

    def not_written(self, error: BaseException) -> bool:
        """Tell whether a commit that failed with this error has certainly written nothing: the server has said so."""
        return (
            isinstance(error, pymysql.Error) and bool(error.args) and error.args[0] in {ER.LOCK_DEADLOCK, ER.CHECKREAD}
        )

    def is_lost(self, connection: Any) -> bool:
        """Tell whether a connection is of no use any more."""
        return not connection.open

    # ---- statements --------------------------------------------------------------------------------------------

    def one_of(self, item: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return `item IN the parameter`."""
        found: ColumnElement[bool] = item.op("IN", is_comparison=True)(bindparam(name))
        return found

    def pack(self, values: Sequence[int] | Sequence[str]) -> list[Any]:
        """Return a list as the one parameter of `one_of`; nothing is in a list without anything."""
        return list(values) or [None]

    def rows(self, text: str, table: Table, names: Sequence[str]) -> ValuesStatement:  # noqa: ARG002 - as the port has it
        """Return an insert for many rows."""
        head, _, tail = text.partition("VALUES (")
        inside, _, rest = tail.partition(")")
        return ValuesStatement(f"{head}VALUES ", f"({inside})", rest)

    def upsert(self, table: Table) -> Insert:
        """Return an insert of whole rows that replaces rows of the same primary key."""
        statement = insert(table)
        changed = {item.name: statement.inserted[item.name] for item in table.columns if not item.primary_key}
        return statement.on_duplicate_key_update(changed)

    def insert_new(self, table: Table) -> Insert:
        """Return an insert that leaves rows of the same key as they are."""
        key = next(iter(table.primary_key))
        return insert(table).on_duplicate_key_update({key.name: key})

    def update_rows(self, table: Table, names: Sequence[str], key: str) -> ValuesStatement:
        """Return an update of many rows by their key: an insert of rows that are all there already.

        The other columns get values that are never written. An update that joins a list of rows, which the two servers
        write in no common way but a union, takes four times as long.
        """
        given = (*names, key)
        others = [column for column in table.columns if column.name not in given and not column.nullable]
        unused = ["0" if isinstance(column.type, BigInteger) else "''" for column in others]
        columns = ", ".join([*given, *(column.name for column in others)])
        row = f"({', '.join([*['%s'] * len(given), *unused])})"
        changes = ", ".join(f"{name} = VALUES({name})" for name in names)
        head = f"INSERT INTO {table.name} ({columns}) VALUES "  # noqa: S608 - our own names
        return ValuesStatement(head, row, f" ON DUPLICATE KEY UPDATE {changes}")
