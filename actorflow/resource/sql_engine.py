"""Engines of the databases that entries describe: how to connect, and what differs between their dialects."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool, StaticPool

from actorflow.duration import SECOND
from actorflow.errors import UNAVAILABLE, Error, invalid
from actorflow.registry.kinds.db_sql_server import DbSqlServer
from actorflow.registry.kinds.db_sql_sqlite import DbSqlSqlite
from actorflow.registry.kinds.pool import Pool
from actorflow.resource.sql_text import MYSQL, POSTGRES, SQLITE, Flavor
from actorflow.resource.sqlite_boolean import Booleans

_BUSY: Final = 5.0
"""Seconds to wait for another connection's lock."""
_SMALLEST: Final = 512
"""Bytes of the smallest database; SQLite takes a smaller file for an empty one, and overwrites it."""
_CONNECT: Final = 10
"""Seconds to wait for a server."""
_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "postgres": {"connect_timeout": _CONNECT},
    "mysql": {"connect_timeout": _CONNECT, "init_command": "SET time_zone = '+00:00'"},
}
"""What a driver gets unless the entry's `options` say otherwise."""
_MAX_OPEN: Final = {"sqlite": 5, "postgres": 10, "mysql": 10}
_IN_MEMORY: Final = frozenset({":memory:", ""})
_PRAGMAS: Final = frozenset(
    {
        *("busy_timeout", "cache_size", "foreign_keys", "journal_mode", "mmap_size", "recursive_triggers"),
        *("synchronous", "temp_store"),
    }
)


@dataclass(frozen=True, slots=True)
class Backend:
    """A database that can be connected to.

    Attributes:
        type: `sqlite`, `postgres` or `mysql`. flavor: how its driver takes SQL.
        place: what to call it in messages. max_open: most connections at once.
        make: makes the engine, in a worker thread.
        begin: what begins a transaction, "" when the driver does.
        booleans: finds the booleans among the integers of SQLite.
        interrupt: ends what a connection is doing, from another thread; None when the driver cannot.
    """

    type: str
    flavor: Flavor
    place: str
    max_open: int
    make: Callable[[], Engine]
    begin: str = ""
    booleans: Booleans | None = None
    interrupt: Callable[[Connection], None] | None = None


def sqlite_backend(place: str, config: DbSqlSqlite, directory: Path | None) -> Backend:
    """Return the database of a `db.sql.sqlite` entry; its file is relative to `directory`.

    Raises:
        Error: kind Invalid, when it needs a directory and there is none.
    """
    in_memory = config.file in _IN_MEMORY
    if directory is None and not in_memory:
        raise invalid(f"{place}: file {config.file!r} needs a data directory, and this node has none; use ':memory:'")
    path = None if in_memory or directory is None else directory / config.file
    most = 1 if path is None else config.pool.max_open or _MAX_OPEN["sqlite"]
    options = {name.removeprefix("_"): value for name, value in config.options.items()}
    immediate = str(options.get("txlock", "")).lower() in {"immediate", "exclusive"}
    make = partial(_sqlite_engine, path, options, config.pool, most)
    begin = "BEGIN IMMEDIATE" if immediate else "BEGIN"
    return Backend("sqlite", SQLITE, place, most, make, begin, Booleans(DatabaseError), _interrupt_sqlite)


def postgres_backend(place: str, config: DbSqlServer) -> Backend:
    """Return the database of a `db.sql.postgres` entry."""
    most = config.pool.max_open or _MAX_OPEN["postgres"]
    make = partial(_server_engine, "postgresql+psycopg", "postgres", place, config, most)
    return Backend("postgres", POSTGRES, place, most, make, interrupt=_interrupt_postgres)


def mysql_backend(place: str, config: DbSqlServer) -> Backend:
    """Return the database of a `db.sql.mysql` entry."""
    most = config.pool.max_open or _MAX_OPEN["mysql"]
    make = partial(_server_engine, "mysql+pymysql", "mysql", place, config, most)
    return Backend("mysql", MYSQL, place, most, make, interrupt=_interrupt_mysql)


# ---- SQLite --------------------------------------------------------------------------------------------------------


def _sqlite_engine(path: Path | None, options: dict[str, Any], pool: Pool, most: int) -> Engine:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    creator = partial(_sqlite_connection, path, options)
    if path is None:
        return create_engine("sqlite+pysqlite://", creator=creator, poolclass=StaticPool)
    return create_engine("sqlite+pysqlite://", creator=creator, **_pooled(pool, most))


def _sqlite_connection(path: Path | None, options: dict[str, Any]) -> sqlite3.Connection:
    name = ":memory:" if path is None else path
    if path is not None and path.exists() and 0 < path.stat().st_size < _SMALLEST:
        raise invalid(f"{path} is not an SQLite database; name another file, nothing was overwritten")
    connection = sqlite3.connect(name, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")  # fails on a foreign file before anything is changed
        connection.execute("PRAGMA journal_mode=WAL")
        for pragma, value in options.items():
            if pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}={_pragma_value(value)}")
    except BaseException:
        connection.close()
        raise
    connection.text_factory = _text
    if options.get("attach") not in {True, "true"}:
        connection.set_authorizer(_authorize)
    return connection


def _pragma_value(value: Any) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if not text.removeprefix("-").replace("_", "").isalnum():
        raise invalid(f"options: got {value!r}, expected a word or a number for a PRAGMA")
    return text


def _text(data: bytes) -> str | bytes:
    """Return text, or the bytes of what SQLite calls text and is no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _authorize(action: int, name: str | None, *_more: str | None) -> int:
    """Refuse what reaches other files: ATTACH, and VACUUM INTO.

    A plain VACUUM attaches a file with an empty name; a name that is a parameter is not known here (None).
    """
    return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH and name != "" else sqlite3.SQLITE_OK


def _interrupt_sqlite(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.interrupt()


# ---- servers -------------------------------------------------------------------------------------------------------


def _server_engine(driver: str, extra: str, place: str, config: DbSqlServer, most: int) -> Engine:
    url = URL.create(
        driver,
        config.username or None,
        config.password or None,
        config.host,
        config.port or None,
        config.database,
        {name: str(value) for name, value in config.options.items()},
    )
    connect = {name: value for name, value in _DEFAULTS[extra].items() if name not in config.options}
    try:
        engine = create_engine(url, connect_args=connect, pool_pre_ping=True, **_pooled(config.pool, most))
    except ModuleNotFoundError as error:
        message = f"{place}: the driver {error.name} is missing; install it with `pip install 'actorflow[{extra}]'`"
        raise Error(message, UNAVAILABLE, retryable=False, details={"extra": extra}) from error
    if extra == "postgres":
        event.listen(engine, "connect", partial(_prepare_postgres, utc="options" not in config.options))
    return engine


def _pooled(pool: Pool, most: int) -> dict[str, Any]:
    kept = min(pool.max_idle, most)
    recycle = pool.max_lifetime // SECOND or -1
    return {
        "poolclass": QueuePool,
        "pool_size": max(kept, 1),
        "max_overflow": most - max(kept, 1),
        "pool_recycle": recycle,
        "pool_use_lifo": True,
    }


def _prepare_postgres(connection: Any, _record: Any, *, utc: bool) -> None:
    """Let JSON come as the text it is, scripts decode it themselves; and a time be the same one in every column."""
    from psycopg.types.string import TextLoader  # noqa: PLC0415 - the driver is an extra

    for name in ("json", "jsonb"):
        connection.adapters.register_loader(name, TextLoader)
    if utc:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()


def _interrupt_mysql(connection: Connection) -> None:
    """End the statement of a connection, by a second one: MySQL's protocol has no other way."""
    driver: Any = connection.connection.driver_connection
    dialect: Any = connection.engine.dialect
    positional, named = dialect.create_connect_args(connection.engine.url)
    other = dialect.loaded_dbapi.connect(*positional, **{"connect_timeout": _CONNECT, **named})
    try:
        other.cursor().execute(f"KILL QUERY {int(driver.thread_id())}")
    finally:
        other.close()


def _interrupt_postgres(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.cancel_safe(timeout=_CONNECT)
