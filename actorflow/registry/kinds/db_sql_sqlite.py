"""`db.sql.sqlite`: an SQLite database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name
from actorflow.registry.kinds.lifecycle import Lifecycle


class DbSqlSqlite(Config):
    """An SQLite database: `file` is relative to the data directory, or `:memory:`."""

    file: Name
    pool: Mapping[str, Any] = Field(default_factory=dict)
    options: Mapping[str, Any] = Field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("db.sql.sqlite", DbSqlSqlite)
