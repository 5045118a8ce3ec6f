"""`process.service`: a process that is kept running."""

from __future__ import annotations

from typing import Literal

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Reference, Values
from actorflow.registry.kinds.lifecycle import Lifecycle


class ProcessService(Config):
    """A process that is kept running on a host; each element of `input` is one argument.

    On a durable host stopping the service lets go of its run; `on_stop: cancel` asks the run to end instead.
    """

    process: Reference
    host: Reference
    input: Values = ()
    on_stop: Literal["release", "cancel"] = "release"
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind(
    "process.service",
    ProcessService,
    references={
        "process": ("process.lua", "process.py", "workflow.lua", "workflow.py"),
        "host": ("*.host", "temporal.worker"),
    },
)
