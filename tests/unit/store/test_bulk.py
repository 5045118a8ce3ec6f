"""Many rows in few statements: whatever their number, each row is written once, and no other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from actorflow.store.bulk import RowStatement
from actorflow.store.dialect import Sqlite

NUMBERS = [0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 63, 64, 65, 255, 256, 257, 300, 337]
ROWS = 400
TABLE = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("a", Text), Column("b", Integer))


@pytest.fixture
def cursor() -> Iterator[Any]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)")
        yield connection.cursor()


@pytest.mark.parametrize("number", NUMBERS)
def test_each_row_is_inserted_once_and_in_order(cursor: Any, number: int) -> None:
    rows = [(f"a{at}", at) for at in range(number)]
    RowStatement("INSERT INTO t (a, b) VALUES (?, ?)").run(cursor, rows)
    assert cursor.execute("SELECT a, b FROM t ORDER BY id").fetchall() == rows


@pytest.mark.parametrize("number", NUMBERS)
def test_each_row_is_changed_and_no_other(cursor: Any, number: int) -> None:
    RowStatement("INSERT INTO t (a, b) VALUES (?, ?)").run(cursor, [("old", 0)] * ROWS)
    before = cursor.connection.total_changes
    Sqlite("unused.db").update_rows(TABLE, ("a", "b"), "id").run(
        cursor, [(f"a{at}", at, at) for at in range(ROWS, ROWS - number, -1)]
    )
    assert cursor.connection.total_changes - before == number
    changed = cursor.execute("SELECT id, a, b FROM t WHERE a <> 'old' ORDER BY id").fetchall()
    assert changed == [(at, f"a{at}", at) for at in range(ROWS - number + 1, ROWS + 1)]
