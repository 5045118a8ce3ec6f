"""`db.sql.mysql` against a real MariaDB: values, parameters, transactions, errors, and a store in it."""

from __future__ import annotations

import gc
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actorflow.errors import (
    ALREADY_EXISTS,
    CONFLICT,
    INVALID,
    NOT_FOUND,
    PERMISSION_DENIED,
    TIMEOUT,
    UNAVAILABLE,
    Error,
)
from actorflow.registry.kinds.db_sql_server import DbSqlServer
from actorflow.resource.database import Database
from actorflow.resource.key_values import Condition
from actorflow.resource.sql_engine import mysql_backend
from actorflow.resource.sql_value import parameters
from actorflow.resource.transaction import Transaction
from tests.unit.resource.mariadb import on_mariadb, options
from tests.unit.resource.test_stores import HandClock, kept_in

pytestmark = on_mariadb
TABLE = """
CREATE TABLE item (
  id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) UNIQUE NOT NULL, price DECIMAL(9,2), data BLOB, sold BOOLEAN,
  extra JSON
) ENGINE=InnoDB
"""


@asynccontextmanager
async def running(**fields: Any) -> AsyncIterator[Database]:
    """Give a database with the empty table `item`."""
    given = DbSqlServer.model_validate({**options(), **fields})
    database = Database(mysql_backend("app:db", given), given.pool)
    await database.start()
    try:
        await database.execute("DROP TABLE IF EXISTS part")
        await database.execute("DROP TABLE IF EXISTS item")
        await database.execute(TABLE)
        yield database
    finally:
        await database.stop(1)


async def kind_of(awaitable: Any) -> str:
    with pytest.raises(Error) as caught:
        await awaitable
    return caught.value.kind


async def test_statements_parameters_and_values() -> None:
    async with running() as database:
        written = ["a%ä𝄞", 1.5, b"\0\xff", True, '{"a": [1]}']
        done = await database.execute(
            "INSERT INTO item (name, price, data, sold, extra) VALUES (?, ?, ?, ?, ?)", written
        )
        assert done == {"rows_affected": 1, "last_insert_id": 1}
        query = "SELECT * FROM item WHERE name LIKE ? AND '?%s' = '?%s' -- really?\n AND `name` <> \"?\""
        assert await database.query(query, ["a%"]) == [
            {"id": 1, "name": "a%ä𝄞", "price": "1.50", "data": b"\0\xff", "sold": 1, "extra": '{"a": [1]}'}
        ]
        rows = await database.query(
            "SELECT CAST('2024-01-02 03:04:05' AS DATETIME) AS t, CAST('2024-01-02' AS DATE) AS d, "
            "CAST('01:01:30' AS TIME) AS i, 9223372036854775807 AS big, 18446744073709551615 AS huge, NULL AS n, "
            "0.5e0 AS f, ? AS yes, ? AS text, ? AS bytes",
            [True, "x", b"\xff"],
        )
        assert rows[0] == {
            "t": "2024-01-02T03:04:05",
            "d": "2024-01-02",
            "i": 3690.0,
            "big": 2**63 - 1,
            "huge": "18446744073709551615",
            "n": None,
            "f": 0.5,
            "yes": 1,
            "text": "x",
            "bytes": b"\xff",
        }
        assert await database.query("SELECT sold FROM item WHERE sold = ?", [False]) == []
        moment = parameters([{"as": "time", "value": 1_704_164_645_000_001_000}])
        assert await database.query("SELECT ? < NOW() AS past, CAST(? AS DATETIME(6)) AS t", moment * 2) == [
            {"past": 1, "t": "2024-01-02T03:04:05.000001"}
        ]
        await database.execute("UPDATE item SET sold = NULL, data = NULL")
        assert await database.query("SELECT sold, data FROM item") == [{"sold": None, "data": None}]


async def test_errors_have_their_kinds() -> None:
    async with running() as database:
        await database.execute("CREATE TABLE part (item INT NOT NULL, FOREIGN KEY (item) REFERENCES item (id))")
        await database.execute("INSERT INTO item (name) VALUES ('a')")
        assert await kind_of(database.execute("INSERT INTO item (name) VALUES ('a')")) == ALREADY_EXISTS
        assert await kind_of(database.execute("INSERT INTO item (name) VALUES (NULL)")) == INVALID
        assert await kind_of(database.execute("INSERT INTO item (name, price) VALUES ('b', 'much')")) == INVALID
        assert await kind_of(database.execute("INSERT INTO item (name) VALUES (REPEAT('x', 99))")) == INVALID
        assert await kind_of(database.execute("INSERT INTO part VALUES (9)")) == CONFLICT
        assert await kind_of(database.query("SELEC 1")) == INVALID
        assert await kind_of(database.query("SELECT * FROM nowhere")) == INVALID
        assert await kind_of(database.query("SELECT nothing FROM item")) == INVALID
        assert await kind_of(database.query("SELECT ?", [])) == INVALID
        assert await kind_of(database.query("SELECT 1", [1])) == INVALID
        assert await database.check("INSERT INTO item (name) VALUES (?)") == 1
        assert await kind_of(database.check("INSERT INTO nowhere VALUES (?)")) == INVALID


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("field", "kind"), [("username", PERMISSION_DENIED), ("database", NOT_FOUND)])
async def test_who_or_what_is_unknown_is_named_at_start(field: str, kind: str) -> None:
    with pytest.raises(Error, match="nobody") as refused:
        async with running(**{field: "nobody"}):
            pass
    assert refused.value.kind == kind
    del refused
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the driver leaves the socket of a refused connection to the collector
        gc.collect()


async def test_transactions() -> None:
    async with running() as database:
        first = Transaction(database, lambda: None)
        await first.begin("serializable", read_only=False)
        await first.execute("INSERT INTO item (name) VALUES (?)", ["a"])
        await first.savepoint("SAVEPOINT", "one")
        assert await kind_of(first.execute("INSERT INTO item (name) VALUES ('a')")) == ALREADY_EXISTS
        await first.execute("INSERT INTO item (name) VALUES ('b')")
        await first.savepoint("ROLLBACK TO", "one")
        assert await database.query("SELECT * FROM item") == []
        await first.commit()
        assert [row["name"] for row in await database.query("SELECT * FROM item")] == ["a"]
        second = Transaction(database, lambda: None)
        await second.begin("default", read_only=True)
        assert await kind_of(second.execute("DELETE FROM item")) == PERMISSION_DENIED
        await second.close()
        third = Transaction(database, lambda: None)
        await third.begin("read_committed", read_only=False)
        await third.execute("DELETE FROM item")
        await third.roll_back()
        await database.execute("UPDATE item SET name = 'c'")  # what was read-only is so no more
        assert len(await database.query("SELECT * FROM item")) == 1
        assert database.stats()["in_use"] == 0


async def test_locks_time_out_and_deadlocks_are_worth_another_try() -> None:
    async with running() as database:
        await database.execute("INSERT INTO item (name) VALUES ('a'), ('b')")
        one, two = (Transaction(database, lambda: None) for _ in range(2))
        for transaction, name in ((one, "a"), (two, "b")):
            await transaction.begin("default", read_only=False)
            await transaction.execute("SET innodb_lock_wait_timeout = 1")
            await transaction.execute("UPDATE item SET price = 1 WHERE name = ?", [name])
        assert await kind_of(one.execute("UPDATE item SET price = 2 WHERE name = 'b'")) == TIMEOUT
        for transaction in (one, two):
            await transaction.execute("SET innodb_lock_wait_timeout = 50")
        failures: list[Error] = []

        async def cross(transaction: Transaction, name: str) -> None:
            try:
                await transaction.execute("UPDATE item SET price = 2 WHERE name = ?", [name])
            except Error as error:
                failures.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cross, one, "b")
            await trio.sleep(0.1)
            nursery.start_soon(cross, two, "a")
        assert [(error.kind, error.retryable) for error in failures] == [(CONFLICT, True)]
        await one.close()
        await two.close()


async def test_a_statement_is_interrupted_when_nobody_waits() -> None:
    async with running() as database:
        with trio.fail_after(60):
            with trio.move_on_after(0.1) as scope:
                await database.query("SELECT SLEEP(600)")
            assert scope.cancelled_caught
            assert await database.query("SELECT 1 AS one") == [{"one": 1}]


async def test_a_connection_that_is_lost_ends_its_transaction_and_nothing_else() -> None:
    async with running() as database:
        transaction = Transaction(database, lambda: None)
        await transaction.begin("default", read_only=False)
        await transaction.execute("INSERT INTO item (name) VALUES ('a')")
        (own,) = await transaction.query("SELECT CONNECTION_ID() AS id")
        await database.execute(f"KILL {own['id']}")
        assert await kind_of(transaction.query("SELECT 1")) == UNAVAILABLE
        assert await kind_of(transaction.commit()) == UNAVAILABLE
        assert await database.query("SELECT * FROM item") == []
        assert database.stats()["in_use"] == 0


@pytest.mark.parametrize("expires", ["DATETIME(6)", "TIMESTAMP(6) NULL", "BIGINT", "DOUBLE"])
async def test_a_store_in_mysql(expires: str) -> None:
    async with running() as database:
        await database.execute("DROP TABLE IF EXISTS kv")
        clock = HandClock()
        columns = f"`key` VARCHAR(200) PRIMARY KEY, value LONGBLOB NOT NULL, expires_at {expires}"
        await database.execute(f"CREATE TABLE kv ({columns})")
        async with kept_in(database, clock) as kv:
            version = await kv.put("a", {"b": [1, b"x"]}, 2_000_000_000)
            assert (await kv.entry("a")).value == {"b": [1, b"x"]}
            await kv.put("a", 2, 2_000_000_000, Condition(version=version))
            assert await kind_of(kv.put("a", 3, None, Condition(absent=True))) == ALREADY_EXISTS
            assert [entry.key for entry in await kv.list("a", "", 9)] == ["a"]
            clock.time += 3_000_000_000
            assert not await kv.has("a")
            await kv.put("a", 4, None, Condition(absent=True))
            assert await kv.delete("a")


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_nopad_bin", "latin1_swedish_ci"])
async def test_keys_of_a_store_are_compared_byte_by_byte(collation: str) -> None:
    column = f"VARCHAR(99) CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}"
    async with running() as database:
        await database.execute("DROP TABLE IF EXISTS kv")
        await database.execute(
            f"CREATE TABLE kv (`key` {column} PRIMARY KEY, value LONGTEXT NOT NULL, expires_at BIGINT)"
        )
        clock = HandClock()
        async with kept_in(database, clock) as kv:
            await kv.put("Aé", 1, 2_000_000_000)
            assert (await kv.entry("Aé")).value == 1
            assert [entry.key for entry in await kv.list("A", "", 9)] == ["Aé"]
            assert await kv.list("a", "", 9) == []
            for other in ("aé", "Ae", "Aé "):
                assert not await kv.has(other)
                assert not await kv.delete(other)
            if collation.endswith("nopad_bin"):
                await kv.put("Aé ", 2)
                await kv.put("aé", 3)
            elif collation.endswith("_ci"):
                assert await kind_of(kv.put("aé", 3)) == CONFLICT
                assert await kind_of(kv.put("aé", 3, None, Condition(absent=True))) == CONFLICT
            clock.time += 3_000_000_000
            await kv.put("aé", 4)  # in place of what has expired
            assert (await kv.entry("aé")).value == 4


async def test_times_are_those_of_utc_whatever_the_zone_of_the_server() -> None:
    async with running() as database:
        await database.execute("SET GLOBAL time_zone = '+09:00'")
    try:
        async with running() as database:
            await database.execute("CREATE OR REPLACE TABLE moment (a TIMESTAMP(6) NULL, b DATETIME(6))")
            moment = parameters([{"as": "time", "value": 1_704_164_645_000_001_000}] * 2)
            await database.execute("INSERT INTO moment VALUES (?, ?)", moment)
            text = "2024-01-02T03:04:05.000001"
            assert await database.query("SELECT * FROM moment WHERE a = ? AND b = ?", moment) == [
                {"a": text, "b": text}
            ]
            assert await database.query("SELECT UNIX_TIMESTAMP(a) = 1704164645.000001 AS same FROM moment") == [
                {"same": 1}
            ]
    finally:
        async with running() as database:
            await database.execute("SET GLOBAL time_zone = 'SYSTEM'")
