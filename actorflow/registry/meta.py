"""What actorflow itself reads in an entry's `meta`; every other key of it is the application's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from actorflow.registry.kinds.fields import Names, Reference


class _Open(BaseModel):
    """Metadata is open: unknown keys are kept."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, defer_build=True)


class Command(_Open):
    """A terminal command: `actorflow exec NAME`."""

    name: str = Field(min_length=1)
    short: str = ""


class TemporalWorkflow(_Open):
    """Overrides for a workflow on a Temporal cluster."""

    worker: Reference | None = None
    name: str | None = None


class TemporalActivity(_Open):
    """Overrides for a function on a Temporal cluster."""

    worker: Reference | None = None
    name: str | None = None
    local: bool = False


class Temporal(_Open):
    """Names and queues on a Temporal cluster; without it an entry runs there all the same."""

    workflow: TemporalWorkflow | None = None
    activity: TemporalActivity | None = None


class Meta(_Open):
    """The keys of `meta` that mean something to actorflow."""

    type: str | None = None
    description: str | None = None
    tags: Names = ()
    depends_on: Names = ()
    groups: Names = ()
    timeout: Any = None
    """Of a test: a duration, or a number of seconds; read by who runs it, for other kinds use the key too."""
    default_host: Reference | None = None
    command: Command | None = None
    temporal: Temporal | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
