"""Reading the `limits` of an entry or host as written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from actorflow.ports import NO_SLICES


class Memory(NamedTuple):
    """How much one process may hold, in bytes: told at `warn`, ended with Resource beyond `kill`."""

    warn: int = 32 << 20
    kill: int = 256 << 20

    def under(self, slices: Mapping[str, int]) -> Memory:
        """Return these limits with what is written, in the form of `slices_of`, in their place.

        One who writes no more than a `kill` below the warning that holds is not warned before.
        """
        kill = slices.get("memory_kill", self.kill)
        return Memory(min(slices.get("memory_warn", self.warn), kill), kill)


def written_limits(config: Any) -> Mapping[str, Any]:
    """Return the `limits` of an entry's model or mapping as written; empty where there are none."""
    limits = config.get("limits", {}) if isinstance(config, Mapping) else getattr(config, "limits", {})
    plain: Mapping[str, Any] = limits if isinstance(limits, Mapping) else limits.written()
    return plain


def slices_of(written: Mapping[str, Any]) -> Mapping[str, int]:
    """Return what a host holds code to: of `limits.slice` its `warn` and `kill`, of `limits.memory` with `memory_`."""
    slices, memory = written.get("slice", NO_SLICES), written.get("memory")
    if not memory:
        plain: Mapping[str, int] = slices
        return plain
    return {**slices, **{f"memory_{name}": size for name, size in memory.items()}}
