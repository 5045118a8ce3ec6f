"""The `sql` module within a transactional function: its statements join the transaction that it is part of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actorflow.errors import PERMISSION_DENIED, Error, invalid
from actorflow.resource.sql_fault import explain
from actorflow.resource.sql_text import MYSQL, POSTGRES, SQLITE, Statement, count_marks, statements
from actorflow.resource.sql_value import in_database, parameters, rows
from actorflow.resource.sqlite_boolean import Booleans
from actorflow.store.transact import TooLong, TransactionLost, is_denied, is_interrupted, not_allowed
from actorflow.value import INT_MAX, Value

_FLAVORS: Final = {"sqlite": SQLITE, "postgres": POSTGRES, "mysql": MYSQL}
_DEFAULT: Final = "the default database of the node"
_ENDS: Final = frozenset({"begin", "commit", "rollback", "savepoint"})


class JoinedSql:
    """The operations `sql.*` on the cursor of a transaction."""

    def __init__(self, cursor: Any, booleans: Booleans, kept: str, denied: Error | None) -> None:
        """Use a cursor; `kept` is the id of its database, "" for the default; `denied` says why it is not for the name.

        The transaction that the function was given is always for it. `booleans` finds those of SQLite.
        """
        self._cursor = cursor
        self._booleans = booleans
        self._kept = kept
        self._denied = denied
        self._done: dict[str, Callable[..., Value]] = {
            "query": self._query,
            "execute": self._execute,
            "prepare": self._prepare,
        }

    def perform(self, operation: str, place: Value = None, text: Value = None, values: Value = None) -> Value:
        """Do an operation.

        Raises:
            Error: Invalid for another database and for what is no SQL; what the database refuses.
        """
        verb = operation.partition(".")[2]
        self._check_place(verb, place)
        if verb == "open":
            return self._cursor.type
        if verb in _ENDS:
            message = f"{verb}: a transactional function is in a transaction already, which ends with its call"
            raise Error(f"{message}: return to commit it, fail to undo it", PERMISSION_DENIED, retryable=False)
        done = self._done.get(verb)
        if done is None:
            raise invalid(f"{verb}: a transactional function has one connection, and no pool with figures")
        if not isinstance(text, str) or not text:
            raise invalid(
                f"{verb}: got {'an empty statement' if text == '' else type(text).__name__}, expected SQL text"
            )
        return done(text, parameters(values))

    def _check_place(self, verb: str, place: Value) -> None:
        if isinstance(place, list):
            return
        if place != self._kept or not place:
            kept = self._kept or _DEFAULT
            message = f"{verb}: got {place!r:.80}, a transactional function reaches only {kept}, which keeps its run"
            raise invalid(f"{message}; what it gets as its first argument is a transaction there")
        if self._denied is not None:
            raise self._denied

    def _query(self, text: str, values: list[Any]) -> Value:
        found: list[dict[str, Value]] = []
        for statement in self._statements(text, values):
            cursor = self._run(statement)
            names = [column[0] for column in cursor.description or ()]
            fetched = [[*row] for row in cursor.fetchall()] if names else []
            if fetched and self._cursor.type == "sqlite":
                self._booleans.mend(fetched, text, names, _Asking(self._cursor))
            found = rows(names, fetched)
        return found

    def _execute(self, text: str, values: list[Any]) -> Value:
        done = {"last_insert_id": 0, "rows_affected": 0}
        for statement in self._statements(text, values):
            cursor = self._run(statement)
            if cursor.description is None:
                number = getattr(cursor, "lastrowid", None)
                done["rows_affected"] += max(cursor.rowcount, 0)
                if isinstance(number, int) and 0 < number <= INT_MAX:
                    done["last_insert_id"] = number
        return done

    def _prepare(self, text: str, _values: list[Any]) -> int:
        """Return how many values a statement takes; SQLite is asked whether it understands it."""
        flavor = _FLAVORS[self._cursor.type]
        count = count_marks(text, flavor)
        for statement in self._statements(text, [None] * count):
            if flavor is SQLITE:
                self._run(statement._replace(text=f"EXPLAIN {statement.text}"))
        return count

    def _statements(self, text: str, values: list[Any]) -> list[Statement]:
        """Return what the cursor is to run; that of a server reads placeholders itself."""
        values = in_database(values, self._cursor.type)
        if self._cursor.type != "sqlite":
            return [Statement(text, tuple(values))]
        found = statements(text, values, SQLITE)
        if not found:
            raise invalid(f"{self._cursor.place}: got an empty statement, expected SQL")
        return found

    def _run(self, statement: Statement) -> Any:
        try:
            return self._cursor.execute(statement.text, statement.values)
        except (Error, TransactionLost):
            raise
        except Exception as error:
            if is_interrupted(error):
                raise TooLong from error
            raise (not_allowed() if is_denied(error) else explain(error, self._cursor.place)) from error


class _Asking:
    """The cursor as `Booleans` uses a connection."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def exec_driver_sql(self, statement: str) -> _Rows:
        """Return the result of a statement."""
        return _Rows(self._cursor.execute(statement).fetchall())


class _Rows:
    """The rows of a result, in the words of SQLAlchemy."""

    def __init__(self, fetched: list[Any]) -> None:
        self._fetched = fetched

    def all(self) -> list[Any]:
        return self._fetched

    def first(self) -> Any:
        return self._fetched[0] if self._fetched else None

    def scalars(self) -> list[Any]:
        return [row[0] for row in self._fetched]

    def scalar_one(self) -> Any:
        return self._fetched[0][0]
