"""`env.storage.static`: environment variables that are written in the registry."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Plain


class EnvStorageStatic(Config):
    """Environment variables with fixed `values`; nothing can be set."""

    values: Mapping[Name, Plain] = Field(default_factory=dict)


KIND = Kind("env.storage.static", EnvStorageStatic)
