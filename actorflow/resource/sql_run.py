"""What is done on a connection, in a worker thread: statements of scripts, and their errors explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypedDict

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import ArgumentError, PendingRollbackError, SQLAlchemyError, StatementError

from actorflow.errors import INTERNAL, Error, invalid, unavailable
from actorflow.resource.sql_engine import Backend
from actorflow.resource.sql_fault import explain
from actorflow.resource.sql_text import NUMBERED, SQLITE, count_marks, statements
from actorflow.resource.sql_value import in_database, rows
from actorflow.value import INT_MAX, Value

_PREPARABLE: Final = re.compile(r"\s*(?:select|insert|update|delete|merge|values|with)\b", re.IGNORECASE)

Rows: TypeAlias = list[dict[str, Value]]


class Executed(TypedDict):
    """What a statement did: the number of the row that its connection inserted last, and how many rows it changed."""

    last_insert_id: int
    rows_affected: int


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Raise what a driver or SQLAlchemy raises as `Error`."""
    try:
        yield
    except StatementError as error:  # DBAPIError among them
        raise explain(error.orig or error, place) from error
    except PendingRollbackError as error:
        raise unavailable(f"{place}: the connection was lost, and with it the transaction; begin it again") from error
    except ArgumentError as error:
        raise invalid(f"{place}: {error}") from error
    except SQLAlchemyError as error:
        raise Error(f"{place}: {error}", INTERNAL) from error
    except (ValueError, TypeError, OverflowError) as error:  # a value that the driver cannot take
        raise invalid(f"{place}: {error}") from error


def query(backend: Backend, text: str, values: Sequence[Any], connection: Connection) -> Rows:
    """Run one statement and return its rows; none when it gives none."""
    names: list[str] = []
    found: list[list[Any]] = []
    for result in _results(backend, text, values, connection):
        names, found = (list(result.keys()), [[*row] for row in result]) if result.returns_rows else ([], [])
    if found and backend.booleans is not None:
        backend.booleans.mend(found, text, names, connection)
    return rows(names, found)


def execute(backend: Backend, text: str, values: Sequence[Any], connection: Connection) -> Executed:
    """Run statements; the rows they change are counted together."""
    done: Executed = {"last_insert_id": 0, "rows_affected": 0}
    for result in _results(backend, text, values, connection):
        done["rows_affected"] += max(result.rowcount, 0) if not result.returns_rows else 0
        done["last_insert_id"] = _last_number(result) or done["last_insert_id"]
    return done


def check(backend: Backend, text: str, connection: Connection) -> int:
    """Return how many values a statement takes, after asking the database for its opinion.

    Raises:
        Error: when the database does not understand it, or there is none.
    """
    count = count_marks(text, backend.flavor)
    found = statements(text, [None] * count, backend.flavor)
    if not found:
        raise invalid(f"{backend.place}: got an empty statement, expected SQL")
    if backend.type == "sqlite":
        for statement in found:
            connection.exec_driver_sql(f"EXPLAIN {statement.text}", statement.values).close()
    elif backend.type == "postgres" and _PREPARABLE.match(text):
        numbered = statements(text, [None] * count, NUMBERED)[0].text.replace("%", "%%")
        connection.exec_driver_sql(f"PREPARE actorflow_check AS {numbered}")
        connection.exec_driver_sql("DEALLOCATE actorflow_check")
    elif backend.type == "mysql":
        connection.exec_driver_sql("SET @actorflow_check = %s", (statements(text, [None] * count, SQLITE)[0].text,))
        connection.exec_driver_sql("PREPARE actorflow_check FROM @actorflow_check")
        connection.exec_driver_sql("DEALLOCATE PREPARE actorflow_check")
    return count


def _results(backend: Backend, text: str, values: Sequence[Any], connection: Connection) -> Iterator[CursorResult[Any]]:
    found = statements(text, in_database(values, backend.type), backend.flavor)
    if not found:
        raise invalid(f"{backend.place}: got an empty statement, expected SQL")
    for statement in found:
        result = connection.exec_driver_sql(statement.text, statement.values)
        try:
            yield result
        finally:
            result.close()


def _last_number(result: CursorResult[Any]) -> int:
    """Return the number of the row that was inserted last, 0 where the driver does not say."""
    number = getattr(result, "lastrowid", None) if not result.returns_rows else None
    return number if isinstance(number, int) and number <= INT_MAX else 0
