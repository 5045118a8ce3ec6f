"""Which database an entry describes, and the store in a database."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL

from actorflow.errors import UNAVAILABLE, Error
from actorflow.registry.kinds.db_sql_server import DbSqlServer
from actorflow.store.database import Database
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.store.vault import Vault

_SERVERS: Final = {"db.sql.postgres": ("postgresql", "postgres"), "db.sql.mysql": ("mysql", "mysql")}
"""The kinds of databases on servers: the scheme of their URL, and the extra that brings the driver."""


def is_server(kind: str) -> bool:
    """Tell whether entries of a kind are databases on servers that can keep runs."""
    return kind in _SERVERS


def server_database(kind: str, id: str, config: DbSqlServer, vault: Vault) -> Database:  # noqa: A002 - of an entry
    """Return the database of a `db.sql.postgres` or `db.sql.mysql` entry; nothing is connected yet.

    Raises:
        Error: kind Unavailable, naming the extra, when its driver is not installed.
    """
    scheme, extra = _SERVERS[kind]
    options = {name: str(value) for name, value in config.options.items()}
    at = (config.username or None, config.password or None, config.host, config.port or None, config.database)
    url = URL.create(scheme, *at, options)
    try:
        found: Database = _dialect(scheme)(url, vault)
    except ModuleNotFoundError as error:
        message = f"{id}: the driver {error.name} is missing; install it with `pip install 'actorflow[{extra}]'`"
        raise Error(message, UNAVAILABLE, retryable=False, details={"extra": extra}) from error
    return found


def _dialect(scheme: str) -> Any:
    if scheme == "mysql":
        from actorflow.store.mysql import Mysql  # noqa: PLC0415 - its driver is an extra

        return Mysql
    from actorflow.store.postgres import Postgres  # noqa: PLC0415 - its driver is an extra

    return Postgres


def open_store(database: Any) -> SqlStore:
    """Open the store in a database.

    Raises:
        Error: when the database cannot be used.
    """
    if isinstance(database, Sqlite):
        return SqlStore(database)
    from actorflow.store.server import ServerStore  # noqa: PLC0415 - only where there is one

    return ServerStore(database)
