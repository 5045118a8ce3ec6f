"""Databases: statements, values, errors, transactions, and what happens when somebody is cancelled or stops."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import (
    ALREADY_EXISTS,
    CONFLICT,
    INVALID,
    PERMISSION_DENIED,
    UNAVAILABLE,
    Error,
)
from actorflow.registry.kinds.db_sql_sqlite import DbSqlSqlite
from actorflow.registry.kinds.pool import Pool
from actorflow.resource.database import Database
from actorflow.resource.sql_engine import sqlite_backend
from actorflow.resource.transaction import Transaction

TABLE = "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL, data BLOB)"


def made(config: DbSqlSqlite, directory: Path | None = None) -> Database:
    return Database(sqlite_backend("app:db", config, directory), config.pool)


@pytest.fixture(params=[":memory:", "data/items.db"])
def file(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(file: str, tmp_path: Path) -> Database:
    return made(DbSqlSqlite(file=file), tmp_path)


@asynccontextmanager
async def running(database: Database) -> AsyncIterator[Database]:
    await database.start()
    await database.execute(TABLE)
    try:
        yield database
    finally:
        await database.stop(1)


async def refused(awaitable: Any) -> Error:
    with pytest.raises(Error) as caught:
        await awaitable
    return caught.value


async def begun(database: Database, isolation: str = "default", *, read_only: bool = False) -> Transaction:
    transaction = Transaction(database, lambda: None)
    await transaction.begin(isolation, read_only=read_only)
    return transaction


async def names(database: Database | Transaction) -> list[str]:
    return [row["name"] for row in await database.query("SELECT name FROM item ORDER BY id")]


async def test_rows_are_maps_and_values_keep_their_type(database: Database) -> None:
    async with running(database):
        done = await database.execute("INSERT INTO item VALUES (?, ?, ?, ?)", [7, "a", 1.5, b"\0\xff"])
        assert done == {"last_insert_id": 7, "rows_affected": 1}
        await database.execute("INSERT INTO item (name) VALUES ($1), ($2)", ["b", "c"])
        assert await database.query("SELECT * FROM item WHERE id <= $1 ORDER BY id", [8]) == [
            {"id": 7, "name": "a", "price": 1.5, "data": b"\0\xff"},
            {"id": 8, "name": "b", "price": None, "data": None},
        ]
        assert (await database.execute("UPDATE item SET price = 1"))["rows_affected"] == 3
        assert await database.query("SELECT * FROM item WHERE id = 99") == []
        assert await database.query("DELETE FROM item") == []


async def test_several_statements_run_one_after_another(database: Database) -> None:
    async with running(database):
        done = await database.execute(
            "INSERT INTO item (name) VALUES (?); -- a; b\n INSERT INTO item (name) VALUES (?), (?);", ["a", "b", "c"]
        )
        assert done == {"last_insert_id": 3, "rows_affected": 3}
        assert await names(database) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "values", "kind", "says"),
    [
        ("SELEC 1", [], INVALID, "syntax error"),
        ("SELECT * FROM nowhere", [], INVALID, "no such table"),
        ("", [], INVALID, "an empty statement"),
        ("  -- nothing\n;", [], INVALID, "an empty statement"),
        ("SELECT ?, ?", [1], INVALID, "has 2 parameters, got 1 value; nil at the end"),
        ("SELECT 1", [1], INVALID, "has 0 parameters, got 1 value"),
        ("SELECT ?", [2**64], INVALID, "too large"),
        ("INSERT INTO item (name) VALUES (NULL)", [], INVALID, "NOT NULL"),
        ("INSERT INTO item (name) VALUES ('x')", [], ALREADY_EXISTS, "UNIQUE constraint failed: item.name"),
        ("INSERT INTO item (id, name) VALUES (1, 'y')", [], ALREADY_EXISTS, "UNIQUE"),
        ("ATTACH 'other.db' AS other", [], PERMISSION_DENIED, "not authorized"),
        ("ATTACH ? AS other", ["other.db"], PERMISSION_DENIED, "not authorized"),
        ("VACUUM INTO ?", ["other.db"], PERMISSION_DENIED, ""),
        ("VACUUM INTO 'other.db'", [], PERMISSION_DENIED, ""),
        ("SELECT load_extension('x')", [], INVALID, "not authorized"),
    ],
)
async def test_errors_have_kinds(database: Database, text: str, values: list[Any], kind: str, says: str) -> None:
    async with running(database):
        await database.execute("INSERT INTO item (name) VALUES ('x')")
        error = await refused(database.query(text, values))
        assert (error.kind, error.retryable) == (kind, False)
        assert says in error.message
        assert await names(database) == ["x"]


async def test_a_plain_vacuum_works(database: Database) -> None:
    async with running(database):
        await database.execute("VACUUM")


async def test_a_foreign_key_that_is_missing_is_a_conflict(tmp_path: Path) -> None:
    database = made(DbSqlSqlite(file="x.db", options={"foreign_keys": True, "attach": True}), tmp_path)
    await database.start()
    await database.execute(f"{TABLE}; CREATE TABLE part (item INTEGER REFERENCES item (id))")
    assert (await refused(database.execute("INSERT INTO part VALUES (1)"))).kind == CONFLICT
    await database.execute("VACUUM INTO ?", [str(tmp_path / "copy.db")])
    await database.stop(1)


async def test_a_statement_is_checked_without_being_run(database: Database) -> None:
    async with running(database):
        assert await database.check("INSERT INTO item (name) VALUES (?)") == 1
        assert await names(database) == []
        assert (await refused(database.check("INSERT INTO nowhere VALUES (?)"))).kind == INVALID
        assert (await refused(database.check(" "))).kind == INVALID


async def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    async with running(database):
        first = await begun(database)
        await first.execute("INSERT INTO item (name) VALUES ('a')")
        await first.roll_back()
        second = await begun(database, "serializable")
        await second.execute("INSERT INTO item (name) VALUES ('b')")
        assert await names(second) == ["b"]
        await second.commit()
        assert await names(database) == ["b"]
        for ended in (first, second):
            for use in (ended.query("SELECT 1"), ended.commit(), ended.roll_back(), ended.savepoint("SAVEPOINT", "a")):
                error = await refused(use)
                assert error.kind == INVALID
                assert "the transaction is not active" in error.message


async def test_savepoints(database: Database) -> None:
    async with running(database):
        transaction = await begun(database)
        await transaction.execute("INSERT INTO item (name) VALUES ('a')")
        await transaction.savepoint("SAVEPOINT", "one")
        await transaction.execute("INSERT INTO item (name) VALUES ('b')")
        await transaction.savepoint("ROLLBACK TO", "one")
        await transaction.savepoint("RELEASE", "one")
        assert (await refused(transaction.savepoint("ROLLBACK TO", "one"))).kind == INVALID
        assert (await refused(transaction.savepoint("SAVEPOINT", "a; DROP TABLE item"))).kind == INVALID
        await transaction.commit()
        assert await names(database) == ["a"]


async def test_a_read_only_transaction_refuses_changes_and_the_next_does_not(database: Database) -> None:
    async with running(database):
        transaction = await begun(database, read_only=True)
        assert (await refused(transaction.execute("INSERT INTO item (name) VALUES ('a')"))).kind == PERMISSION_DENIED
        await transaction.close()
        await database.execute("INSERT INTO item (name) VALUES ('a')")


async def test_who_needs_the_only_connection_waits_for_the_transaction_and_is_refused_in_the_end() -> None:
    database = made(DbSqlSqlite(file=":memory:", pool=Pool.model_validate({"timeout": "50ms"})))
    await database.start()
    await database.execute(TABLE)
    transaction = await begun(database)
    error = await refused(database.query("SELECT 1"))
    assert (error.kind, error.retryable) == (UNAVAILABLE, True)
    assert "is a transaction left open?" in error.message
    assert database.stats()["wait_count"] == 1
    await transaction.commit()
    assert await names(database) == []
    assert database.stats()["in_use"] == 0
    await database.stop(1)


async def test_a_long_statement_ends_when_nobody_waits_any_more(database: Database) -> None:
    async with running(database):
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        with trio.fail_after(60):
            with trio.move_on_after(0.05) as scope:
                await database.query(endless)
            assert scope.cancelled_caught
            assert await names(database) == []


async def test_a_stop_rolls_back_and_refuses(tmp_path: Path) -> None:
    database = made(DbSqlSqlite(file="x.db"), tmp_path)
    await database.start()
    await database.execute(TABLE)
    async with trio.open_nursery() as nursery:
        transaction = Transaction(database, lambda: nursery.start_soon(transaction.close))
        await transaction.begin("default", read_only=False)
        await transaction.execute("INSERT INTO item (name) VALUES ('a')")
        await database.stop(2)
    assert (await refused(database.query("SELECT 1"))).kind == UNAVAILABLE
    with sqlite3.connect(tmp_path / "x.db") as connection:
        assert connection.execute("SELECT count(*) FROM item").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("text", [b"hello", b"hello" * 300])
async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.db").write_bytes(text)
    error = await refused(made(DbSqlSqlite(file="x.db"), tmp_path).start())
    assert error.kind == INVALID
    assert (tmp_path / "x.db").read_bytes() == text


async def test_text_that_is_no_utf8_comes_as_bytes(database: Database) -> None:
    async with running(database):
        assert await database.query("SELECT CAST(x'ff00' AS TEXT) AS t, 'é' AS u") == [{"t": b"\xff\0", "u": "é"}]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT * FROM flag ORDER BY id", [{"id": 1, "yes": True, "n": 1}, {"id": 2, "yes": False, "n": 0}]),
        ("SELECT yes AS x, count(*) AS yes, 1 AS one FROM flag WHERE id = ?", [{"x": True, "yes": 1, "one": 1}]),
        (
            "SELECT (SELECT f.yes FROM flag f WHERE f.id = 2) AS s, NOT yes AS n FROM flag WHERE id = $1",
            [{"s": False, "n": 0}],
        ),
        ("UPDATE flag SET n = 7 WHERE id = ? RETURNING yes, n", [{"yes": True, "n": 7}]),
        ("WITH t AS (SELECT yes FROM flag WHERE id = ?) SELECT * FROM t -- '?", [{"yes": True}]),
    ],
)
async def test_integers_in_columns_declared_boolean_are_booleans(
    database: Database, text: str, rows: list[dict[str, Any]]
) -> None:
    async with running(database):
        await database.execute("CREATE TABLE flag (id INTEGER PRIMARY KEY, yes BOOLEAN, n INTEGER)")
        await database.execute("INSERT INTO flag VALUES (1, ?, 1), (2, ?, 0)", [True, False])
        values = [1] if "?" in text or "$" in text else []
        for _ in range(2):
            found = await database.query(text, values)
            assert found == rows
            assert [type(value) for row in found for value in row.values()] == [
                type(value) for row in rows for value in row.values()
            ]
        transaction = await begun(database, read_only=not text.startswith("UPDATE"))
        assert await transaction.query(text, values) == rows
        if not text.startswith("UPDATE"):
            assert (await refused(transaction.execute("DELETE FROM flag"))).kind == PERMISSION_DENIED
        await transaction.commit()
        await database.execute("UPDATE flag SET yes = NULL")
        assert await database.query("SELECT yes FROM flag WHERE yes") == []
        assert await database.query("SELECT yes FROM flag") == [{"yes": None}] * 2
