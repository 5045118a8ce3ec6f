"""SQL databases, by the id of their entry.

    db = await sql.get("app:db")
    rows = await db.query("SELECT name FROM item WHERE price < ?", 10)
    async with db.begin() as tx:
        await tx.execute("UPDATE item SET price = ? WHERE id = ?", 9.5, 3)

Statements take `?` or `$1`, and one value each: None, a boolean, a number, text, bytes or a datetime. Rows are
dictionaries. A transaction commits at the end of its block, and rolls back when the block raises. In a workflow there
are none: put them into a function.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Literal, Self

from actorflow.errors import invalid
from actorflow.script.operation import perform
from actorflow.value import Opaque

Row = dict[str, Any]
Isolation = Literal["default", "read_uncommitted", "read_committed", "repeatable_read", "serializable"]


class Result:
    """What a statement did.

    Attributes:
        last_insert_id: number of the row that the connection inserted last; 0 where the database does not say.
        rows_affected: how many rows were changed.
    """

    __slots__ = ("last_insert_id", "rows_affected")

    def __init__(self, last_insert_id: int, rows_affected: int) -> None:
        self.last_insert_id = last_insert_id
        self.rows_affected = rows_affected

    def __repr__(self) -> str:
        return f"Result(last_insert_id={self.last_insert_id}, rows_affected={self.rows_affected})"


def _given(value: Any) -> Any:
    """Return a value as the operation takes it: a moment by its nanoseconds, one without a zone as UTC."""
    if not isinstance(value, datetime):
        return value
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return {"as": "time", "value": (moment - _EPOCH) // timedelta(microseconds=1) * 1000}


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Runs(Opaque):
    """What runs statements."""

    __slots__ = ("_place",)

    def __init__(self, place: Any) -> None:
        self._place = place

    async def query(self, text: str, *values: Any) -> list[Row]:
        """Run a statement and return its rows; none when it gives none.

        Raises:
            Error: kind Invalid for bad SQL or values, AlreadyExists for a duplicate, Conflict for a missing reference,
                PermissionDenied, Unavailable when there is no connection.
        """
        self._check()
        rows: list[Row] = await perform("sql.query", self._place, text, [_given(value) for value in values])
        return rows

    async def execute(self, text: str, *values: Any) -> Result:
        """Run a statement, or for SQLite several, and return what it did; raises as `query` does."""
        self._check()
        return Result(**await perform("sql.execute", self._place, text, [_given(value) for value in values]))

    def _check(self) -> None:
        """Raise `Error` when nothing may be run any more."""


class Transaction(_Runs):
    """Statements that are kept or undone together; begun by `async with`."""

    __slots__ = ("_database", "_options")

    def __init__(self, database: str, options: dict[str, Any]) -> None:
        super().__init__(None)
        self._database = database
        self._options = options

    async def __aenter__(self) -> Self:
        if self._place is not None:
            raise invalid("a transaction is begun once: call begin() again")
        self._place = [self._database, await perform("sql.begin", self._database, self._options)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._place == []:
            return
        await (self.commit() if kind is None else self.rollback())

    async def commit(self) -> None:
        """Make the changes last, before the end of the block; nothing can be run after it."""
        await self._end("sql.commit")

    async def rollback(self) -> None:
        """Undo the changes, before the end of the block; nothing can be run after it."""
        await self._end("sql.rollback")

    async def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        await self._save("savepoint", name)

    async def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint; raises `Error` Invalid when there is none of that name."""
        await self._save("rollback_to", name)

    async def release(self, name: str) -> None:
        """Forget a savepoint, keeping what came after it."""
        await self._save("release", name)

    async def _save(self, verb: str, name: str) -> None:
        self._check()
        await perform("sql.savepoint", self._place, verb, name)

    async def _end(self, operation: str) -> None:
        self._check()
        place, self._place = self._place, []
        await perform(operation, place)

    def _check(self) -> None:
        if not self._place:
            raise invalid("the transaction is not active: it has not begun, or was committed or rolled back")


class Database(_Runs):
    """A database.

    Attributes:
        id: id of its entry. type: `sqlite`, `postgres` or `mysql`.
    """

    __slots__ = ("id", "type")

    def __init__(self, id: str, type: str) -> None:  # noqa: A002 - the words of the registry
        super().__init__(id)
        self.id = id
        self.type = type

    def begin(self, isolation: Isolation = "default", *, read_only: bool = False) -> Transaction:
        """Return a transaction, which begins with `async with`."""
        return Transaction(self.id, {"isolation": isolation, "read_only": read_only})

    async def stats(self) -> dict[str, int]:
        """Return the figures of its pool of connections."""
        figures: dict[str, int] = await perform("sql.stats", self.id)
        return figures


async def get(id: str) -> Database:  # noqa: A002 - the word of the registry
    """Return the database of an entry.

    Raises:
        Error: kind NotFound when there is no such entry, Invalid when it is no database, Unavailable when it does not
            run.
    """
    return Database(id, await perform("sql.open", id))
