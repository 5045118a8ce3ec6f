"""Limits: bounds on what a script may use, written per entry and per host; what is not written is inherited."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema

from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Count, Duration, Positive, Size, size_of


class Slice(Config):
    """How long code may run between two operations: noticed at `warn`, ended with Resource at `kill`."""

    warn: Duration | None = None
    kill: Duration | None = None


class History(Config):
    """How many events the journal of a run may have: noticed at `warn`, paused at `pause` or at so many `bytes`."""

    warn: Positive | None = None
    pause: Positive | None = None
    bytes: Size | None = None


class Memory(Config):
    """How much memory one process may hold: noticed at `warn`, ended with Resource beyond `kill`."""

    warn: Size | None = None
    kill: Size | None = None


def _as_kill(value: Any) -> Any:
    """Return a bare size as the limit that it is."""
    return value if isinstance(value, dict | Memory) else {"kill": size_of(value)}


_SIZE: Final[dict[str, Any]] = {"anyOf": [{"type": "string", "examples": ["64MiB"]}, {"type": "integer", "minimum": 0}]}
_MEMORY_SCHEMA: Final = {
    "anyOf": [*_SIZE["anyOf"], {"type": "object", "properties": {"warn": _SIZE, "kill": _SIZE}}],
}


class Limits(Config):
    """The `limits` of an entry or host, as written."""

    slice: Slice = Slice()
    memory: Annotated[Memory, BeforeValidator(_as_kill), WithJsonSchema(_MEMORY_SCHEMA)] = Memory()
    payload: Size | None = None
    depth: Positive | None = None
    offload: Size | None = None
    history: History = History()
    crashes: Count | None = None
    mailbox: Positive | None = None

    def written(self) -> dict[str, Any]:
        """Return what is written, as plain values (nanoseconds, bytes); empty when nothing is."""
        plain = self.model_dump(exclude_none=True)
        return {name: value for name, value in plain.items() if value != {}}
