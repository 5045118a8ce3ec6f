"""Limits of processes: of the node, over which the host's entry writes its own, over which the process's entry does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from actorflow.value import Limits

MAILBOX: Final = 100_000
"""Unread messages of one process at which a notice is written."""


class Bounds(NamedTuple):
    """What one process is held to: `values` that leave it, and the size of its `mailbox` that is worth a notice."""

    values: Limits
    mailbox: int = MAILBOX

    def under(self, written: Mapping[str, Any]) -> Bounds:
        """Return these bounds with what an entry writes (`payload`, `depth`, `mailbox`) in place of its own."""
        depth, size = written.get("depth", self.values.depth), written.get("payload", self.values.size)
        return Bounds(Limits(depth, size), written.get("mailbox", self.mailbox))
