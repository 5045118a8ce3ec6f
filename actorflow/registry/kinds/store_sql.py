"""`store.sql`: a key-value store in a table of a database."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from actorflow.duration import MINUTE
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Reference
from actorflow.registry.kinds.lifecycle import Lifecycle

Identifier: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$")]


class StoreSql(Config):
    """A key-value store in a table of a database; the table must exist.

    Its columns are a text key (primary key), a text or binary value, and an expiry that may be null: a time, or Unix
    seconds. Expired rows are deleted every `cleanup_interval` (0: never).
    """

    database: Reference
    table_name: Identifier
    id_column_name: Identifier = "key"
    payload_column_name: Identifier = "value"
    expire_column_name: Identifier = "expires_at"
    cleanup_interval: Duration = 5 * MINUTE
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind(
    "store.sql",
    StoreSql,
    "actorflow.resource.store_sql:SqlKeyValues",
    resource=True,
    references={"database": ("db.sql.*",)},
)
