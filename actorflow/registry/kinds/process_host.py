"""`process.host`: where actors run."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Positive
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.limits import Limits


class Workers(Config):
    """Sizes that other systems need; accepted, for a host here is one run queue."""

    workers: Positive | None = None
    queue_size: Positive | None = None
    local_queue_size: Positive | None = None


class ProcessHost(Config):
    """Where actors run: supervised, in memory."""

    host: Workers = Workers()
    limits: Limits = Limits()
    lifecycle: Lifecycle = Lifecycle()


KIND = Kind("process.host", ProcessHost, factory="hosts.process:ProcessHost")
