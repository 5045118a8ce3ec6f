"""`env.variable`: an environment variable that scripts and placeholders may ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Plain, Reference


class EnvVariable(Config):
    """An environment variable: known by its id and, with `variable`, by that name; kept in a storage.

    Without `storage` it is the operating system's. `default` counts while the storage has no value.
    """

    variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] | None = None
    storage: Reference | None = None
    default: Plain | None = None
    readonly: bool = False
    read_only: bool = False

    @property
    def fixed(self) -> bool:
        """Whether scripts may not set it; the field has two spellings."""
        return self.readonly or self.read_only


KIND = Kind("env.variable", EnvVariable, references={"storage": ("env.storage.*",)})
