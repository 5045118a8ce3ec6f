"""Transactions: statements of one script on one connection, committed or undone together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import partial
from typing import Any, Final, TypeVar

import trio
from sqlalchemy import Connection

from actorflow.errors import invalid
from actorflow.resource.database import Database
from actorflow.resource.sql_run import Executed, Rows, check, execute, query

T = TypeVar("T")

ISOLATIONS: Final = {
    "default": "",
    "read_uncommitted": "READ UNCOMMITTED",
    "read_committed": "READ COMMITTED",
    "repeatable_read": "REPEATABLE READ",
    "serializable": "SERIALIZABLE",
}
"""Isolation levels as scripts write them → as SQLAlchemy does."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class _State(Enum):
    OPEN = auto()
    COMMITTED = "was committed"
    ROLLED_BACK = "was rolled back"


class Transaction:
    """A transaction. It keeps its connection until it is over; what several tasks ask of it is done in turn."""

    def __init__(self, database: Database, abandon: Callable[[], object]) -> None:
        """Make one that has not begun; `abandon` is called when the database stops before it is over."""
        self._database = database
        self._abandon = abandon
        self._opened: list[Connection] = []
        self._turn = trio.Lock()
        self._state = _State.OPEN
        self._read_only = False

    async def begin(self, isolation: str, *, read_only: bool) -> None:
        """Begin it, at an isolation level that `ISOLATIONS` names; SQLite has one level, which is all of them.

        Raises:
            Error: what the database refuses; kind Unavailable, when no connection gets free in time.
        """
        self._read_only = read_only
        await self._database.take(self, self._abandon)
        try:
            await self._database.in_thread(partial(self._open, ISOLATIONS[isolation]), self._opened)
        except BaseException:
            self._state = _State.ROLLED_BACK
            with trio.CancelScope(shield=True):
                await self._close()
            raise

    def _open(self, isolation: str) -> None:
        backend = self._database.backend
        connection = self._database.engine.connect()
        self._opened.append(connection)
        connection = self._opened[0] = self._database.isolated(connection, isolation)
        if self._read_only and backend.type == "postgres":
            connection.execution_options(postgresql_readonly=True)
        elif self._read_only:
            sqlite = backend.type == "sqlite"
            connection.exec_driver_sql("PRAGMA query_only=ON" if sqlite else "SET TRANSACTION READ ONLY")
        if backend.begin:
            connection.exec_driver_sql(backend.begin)

    # ---- statements --------------------------------------------------------------------------------------------

    async def query(self, text: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement and return its rows; see `Database.query`. Kind Invalid when the transaction is over."""
        return await self._run(partial(query, self._database.backend, text, values))

    async def execute(self, text: str, values: Sequence[Any] = ()) -> Executed:
        """Run a statement and return what it did; see `query`."""
        return await self._run(partial(execute, self._database.backend, text, values))

    async def check(self, text: str) -> int:
        """Return how many values a statement takes; see `query`."""
        return await self._run(partial(check, self._database.backend, text))

    async def savepoint(self, verb: str, name: str) -> None:
        """Set a savepoint (`SAVEPOINT`), undo what came after it (`ROLLBACK TO`), or forget it (`RELEASE`).

        Raises:
            Error: kind Invalid, for a name that is none, a savepoint that is not there, or when it is over.
        """
        if not _NAME.fullmatch(name):
            raise invalid(f"savepoint: got {name!r:.80}, expected a name of letters, digits and _")
        statement = f"{verb} {name}" if verb == "SAVEPOINT" else f"{verb} SAVEPOINT {name}"
        await self._run(partial(execute, self._database.backend, statement, ()))

    # ---- the end -----------------------------------------------------------------------------------------------

    async def commit(self) -> None:
        """Make its changes last.

        Raises:
            Error: what the database refuses, then nothing has changed; kind Invalid when it is over.
        """
        await self._end(_State.COMMITTED, lambda connection: connection.commit())

    async def roll_back(self) -> None:
        """Undo its changes; raises `Error` Invalid when it is over."""
        await self._end(_State.ROLLED_BACK, lambda connection: connection.rollback())

    async def close(self) -> None:
        """Undo its changes unless it is over."""
        with trio.CancelScope(shield=True):
            async with self._turn:
                if self._state is _State.OPEN:
                    self._state = _State.ROLLED_BACK
                    await self._close()

    async def _run(self, work: Callable[[Connection], T]) -> T:
        async with self._turn:
            connection = self._current()
            return await self._database.in_thread(lambda: work(connection), self._opened)

    async def _end(self, state: _State, work: Callable[[Connection], object]) -> None:
        async with self._turn:
            connection = self._current()
            self._state = _State.ROLLED_BACK
            with trio.CancelScope(shield=True):
                try:
                    await self._database.in_thread(lambda: work(connection), ())
                    self._state = state
                finally:
                    await self._close()

    def _current(self) -> Connection:
        if self._state is not _State.OPEN:
            raise invalid(f"the transaction is not active: it {self._state.value}; begin a new one")
        return self._opened[0]

    async def _close(self) -> None:
        """Close the connection, which undoes what is not committed."""
        try:
            if self._opened:
                await self._database.in_thread(self._close_connection, ())
        finally:
            self._database.give_back(self)

    def _close_connection(self) -> None:
        connection = self._opened[0]
        try:
            connection.rollback()
            if self._read_only and self._database.backend.type == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only=OFF")
        finally:
            connection.close()
