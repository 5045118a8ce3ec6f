"""`db.sql.sqlite`: an SQLite database."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Plain
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.pool import Pool


class DbSqlSqlite(Config):
    """An SQLite database: `file` is relative to the data directory, or `:memory:`.

    One in memory has a single connection, which its users take turns with, and is empty after each start. Of the
    `options`, `attach: true` allows ATTACH and VACUUM INTO, which reach other files; unknown ones are ignored.
    """

    file: Name
    pool: Pool = Pool()
    options: Mapping[Name, Plain] = Field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("db.sql.sqlite", DbSqlSqlite, "actorflow.resource.database:open_sqlite", resource=True)
