"""`pg.scope`: a scope of process groups."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config


class PgScope(Config):
    """A scope of process groups: the names of groups are those of one scope. It needs no start."""


KIND = Kind("pg.scope", PgScope)
