"""Limits: bounds on what a script may use, written per entry and per host; what is not written is inherited."""

from __future__ import annotations

from typing import Any

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Positive, Size


class Slice(Config):
    """How long code may run between two operations: noticed at `warn`, ended with Resource at `kill`."""

    warn: Duration | None = None
    kill: Duration | None = None


class History(Config):
    """How many events the journal of a run may have: noticed at `warn`, paused at `pause`."""

    warn: Positive | None = None
    pause: Positive | None = None


class Limits(Config):
    """The `limits` of an entry or host, as written."""

    slice: Slice = Slice()
    memory: Size | None = None
    payload: Size | None = None
    depth: Positive | None = None
    history: History = History()
    mailbox: Positive | None = None

    def written(self) -> dict[str, Any]:
        """Return what is written, as plain values (nanoseconds, bytes); empty when nothing is."""
        plain = self.model_dump(exclude_none=True)
        return {name: value for name, value in plain.items() if value != {}}
