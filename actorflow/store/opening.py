"""Which database an entry describes, and the store in a database."""

from __future__ import annotations

from typing import Any, Final

from actorflow.errors import UNAVAILABLE, Error, invalid
from actorflow.registry.kinds.db_sql_server import DbSqlServer
from actorflow.store.database import Database
from actorflow.store.dialect import Sqlite
from actorflow.store.sql import SqlStore
from actorflow.store.vault import Vault

_SERVERS: Final = {"db.sql.postgres": ("postgresql", "postgres"), "db.sql.mysql": ("mysql", "mysql")}
"""The kinds of databases on servers: the scheme of their URL, and the extra that brings the driver."""
_FORMS: Final = "postgresql://USER:PASSWORD@HOST/NAME, mysql://…, sqlite:///FILE"


def is_server(kind: str) -> bool:
    """Tell whether entries of a kind are databases on servers that can keep runs."""
    return kind in _SERVERS


def server_database(kind: str, id: str, config: DbSqlServer, vault: Vault) -> Database:  # noqa: A002 - of an entry
    """Return the database of a `db.sql.postgres` or `db.sql.mysql` entry; nothing is connected yet.

    Raises:
        Error: kind Unavailable, naming the extra, when its driver is not installed.
    """
    from sqlalchemy import URL  # noqa: PLC0415 - a node on files has no use for it

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


def database_at(text: str, vault: Vault) -> Database:
    """Return the database of a URL (`postgresql://…`, `mysql://…`, `sqlite:///FILE`); nothing is connected yet.

    Raises:
        Error: kind Invalid, when it is none; kind Unavailable, naming the extra, when its driver is not installed.
    """
    from sqlalchemy import make_url  # noqa: PLC0415 - a node on files has no use for it
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - likewise

    try:
        url = make_url(text)
    except ArgumentError:
        raise invalid(f"{text!r} is no URL of a database, and no entry; expected {_FORMS}") from None
    scheme = url.get_backend_name()
    if scheme == "sqlite" and url.database and url.database != ":memory:":
        return Sqlite(url.database, vault)
    extra = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql"}.get(scheme)
    if extra is None or not url.database:
        raise invalid(f"{url.render_as_string()}: expected a database, as one of {_FORMS}")
    try:
        found: Database = _dialect("mysql" if extra == "mysql" else scheme)(url, vault)
    except ModuleNotFoundError as error:
        message = f"the driver {error.name} is missing; install it with `pip install 'actorflow[{extra}]'`"
        raise Error(message, UNAVAILABLE, retryable=False, details={"extra": extra}) from error
    return found


def open_store(database: Any) -> SqlStore:
    """Open the store in a database.

    Raises:
        Error: when the database cannot be used.
    """
    if isinstance(database, Sqlite):
        return SqlStore(database)
    from actorflow.store.server import ServerStore  # noqa: PLC0415 - only where there is one

    return ServerStore(database)
