"""Databases: what scripts ask of one, on the connections of an SQLAlchemy engine, in worker threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import trio
from sqlalchemy import Connection, Engine

from actorflow.duration import SECOND
from actorflow.errors import UNAVAILABLE, Error, unavailable
from actorflow.node.node import Node
from actorflow.registry.kinds.db_sql_mysql import DbSqlMysql
from actorflow.registry.kinds.db_sql_postgres import DbSqlPostgres
from actorflow.registry.kinds.db_sql_sqlite import DbSqlSqlite
from actorflow.registry.kinds.pool import Pool
from actorflow.resource.sql_engine import Backend, mysql_backend, postgres_backend, sqlite_backend
from actorflow.resource.sql_run import Executed, Rows, check, execute, explained, query
from actorflow.value import Value

T = TypeVar("T")

_AUTOCOMMIT: Final = "AUTOCOMMIT"
_ASK_AGAIN: Final = 0.1
"""Seconds after which a statement is interrupted again: it had perhaps not begun."""


class Database:
    """A database while it runs. Each use has a connection for itself; who finds none free waits for one."""

    def __init__(self, backend: Backend, pool: Pool) -> None:
        """Make a database that is not connected."""
        self.backend = backend
        self._timeout = pool.timeout / SECOND
        self._engine: Engine | None = None
        self._connections = trio.CapacityLimiter(backend.max_open)
        self._threads = trio.CapacityLimiter(2 * backend.max_open)  # never full: those who work hold a connection
        self._given_back = trio.Event()
        self._closers: dict[object, Callable[[], object]] = {}
        self._waits = 0
        self._waited = 0.0

    # ---- life --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect once, to see whether it can be used.

        Raises:
            Error: kind Unavailable, when the database or its driver is not there; else why it refuses us.
        """
        self._engine = await trio.to_thread.run_sync(self._connected)

    async def stop(self, grace: float) -> None:
        """Refuse new uses, roll open transactions back, give statements `grace` seconds, and disconnect."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        for close in tuple(self._closers.values()):
            close()
        with trio.move_on_after(grace):
            while self._connections.borrowed_tokens:
                await self._given_back.wait()
        await trio.to_thread.run_sync(engine.dispose)

    def _connected(self) -> Engine:
        place = self.backend.place
        try:
            with explained(place):
                engine = self.backend.make()
        except OSError as error:
            raise unavailable(f"{place}: {error}") from error
        try:
            with explained(place):
                engine.connect().close()
        except BaseException:
            engine.dispose()
            raise
        return engine

    # ---- statements by themselves ------------------------------------------------------------------------------

    async def query(self, text: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement by itself and return its rows; none when it gives none.

        Raises:
            Error: what the database refuses (`sql_fault`); kind Unavailable, when no connection gets free in time.
        """
        return await self.use(partial(query, self.backend, text, values))

    async def execute(self, text: str, values: Sequence[Any] = ()) -> Executed:
        """Run a statement by itself, or for SQLite several, and return what it did; raises as `query` does."""
        return await self.use(partial(execute, self.backend, text, values))

    async def check(self, text: str) -> int:
        """Return how many values a statement takes; raises the error of one that the database does not understand."""
        return await self.use(partial(check, self.backend, text))

    async def use(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a worker thread with a connection on which each statement is a transaction of its own."""
        engine, holder = self.engine, object()
        opened: list[Connection] = []

        def whole() -> T:
            with engine.connect() as connection:
                opened.append(connection)
                return work(self.isolated(connection, _AUTOCOMMIT))

        await self.take(holder)
        try:
            return await self.in_thread(whole, opened)
        finally:
            self.give_back(holder)

    def stats(self) -> dict[str, Value]:
        """Return the figures of the pool; `wait_duration` is in nanoseconds."""
        in_use = self._connections.borrowed_tokens
        pool: Any = None if self._engine is None else self._engine.pool
        idle = pool.checkedin() if hasattr(pool, "checkedin") else self.backend.max_open - in_use
        return {
            "max_open_connections": self.backend.max_open,
            "open_connections": in_use + idle,
            "in_use": in_use,
            "idle": idle,
            "wait_count": self._waits,
            "wait_duration": int(self._waited * SECOND),
        }

    # ---- for those who hold a connection -----------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """The engine; raises `Error` Unavailable when the database does not run."""
        if self._engine is None:
            raise unavailable(f"{self.backend.place} is not running")
        return self._engine

    async def take(self, holder: object, close: Callable[[], object] | None = None) -> None:
        """Wait until one of the connections may be opened; `close` is called when the database stops.

        Raises:
            Error: kind Unavailable, when none gets free in time.
        """
        if self._connections.available_tokens < 1:
            await self._wait(holder)
        else:
            self._connections.acquire_on_behalf_of_nowait(holder)
        if close is not None:
            self._closers[holder] = close

    def give_back(self, holder: object) -> None:
        """Say that the connection of a holder is closed."""
        self._closers.pop(holder, None)
        self._connections.release_on_behalf_of(holder)
        self._given_back.set()
        self._given_back = trio.Event()

    async def _wait(self, holder: object) -> None:
        self._waits += 1
        began = trio.current_time()
        with trio.move_on_after(self._timeout) as scope:
            await self._connections.acquire_on_behalf_of(holder)
        self._waited += trio.current_time() - began
        if scope.cancelled_caught:
            most = self.backend.max_open
            count = f"its {most} connections are" if most > 1 else "its only connection is"
            hint = "is a transaction left open?"
            message = f"{self.backend.place}: {count} still in use after {self._timeout:g}s; {hint}"
            raise Error(message, UNAVAILABLE, retryable=True)

    def isolated(self, connection: Connection, isolation: str) -> Connection:
        """Return a connection with an isolation level; those of SQLite are in autocommit mode, and know one level."""
        if self.backend.type == "sqlite" or not isolation:
            return connection
        return connection.execution_options(isolation_level=isolation)

    async def in_thread(self, work: Callable[[], T], opened: Sequence[Connection]) -> T:
        """Run `work` in a worker thread; when we are cancelled, what its connection does is interrupted.

        Its end is waited for in any case. Raises what a driver raises as `Error`.
        """
        finished = threading.Event()

        def whole() -> T:
            try:
                with explained(self.backend.place):
                    return work()
            finally:
                finished.set()

        await trio.lowlevel.checkpoint_if_cancelled()  # from here on, whoever is cancelled has a thread that works
        try:
            return await trio.to_thread.run_sync(whole, limiter=self._threads, abandon_on_cancel=True)
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._end, opened, finished)
            raise

    def _end(self, opened: Sequence[Connection], finished: threading.Event) -> None:
        """Wait for the end of what a thread does, after asking for it: until it is asked in time, again and again."""
        while not finished.is_set():
            self._interrupt(opened)
            finished.wait(_ASK_AGAIN)

    def _interrupt(self, opened: Sequence[Connection]) -> None:
        """End what a connection does; that it has just been closed, or that the driver cannot, is nothing."""
        if opened and self.backend.interrupt is not None:
            with suppress(Exception):
                self.backend.interrupt(opened[0])


def open_sqlite(id: str, config: DbSqlSqlite, node: Node) -> Database:  # noqa: A002 - the signature of every factory
    """Return the database of a `db.sql.sqlite` entry."""
    return Database(sqlite_backend(id, config, node.data), config.pool)


def open_postgres(id: str, config: DbSqlPostgres, node: Node) -> Database:  # noqa: A002, ARG001 - see `open_sqlite`
    """Return the database of a `db.sql.postgres` entry."""
    return Database(postgres_backend(id, config), config.pool)


def open_mysql(id: str, config: DbSqlMysql, node: Node) -> Database:  # noqa: A002, ARG001 - see `open_sqlite`
    """Return the database of a `db.sql.mysql` entry."""
    return Database(mysql_backend(id, config), config.pool)
