"""Running somebody's SQL inside of the transaction of a commit: held to its own tables and to a time.

What it writes and what it comes to are in one commit, or neither is. It cannot end the transaction, it cannot write to
the tables of the store, and one that takes too long is stopped: the writer waits for it, and everybody for the writer.
"""

from __future__ import annotations

import ctypes
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from actorflow.errors import PERMISSION_DENIED, TIMEOUT, Error

if TYPE_CHECKING:
    from actorflow.run.turn import Transact

T = TypeVar("T")

_STEPS: Final = 10_000
"""Steps of SQLite's machine between two looks at the clock: well under a millisecond."""
OWN: Final = frozenset(
    {
        *("run", "open_run", "journal", "state_history", "source", "inbox", "timer", "call", "child", "queued_run"),
        *("continuation", "attribute", "blob", "document", "store_info", "migration"),
        *("host_lease", "host_shard", "cluster_node"),
    }
)
"""The tables of a store, as `tables` has them, which loads SQLAlchemy."""
_WRITES: Final = frozenset(
    {
        *(sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_DROP_TABLE),
        *(sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_VIEW),
        *(sqlite3.SQLITE_CREATE_TEMP_TABLE, sqlite3.SQLITE_CREATE_TEMP_VIEW),  # they would hide the store's own
        sqlite3.SQLITE_CREATE_VTABLE,
    }
)
_ON_A_TABLE: Final = frozenset(
    {
        *(sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_DROP_INDEX),
        *(sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_DROP_TRIGGER, sqlite3.SQLITE_ALTER_TABLE),
    }
)
_ASKED: Final = frozenset({("schema_version", None), ("query_only", None)})
"""PRAGMAs that only tell something, and those of `table_info`."""
_NEVER: Final = frozenset(
    {
        *(sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH),
        *(sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_CREATE_TEMP_TRIGGER),
    }
)


class TransactionLost(Exception):
    """The database has given up the whole transaction over one item of it."""


class TooLong(BaseException):
    """The time is over; no `except Exception` of the function takes it."""


class SqliteGuest:
    """What work gets as its cursor: it runs statements as long as the transaction is there, by itself each would last.

    Attributes:
        type: what kind of database it is of. place: what to call that in messages.
    """

    type: Final = "sqlite"
    place: Final = "the database of the run"

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Run statements on a connection with an open transaction."""
        self._connection = connection
        self._cursor = connection.cursor()

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> sqlite3.Cursor:
        """Run a statement; the cursor has its rows and counts.

        Raises:
            TransactionLost: when an earlier statement has had the database undo everything.
        """
        if not self._connection.in_transaction:
            raise TransactionLost("the database has undone the transaction")
        return self._cursor.execute(sql, parameters)


def transact(connection: sqlite3.Connection, item: Transact) -> bool:
    """Do the work of an item; False when it failed: then nothing of it remains, and `item.error` says why.

    Raises:
        TransactionLost: when nothing of the transaction remains.
    """
    connection.execute("SAVEPOINT transact")
    try:
        if item.ready is not None:
            item.ready()
        item.payload = _guarded(connection, item)
        if not connection.in_transaction:
            raise TransactionLost("the database has undone the transaction")  # noqa: TRY301 - as any other failure
    except BaseException as error:
        item.error = _explained(error, item)
        if not connection.in_transaction:
            raise TransactionLost from error
        connection.execute("ROLLBACK TO transact")
        connection.execute("RELEASE transact")
        return False
    connection.execute("RELEASE transact")
    return True


def _guarded(connection: sqlite3.Connection, item: Transact) -> bytes:
    """Do the work of an item with what it may do, and for how long, watched."""
    end = time.monotonic() + item.limit
    watch = Watch(item.limit, item.stop)
    connection.set_authorizer(_allowed)
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        payload = item.work(SqliteGuest(connection))
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
        watch.end()
    if time.monotonic() > end:
        raise TooLong
    return payload


class Watch:
    """Ends what its thread does when the time is over, unless it has ended by then.

    That is what `stop` does, or else `TooLong` is raised in the thread that has made the watch. No tracing: with that,
    CPython 3.11 never leaves the entry of a function while an exception waits for a thread that has ended.
    """

    def __init__(self, limit: float, stop: Callable[[], object] | None = None) -> None:
        """Begin to watch, for so many seconds."""
        self._stop = stop
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._over = self._shot = self._late = False
        self._interrupt: Callable[[], object] | None = None
        self._timer = threading.Timer(limit, self._shoot)
        self._timer.daemon = True
        self._timer.start()

    def _shoot(self) -> None:
        with self._lock:
            if self._over:
                return
            self._late = True
            if self._stop is not None:
                self._stop()
            if self._interrupt is not None:
                with suppress(Exception):  # then the statement ends by itself, and is late
                    self._interrupt()
            elif self._stop is None:
                self._shot = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(TooLong))

    def interruptible(self, work: Callable[[], T], interrupt: Callable[[], object]) -> T:
        """Return `work()`, which waits for a server; `interrupt`, called in another thread, ends it when time is over.

        Raises:
            TooLong: when it is over.
        """
        try:
            with self._lock:
                if self._late:
                    raise TooLong
                self._interrupt = interrupt
            return work()
        finally:
            with self._lock:
                self._interrupt = None
                if self._late:
                    raise TooLong

    def end(self) -> None:
        """End the watch; a shot that is under way hits here, and nothing after it."""
        with self._lock:
            self._over = True
        self._timer.cancel()
        for _ in range(_STEPS if self._shot else 0):
            pass


def _allowed(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    """Tell SQLite whether a statement may do something."""
    if action == sqlite3.SQLITE_PRAGMA and (first == "table_info" or (first, second) in _ASKED):
        return sqlite3.SQLITE_OK
    own = (action in _WRITES and _is_own(first)) or (action in _ON_A_TABLE and _is_own(second))
    renamed = action == sqlite3.SQLITE_ALTER_TABLE and first == "temp"  # to what is not said: it could hide one of them
    return sqlite3.SQLITE_DENY if own or renamed or action in _NEVER else sqlite3.SQLITE_OK


def _is_own(name: str | None) -> bool:
    """Tell whether a name means a table of the store; SQLite takes no notice of its case."""
    return name is not None and name.lower() in OWN


def _explained(error: BaseException, item: Transact) -> BaseException:
    if isinstance(error, TooLong) or is_interrupted(error):
        return too_long(item)
    return not_allowed() if is_denied(error) else error


def too_long(item: Transact) -> Error:
    """Return the failure of work that took too long."""
    message = f"a transactional function took longer than its {item.limit:g} s, and was undone"
    return Error(message, TIMEOUT, details={"timeout_type": "start_to_close"})


def is_interrupted(error: BaseException) -> bool:
    """Tell whether SQLite has ended a statement because the time is over."""
    return isinstance(error, sqlite3.OperationalError) and "interrupted" in str(error)


def is_denied(error: BaseException) -> bool:
    """Tell whether SQLite has refused a statement that it was told not to do."""
    return isinstance(error, sqlite3.DatabaseError) and "not authorized" in str(error)


def not_allowed() -> Error:
    """Return the failure of work that touches what is not its own."""
    message = "a transactional function may neither write to the engine's tables nor end its transaction"
    return Error(message, PERMISSION_DENIED, retryable=False)
