"""SQLite (`database.Database`): how to connect, and the few constructs Core has no common word for.

It is set up so that a commit that returned survives power loss: write-ahead log, synchronous=FULL, and the
full barrier where the platform has one.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import Error, invalid, unavailable
from actorflow.run.turn import Transact
from actorflow.store import fault
from actorflow.store.bulk import RowStatement, UpdateStatement
from actorflow.store.log_room import LogRoom
from actorflow.store.migrate.run import migrate, migrations, missing
from actorflow.store.transact import transact
from actorflow.store.vault import Vault

if TYPE_CHECKING:  # and imported below by what compiles statements: those of a plain node are recorded
    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine.interfaces import Dialect as CoreDialect
    from sqlalchemy.sql.dml import Insert

_BUSY: Final = 5.0
"""Seconds to wait for another process's lock before the database counts as busy."""

_SMALLEST: Final = 512
"""Bytes of the smallest page, and so of the smallest database that is not empty."""

sqlite3.register_adapter(bytes, bytes)
"""Bytes as they are. Without this the driver looks for who adapts them, for each one, in vain: three times the price of
binding one, and a run of one step has some twenty."""

_BEGIN: Final = "BEGIN IMMEDIATE"
_PAGES: Final = 10_000
"""Pages of a log that is moved into the database: ten times the default, a tenth of the pauses; 40 MB."""
_SETTINGS: Final = (
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",
    "PRAGMA checkpoint_fullfsync=ON",
    "PRAGMA foreign_keys=OFF",  # the rows of a run come and go in one commit; a check would read what we just wrote
    f"PRAGMA wal_autocheckpoint={_PAGES}",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA temp_store=MEMORY",
)


class Sqlite:
    """One SQLite file."""

    recorded: str = "recorded_sqlite.json"

    def __init__(self, path: str | Path, vault: Vault | None = None) -> None:
        """Name the file; it is made by the first `connect`, its directory must exist. `vault` keeps its values."""
        self.path = Path(path)
        self.vault = vault or Vault()

    @property
    def place(self) -> str:
        """What to call the database in messages."""
        return str(self.path)

    @property
    def core(self) -> CoreDialect:
        """The SQLAlchemy dialect statements are compiled for; parameters go by position."""
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - only what compiles needs it

        return sqlite.dialect(paramstyle="qmark")

    def transact(self, connection: sqlite3.Connection, item: Transact) -> bool:
        """Do the work of an item inside of the open transaction; see `transact.transact`."""
        return transact(connection, item)

    def connect(self) -> Any:
        """Return a DB-API connection, in autocommit mode, to the database with its newest schema.

        Raises:
            Error: when the file is no SQLite database, is damaged, newer than this program, or cannot be opened.
        """
        with ExitStack() as undo:
            try:
                self._refuse_fragment()
                connection = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
                undo.callback(connection.close)
                self._prepare(connection)
            except sqlite3.Error as error:
                raise fault.explain(error, self.place) or error from error
            undo.pop_all()
        return connection

    def _refuse_fragment(self) -> None:
        """Refuse a file too small for a database, which SQLite would take for an empty one and overwrite.

        It is not opened for that: closing a second handle would drop the locks that this process holds on the file.
        """
        with suppress(OSError):
            size = self.path.stat().st_size
            if 0 < size < _SMALLEST:
                raise invalid(f"{self.place}: not an SQLite database; name another file, nothing was overwritten")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("SELECT count(*) FROM sqlite_schema")  # fails on a foreign file before anything is changed
        for setting in _SETTINGS:
            connection.execute(setting)
        self._migrate(connection)
        self._log_ahead(connection)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        known = migrations("sqlite")
        if not missing(connection.cursor(), known, self._tables(connection), self.place):
            return
        connection.execute(_BEGIN)  # who comes second waits here, and then finds nothing left to do
        migrate(connection.cursor(), known, self._tables(connection), self.place)
        connection.execute("COMMIT")

    def _tables(self, connection: sqlite3.Connection) -> set[str]:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}

    def _log_ahead(self, connection: sqlite3.Connection) -> None:
        """Switch to the write-ahead log; SQLite does not wait for other processes here, so we do."""
        end = time.monotonic() + _BUSY
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if fault.code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(0.01)
            else:
                return

    def tell(self, cursor: Any, runs: Sequence[int]) -> None:
        """Do nothing: nobody else serves it."""

    def await_end(self, connection: Any, run: int) -> None:
        """Do nothing: nobody else turns it."""

    def settle(self, connection: Any) -> None:
        """After a commit of unknown outcome: move what the log holds into the database and empty the log.

        What a failed sync left in the log may be gone from the disk though it can still be read, and would come
        back from the dead after a crash if the next commit did not overwrite all of it.

        Raises:
            Error: when that is not possible now.
        """
        try:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise fault.explain(error, self.place) or error from error
        if busy:
            raise unavailable(f"{self.place}: a reader holds the log after a failed sync; try again")

    def integrity(self, connection: Any) -> list[str]:
        """Return what the database says is wrong with its own pages and indexes. Reads all of it."""
        found = [str(text) for (text,) in connection.execute("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def explain(self, error: BaseException) -> Error | None:
        """Return what a driver's error means, None when it is about the data of one statement."""
        return fault.explain(error, self.place)

    def not_written(self, error: BaseException) -> bool:
        """Tell whether a commit that failed with this error has certainly written nothing."""
        return fault.not_written(error)

    def cursor(self, connection: Any) -> Any:
        """Return a cursor for a write transaction."""
        return connection.cursor()

    def version(self, cursor: Any) -> object:
        """Return what changes when another connection has written; our own commits do not change it.

        Asked inside of a write transaction, when nobody else can write.
        """
        return cursor.execute("PRAGMA data_version").fetchone()[0]

    begin_read: str = "BEGIN"
    clock: str = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000000"

    def begin(self, cursor: Any) -> None:
        """Begin a write transaction."""
        cursor.execute(_BEGIN)

    def hasten(self, connection: Any, *, hasty: bool) -> None:
        """Wait for the locks of others, and move a large log into the database with a commit; or neither of them."""
        connection.execute(f"PRAGMA busy_timeout={0 if hasty else int(_BUSY * 1000)}")
        connection.execute(f"PRAGMA wal_autocheckpoint={0 if hasty else _PAGES}")

    def room(self) -> LogRoom | None:
        """Return what makes room in the write-ahead log; None where files cannot be written by position."""
        return LogRoom(Path(f"{self.path}-wal")) if hasattr(os, "pwrite") else None

    def numbers(self, cursor: Any) -> tuple[int, int]:
        """Return the last numbers of a run and of an inbox row that were ever used."""
        last = dict(cursor.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        return last.get("run", 0), last.get("inbox", 0)

    def number(self, cursor: Any, run: int, inbox: int) -> None:
        """Do nothing: SQLite keeps the last numbers itself."""

    def is_undone(self, connection: Any) -> bool:  # noqa: ARG002 - as the port has it
        """Return False: each statement is done at once, and what fails says so."""
        return False

    def is_lost(self, connection: Any) -> bool:  # noqa: ARG002 - as the port has it
        """Return False: a file is not lost."""
        return False

    def one_of(self, item: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return `item IN (the parameter)`: one parameter, a list as `pack` makes it, one SQL text for any length."""
        from sqlalchemy import bindparam, column, func, select  # noqa: PLC0415 - only what compiles needs it

        value: Any = column("value")
        return item.in_(select(value).select_from(func.json_each(bindparam(name)).alias("list")))

    def upsert(self, table: Table) -> Insert:
        """Return an insert of whole rows that replaces rows of the same primary key."""
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - only what compiles needs it

        statement = sqlite.insert(table)
        changed = {item.name: statement.excluded[item.name] for item in table.columns if not item.primary_key}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)

    def rows(self, text: str, table: Table, names: Sequence[str]) -> RowStatement:  # noqa: ARG002 - as the port has it
        """Return an insert for many rows."""
        return RowStatement(text)

    def update_rows(self, table: Table, names: Sequence[str], key: str) -> UpdateStatement:
        """Return an update of rows by their key: its values are rows of the named columns and then the key.

        Written by hand: SQLite cannot name the columns of a list of values, as Core would have it.
        """
        changes = ", ".join(f"{name}=given.column{place}" for place, name in enumerate(names, 1))
        row = ", ".join("?" * (len(names) + 1))
        given = f"(VALUES ({row})) AS given"
        own = f"{table.name}.{key} = given.column{len(names) + 1}"
        one = f"UPDATE {table.name} SET {', '.join(f'{name}=?' for name in names)} WHERE {key}=?"  # noqa: S608
        return UpdateStatement(one, f"UPDATE {table.name} SET {changes} FROM {given} WHERE {own}")  # noqa: S608

    def insert_new(self, table: Table) -> Insert:
        """Return an insert that leaves rows of the same key as they are."""
        from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - only what compiles needs it

        return sqlite.insert(table).on_conflict_do_nothing()

    def pack(self, values: Sequence[int] | Sequence[str]) -> str:
        """Return a list as the one parameter of `one_of`."""
        return json.dumps(values)
