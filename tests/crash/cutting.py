"""A database on a server whose connection is cut at a statement: before the server has it, or when it has answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import URL

from actorflow.store.postgres_cursor import Ask, WritingCursor, ask
from tests.databases import connected, database


class Cutting:
    """The database, with a pair of scissors; everything else is the real one's.

    Attributes:
        at: the number of the statement, counted from 1 since it was set, at which to cut; 0 for none.
        after: whether the server has done the statement by then, and only its answer is lost.
        seen: the statements since then.
    """

    def __new__(cls, url: URL) -> Self:
        """Make one of a class for the kind of database: statements are compiled once for each class."""
        return object.__new__(type(f"{cls.__name__}_{url.get_backend_name()}", (cls,), {}))

    def __init__(self, url: URL) -> None:
        self._real = database(url)
        self.at = 0
        self.after = False
        self.seen: list[str] = []
        self.connections = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def arm(self, at: int, *, after: bool) -> None:
        self.at, self.after, self.seen = at, after, []

    def connect(self) -> Any:
        self.connections += 1
        return _Connection(self._real.connect(), self)

    def cursor(self, connection: Any) -> Any:
        real = self._real.cursor(getattr(connection, "_real", connection))
        return Flights(real, self) if isinstance(real, WritingCursor) else connection.cursor()

    def cut(self, connection: Any) -> None:
        """Have the server end a session, and wait until it has."""
        with connected(self._real.url) as other:
            if hasattr(connection, "pgconn"):
                other.execute("SELECT pg_terminate_backend(%s::int, 5000)", (connection.info.backend_pid,))
            else:
                thread = connection.thread_id()
                other.execute(f"KILL CONNECTION {thread}")
                gone = "SELECT count(*) FROM information_schema.processlist WHERE id = %s"
                while other.execute(gone, (thread,)).fetchone()[0]:
                    pass


class Flights(WritingCursor):
    """The cursor of a PostgreSQL's writer: each statement of a flight counts, and a flight ends where it is cut."""

    def __init__(self, real: WritingCursor, database: Cutting) -> None:
        super().__init__(real.connection)
        self._database = database

    def fly(self, asked: Sequence[Ask]) -> list[Any]:
        plan = self._database
        first = len(plan.seen)
        plan.seen += [each.text for each in asked]
        if not first < plan.at <= len(plan.seen):
            return super().fly(asked)
        done = asked[: plan.at - first - (not plan.after)]
        if done:
            super().fly(done)
        plan.cut(self.connection)
        return super().fly([ask("SELECT 1", ())])  # fails, as the driver has it


class _Connection:
    """The connection, and its cursors: they count their statements."""

    def __init__(self, real: Any, database: Cutting) -> None:
        self._real = real
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def cursor(self) -> _Connection:
        return _Connection(self._real.cursor(), self._database)

    def guest_cursor(self) -> _Connection:
        return _Connection(self._real.guest_cursor(), self._database)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        return self._counted(sql, lambda: self._real.execute(sql, parameters))

    def executemany(self, sql: str, rows: Any) -> Any:
        return self._counted(sql, lambda: self._real.executemany(sql, rows))

    def _counted(self, sql: str, run: Any) -> Any:
        plan = self._database
        plan.seen.append(sql)
        if len(plan.seen) != plan.at:
            return run()
        if plan.after:
            run()
        plan.cut(getattr(self._real, "connection", self._real))
        return self._real.execute("SELECT 1")  # fails, as the driver has it
