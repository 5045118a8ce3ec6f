"""`env.storage.router`: storages of environment variables, one after another."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Reference, as_tuple


class EnvStorageRouter(Config):
    """A chain of `storages`: the first that has a variable answers; what is set goes to the first of all."""

    storages: Annotated[tuple[Reference, ...], BeforeValidator(as_tuple), Field(min_length=1)]


KIND = Kind("env.storage.router", EnvStorageRouter, references={"storages": ("env.storage.*",)})
