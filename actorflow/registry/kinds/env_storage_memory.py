"""`env.storage.memory`: environment variables in memory."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Plain


class EnvStorageMemory(Config):
    """Environment variables in memory: they begin as `values` and are gone when the node stops."""

    values: Mapping[Name, Plain] = Field(default_factory=dict)


KIND = Kind("env.storage.memory", EnvStorageMemory)
