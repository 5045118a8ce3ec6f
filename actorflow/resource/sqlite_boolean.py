"""Booleans of SQLite: it keeps them as integers, and only the declaration of a column tells.

Integers in columns declared BOOLEAN become booleans, also behind an alias, a join or a sub-query; the results of
expressions stay what they are. The driver does not say what a result column was declared as. A view of the same
statement does: https://www.sqlite.org/pragma.html#pragma_table_info gives its columns with their declarations.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final, Protocol

from actorflow.resource.sql_text import SQLITE, Flavor, count_marks, statements

_DECLARED: Final = "boolean"
_WITHOUT_VALUES: Final = Flavor("NULL", SQLITE.parts, one_by_one=True)
_VIEW: Final = "actorflow_columns"
_MOST: Final = 256
_ANY: Final = "SELECT 1 FROM sqlite_schema WHERE sql LIKE '%boolean%' LIMIT 1"
_NAMES: Final = (
    "SELECT DISTINCT info.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS info "
    "WHERE lower(info.type) = 'boolean'"
)


class Runs(Protocol):
    """What runs statements: a connection of SQLAlchemy, or what answers like one."""

    def exec_driver_sql(self, statement: str) -> Any:
        """Return the result of a statement."""
        ...


class Booleans:
    """Which columns of the results of statements are booleans; one for each database."""

    def __init__(self, refused: type[Exception] = sqlite3.DatabaseError) -> None:
        """Know nothing; `refused` is what connections raise at a statement that is wrong."""
        self._refused = refused
        self._known: dict[tuple[int, str], frozenset[int]] = {}

    def mend(self, rows: list[list[Any]], text: str, names: list[str], connection: Runs) -> None:
        """Replace integers by booleans in the rows that a statement gave."""
        integers = [place for place in range(len(names)) if _are_integers(row[place] for row in rows)]
        if not integers or connection.exec_driver_sql(_ANY).first() is None:
            return
        for place in self._columns(text, names, connection).intersection(integers):
            for row in rows:
                row[place] = None if row[place] is None else row[place] > 0

    def _columns(self, text: str, names: list[str], connection: Runs) -> frozenset[int]:
        key = (int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one()), text)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[key] = self._found(text, names, connection)
        return found

    def _found(self, text: str, names: list[str], connection: Runs) -> frozenset[int]:
        try:
            declared = _declared(text, connection)
        except self._refused:  # no view can be made of it: it is no SELECT, and its columns are those of a table
            booleans = set(connection.exec_driver_sql(_NAMES).scalars())
            return frozenset(place for place, name in enumerate(names) if name in booleans)
        return frozenset(place for place, kind in enumerate(declared) if kind.lower() == _DECLARED)


def _are_integers(values: Iterable[Any]) -> bool:
    kinds = {type(value) for value in values} - {type(None)}
    return kinds == {int}


def _declared(text: str, connection: Runs) -> list[str]:
    """Return what the columns of a SELECT were declared as, "" for expressions."""
    statement = statements(text, [None] * count_marks(text, SQLITE), _WITHOUT_VALUES)[-1]
    read_only = connection.exec_driver_sql("PRAGMA query_only").scalar_one()
    if read_only:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
    try:
        connection.exec_driver_sql(f"CREATE TEMP VIEW {_VIEW} AS {statement.text.rstrip().rstrip(';')}")
        try:
            rows = connection.exec_driver_sql(f"PRAGMA temp.table_info({_VIEW})").all()
        finally:
            connection.exec_driver_sql(f"DROP VIEW temp.{_VIEW}")
    finally:
        if read_only:
            connection.exec_driver_sql("PRAGMA query_only=ON")
    return [str(row[2]) for row in rows]
