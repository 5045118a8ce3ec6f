"""Running somebody's SQL inside of the transaction of a commit: held to its own tables and to a time.

What it writes and what it comes to are in one commit, or neither is. It cannot end the transaction, it cannot write to
the tables of the store, and one that takes too long is stopped: the writer waits for it, and everybody for the writer.
"""

from __future__ import annotations

import ctypes
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final

from actorflow.errors import PERMISSION_DENIED, TIMEOUT, Error
from actorflow.store import tables

if TYPE_CHECKING:
    from actorflow.run.turn import Transact

_STEPS: Final = 10_000
"""Steps of SQLite's machine between two looks at the clock: well under a millisecond."""
_OWN: Final = frozenset(tables.metadata.tables)
_WRITES: Final = frozenset(
    {
        *(sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_DROP_TABLE),
        *(sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_CREATE_TABLE),
    }
)
_ON_A_TABLE: Final = frozenset(
    {
        *(sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_DROP_INDEX),
        *(sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_DROP_TRIGGER, sqlite3.SQLITE_ALTER_TABLE),
    }
)
_NEVER: Final = frozenset(
    {
        *(sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH),
        *(sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_CREATE_TEMP_TRIGGER),
    }
)


class TransactionLost(Exception):
    """The database has given up the whole transaction over one item of it."""


class _TooLong(BaseException):
    """The time is over; no `except Exception` of the function takes it."""


def transact(connection: sqlite3.Connection, item: Transact) -> bool:
    """Do the work of an item; False when it failed: then nothing of it remains, and `item.error` says why.

    Raises:
        TransactionLost: when nothing of the transaction remains.
    """
    connection.execute("SAVEPOINT transact")
    try:
        item.payload = _guarded(connection, item)
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
    watch = _Watch(item.limit)
    connection.set_authorizer(_allowed)
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        payload = item.work(connection.cursor())
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
        watch.end()
    if time.monotonic() > end:
        raise _TooLong
    return payload


class _Watch:
    """Raises `_TooLong` in the thread that makes it when its time is over, unless it has ended by then.

    No tracing: with that, CPython 3.11 never leaves the entry of a function while an exception waits for a thread that
    has ended.
    """

    def __init__(self, limit: float) -> None:
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._over = self._shot = False
        self._timer = threading.Timer(limit, self._shoot)
        self._timer.daemon = True
        self._timer.start()

    def _shoot(self) -> None:
        with self._lock:
            if not self._over:
                self._shot = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(_TooLong))

    def end(self) -> None:
        """End the watch; a shot that is under way hits here, and nothing after it."""
        with self._lock:
            self._over = True
        self._timer.cancel()
        for _ in range(_STEPS if self._shot else 0):
            pass


def _allowed(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    """Tell SQLite whether a statement may do something."""
    own = (action in _WRITES and first in _OWN) or (action in _ON_A_TABLE and second in _OWN)
    return sqlite3.SQLITE_DENY if own or action in _NEVER else sqlite3.SQLITE_OK


def _explained(error: BaseException, item: Transact) -> BaseException:
    interrupted = isinstance(error, sqlite3.OperationalError) and "interrupted" in str(error)
    if isinstance(error, _TooLong) or interrupted:
        message = f"a transactional function took longer than its {item.limit:g} s, and was undone"
        return Error(message, TIMEOUT, details={"timeout_type": "start_to_close"})
    if isinstance(error, sqlite3.DatabaseError) and "not authorized" in str(error):
        message = "a transactional function may neither write to the engine's tables nor end its transaction"
        return Error(message, PERMISSION_DENIED, retryable=False)
    return error
