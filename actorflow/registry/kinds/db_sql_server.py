"""What the databases that are reached over the network have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Plain
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.pool import Pool

_MAX_PORT = 65535


class DbSqlServer(Config):
    """A database on a server; `options` are those of its driver, as in a connection string."""

    host: Name = "localhost"
    port: Annotated[int, Field(ge=0, le=_MAX_PORT)] = 0
    database: Name
    username: str = ""
    password: Annotated[str, Field(repr=False)] = ""
    pool: Pool = Pool()
    options: Mapping[Name, Plain] = Field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
