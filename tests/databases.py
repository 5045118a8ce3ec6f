"""Stores of tests on real servers: a PostgreSQL and a MariaDB that are started here, or those that are named.

ACTORFLOW_TEST_POSTGRES and ACTORFLOW_TEST_MYSQL name servers that are listening already, as URLs of SQLAlchemy; the
tests make databases of their own there.
"""

from __future__ import annotations

import functools
import os
from itertools import count
from typing import Any

import pytest
from sqlalchemy import URL, make_url

from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.server import ServerStore
from actorflow.store.sql import SqlStore
from tests.unit.resource.mariadb import mariadb, on_mariadb
from tests.unit.resource.test_servers import NAMED, on_server, server

NAMED_MYSQL = os.environ.get("ACTORFLOW_TEST_MYSQL", "")
POSTGRES = pytest.param("postgres", marks=on_server)
MARIADB = pytest.param("mariadb", marks=[] if NAMED_MYSQL else [on_mariadb])
SERVERS = [POSTGRES, MARIADB]
SLOW_MARIADB = pytest.param("mariadb", marks=[*MARIADB.marks, pytest.mark.slow])
"""For what takes long on both and is about what they share; the slow tests run it on MariaDB too."""
_NUMBERS = count()


def fresh(kind: str) -> URL:
    """Return a database without tables."""
    return _made(kind, f"actorflow_{os.getpid()}_{next(_NUMBERS)}")


def emptied(kind: str) -> URL:
    """Return a database whose tables are empty, always the same: much faster than a fresh one."""
    url = _kept(kind)
    with connected(url) as connection:
        connection.execute("BEGIN")
        for name in _tables(connection):
            if name not in {"migration", "turnstile", "store_info"}:
                connection.execute(f'DELETE FROM "{name}"')  # noqa: S608 - names of our own tables
        connection.execute("UPDATE turnstile SET number = 0, run = 0, inbox = 0, quiet = 0")
        connection.execute("DELETE FROM store_info WHERE \"key\" <> 'format'")
        connection.execute("COMMIT")
    return url


def written(url: URL) -> str:
    """Return a URL as a text with its password: what is no host, a socket, goes into its query."""
    if url.host and url.host.startswith("/"):
        query = {"host": url.host, "port": str(url.port or 5432)}
        url = URL.create(url.drivername, url.username, url.password, database=url.database, query=query)
    return url.render_as_string(hide_password=False)


def database(url: URL) -> Any:
    """Return the dialect object of a database."""
    if url.get_backend_name() == "postgresql":
        from actorflow.store.postgres import Postgres  # noqa: PLC0415 - only where there is a driver

        return Postgres(url)
    from actorflow.store.mysql import Mysql  # noqa: PLC0415

    return Mysql(url)


def store(kind: str, **options: Any) -> ServerStore:
    """Return a store in an empty database."""
    return ServerStore(database(emptied(kind)), CrashPoint(), **options)


def shared(one: Any) -> SqlStore:
    """Return another store on the database of one, as another node would have it."""
    if isinstance(one.dialect, Sqlite):
        return SqlStore(one.dialect, CrashPoint())
    return ServerStore(database(one.dialect.url), CrashPoint())


class connected:  # noqa: N801 - reads as a function
    """A connection for the block, in autocommit mode."""

    def __init__(self, url: URL) -> None:
        self._connection = database(url).connect()

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def _tables(connection: Any) -> list[str]:
    named = "SELECT table_name FROM information_schema.tables WHERE table_schema = "
    query = f"{named}{'current_schema()' if hasattr(connection, 'pgconn') else 'database()'}"
    return sorted(str(name) for (name,) in connection.execute(query).fetchall())


@functools.cache
def _kept(kind: str) -> URL:
    url = _made(kind, f"actorflow_{os.getpid()}")
    with connected(url) as connection:  # a server of our own need not sync: no test takes its power away
        if kind == "mariadb" and not NAMED_MYSQL:
            connection.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
        elif kind == "postgres" and not NAMED:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
    return url


def _made(kind: str, name: str) -> URL:
    if kind == "postgres":
        import psycopg  # noqa: PLC0415

        url = server().set(drivername="postgresql")
        with psycopg.connect(**_of_psycopg(url), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
        return url.set(database=name)
    import pymysql  # noqa: PLC0415

    url = make_url(NAMED_MYSQL or f"mysql://root@localhost/mysql?unix_socket={mariadb()}").set(drivername="mysql")
    socket = url.query.get("unix_socket")
    host = {"host": url.host, "port": url.port or 3306} if socket is None else {"unix_socket": str(socket)}
    with pymysql.connect(user=url.username, password=url.password or "", **host) as made:  # type: ignore[arg-type]
        made.cursor().execute(f"DROP DATABASE IF EXISTS {name}")
        made.cursor().execute(f"CREATE DATABASE {name}")
    return url.set(database=name)


def _of_psycopg(url: URL) -> dict[str, Any]:
    given = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    return {**{name: value for name, value in given.items() if value}, **url.query}
