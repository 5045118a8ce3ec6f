"""`db.sql.mysql`: a MySQL or MariaDB database."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.db_sql_server import DbSqlServer


class DbSqlMysql(DbSqlServer):
    """A MySQL or MariaDB database; needs the extra `mysql`."""


KIND = Kind("db.sql.mysql", DbSqlMysql, "actorflow.resource.database:open_mysql", resource=True)
