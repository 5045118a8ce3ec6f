"""`db.sql.postgres`: a PostgreSQL database."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.db_sql_server import DbSqlServer


class DbSqlPostgres(DbSqlServer):
    """A PostgreSQL database; needs the extra `postgres`."""


KIND = Kind("db.sql.postgres", DbSqlPostgres, "actorflow.resource.database:open_postgres", resource=True)
