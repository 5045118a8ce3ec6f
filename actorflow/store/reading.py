"""A SQL connection for reading: opened with the first read, opened again when it is lost, its errors explained."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from actorflow.store.database import Database

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="SqlReading")


def explained(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Make a reading method raise what the driver's error means instead of the driver's error.

    One whose connection is lost reads again on a new one, unless it is a part of a snapshot.
    """

    @wraps(method)
    def read(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            meaning = self.dialect.explain(error)
            if meaning is None:
                raise
            if not self._gives_up():
                raise meaning from error
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            raise self.dialect.explain(error) or error from error

    return read


class SqlReading:
    """What a reader is built on; used by one thread at a time."""

    def __init__(self, dialect: Database) -> None:
        """Read in this database; the first read opens the connection."""
        self.dialect = dialect
        self._open: Any = None
        self._in_snapshot = False

    def _connection(self) -> Any:
        """Return the connection, opening it if need be."""
        if self._open is None:
            self._open = self.dialect.connect()
        return self._open

    def _rows(self, sql: str, *parameters: object) -> list[Any]:
        rows: list[Any] = self._connection().execute(sql, parameters).fetchall()
        return rows

    @explained
    def time(self) -> int:
        """Return the time of the database: nanoseconds since the Unix epoch."""
        return int(self._rows(self.dialect.clock)[0][0])

    @explained
    def await_end(self, run: int) -> None:
        """Ask the other nodes to tell of the end of a run (`port.Reader.await_end`)."""
        self.dialect.await_end(self._connection(), run)

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    def _gives_up(self) -> bool:
        """Give a connection up that is lost; tells whether what was read on it can be read again on another one."""
        if self._open is None or not self.dialect.is_lost(self._open):
            return False
        self.close()
        return not self._in_snapshot

    def snapshot(self, read: Callable[[Any], T]) -> T:
        """Return `read(self)` inside one read transaction."""
        connection = self._begin_snapshot()
        self._in_snapshot = True
        try:
            return read(self)
        except Exception as error:
            if (meaning := self.dialect.explain(error)) is not None:
                raise meaning from error
            raise
        finally:
            self._in_snapshot = False
            self._end_snapshot(connection)

    @explained
    def _begin_snapshot(self) -> Any:
        connection = self._connection()
        connection.execute(self.dialect.begin_read)
        return connection

    def _end_snapshot(self, connection: Any) -> None:
        """End the transaction of a snapshot; a connection that cannot do that is given up."""
        try:
            connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - what was read was read; the next read opens another connection
            self.close()
