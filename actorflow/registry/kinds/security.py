"""The `security` of a service or script: the actor it runs as, and the scope it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Name, Names, References


class WrittenActor(Config):
    """Who: an id, and facts that conditions of policies look at."""

    id: Name
    meta: Mapping[str, Any] = Field(default_factory=dict)


class Security(Config):
    """An actor, and a scope made of policies and of the policies of groups."""

    actor: WrittenActor | None = None
    groups: Names = ()
    policies: References = ()
