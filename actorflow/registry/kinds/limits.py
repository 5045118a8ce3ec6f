"""Limits: bounds on what a script may use, written per entry and per host; what is not written is inherited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from actorflow.duration import MILLISECOND
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


@dataclass(frozen=True, slots=True)
class Bounds:
    """All limits with nothing left out. Durations in nanoseconds, sizes in bytes.

    `memory` is the cap of an isolated entry's runtime.
    """

    slice_warn: int = 10 * MILLISECOND
    slice_kill: int = 250 * MILLISECOND
    memory: int = 64 << 20
    payload: int = 4 << 20
    depth: int = 64
    history_warn: int = 10_000
    history_pause: int = 50_000
    mailbox: int = 100_000

    def under(self, written: dict[str, Any]) -> Bounds:
        """Return these bounds with what `Limits.written` says in place of its own."""
        changed: dict[str, int] = {}
        for name, value in written.items():
            if isinstance(value, dict):
                changed |= {f"{name}_{part}": item for part, item in value.items()}
            else:
                changed[name] = value
        return replace(self, **changed)
