"""Statements: written in SQLAlchemy Core, compiled once per kind of database, run on the driver's own cursor.

A row of parameters is a tuple in the order named beside each statement.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
)
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.dml import Insert

from actorflow.store.database import Database, Rows

EVENT: Final = ("seq", "kind", "ref", "target", "payload", "drawn", "at", "digest", "checksum")
CALL: Final = ("ref", "attempt", "due", "failure", "begun", "details", "crashes")
INBOX: Final = ("id", "kind", "ref", "target", "sender", "payload", "at", "digest")
"""Columns of a journal event, a call and a delivery, in the order of their values."""


def compiled(dialect: Database, statement: object, *names: str) -> str:
    """Return the SQL text of a statement, or of a part of one, whose parameters, in order, are `names`.

    Raises:
        ValueError: when the order is another.
    """
    assert isinstance(statement, ClauseElement)  # noqa: S101 - narrows the type; all of Core is
    text = statement.compile(dialect=dialect.core, column_keys=list(names))
    order = tuple(text.positiontup or ())  # type: ignore[attr-defined]
    if order != names:
        raise ValueError(f"parameters of {text}: got {order}, expected {names}")
    return str(text)


def row_statement(dialect: Database, statement: Insert, *names: str) -> Rows:
    """Return an insert for many rows of the columns `names`."""
    table = statement.table
    assert isinstance(table, Table)  # noqa: S101 - narrows the type
    return dialect.rows(compiled(dialect, statement, *names), table, names)


def limited(statement: Select[Any]) -> Select[Any]:
    """Return a select of at most `limit` rows, a parameter; the offset keeps Core from adding a parameter for it."""
    return statement.limit(bindparam("limit")).offset(literal_column("0"))


def all_of(table: Table) -> tuple[str, ...]:
    """Return the names of all columns of a table, in order."""
    return tuple(column.name for column in table.columns)


def bound(*columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return `column = :key_column AND …`; a plain name would be taken for a new value in an update."""
    return and_(*(column == bindparam(f"key_{column.key}") for column in columns))


def begins(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a text begins with a prefix: its length is a parameter before it."""
    length = cast(bindparam("length"), Integer)
    begins: ColumnElement[bool] = func.substr(column, literal_column("1"), length) == bindparam("prefix")
    return begins
