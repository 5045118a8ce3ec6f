"""`env.storage.os`: the environment variables of the operating system."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config


class EnvStorageOs(Config):
    """The environment variables that the program was started with; nothing can be set."""


KIND = Kind("env.storage.os", EnvStorageOs)
