"""Limits of processes: of the node, over which the host's entry writes its own, over which the process's entry does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from actorflow.node.limit import Memory, slices_of
from actorflow.value import Limits

MAILBOX: Final = 100_000
"""Unread messages of one process at which a notice is written."""
FIRST_LOOK: Final = 64
"""Unread messages at which a mailbox is weighed first."""
REFUSE: Final = "refuse"
DROP_NEWEST: Final = "drop_newest"
DROP_OLDEST: Final = "drop_oldest"
END: Final = "end"
"""What happens to a message for a full mailbox: it is refused, it or the oldest one is dropped, the receiver ends."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Bounds(NamedTuple):
    """What one process is held to.

    Attributes:
        values: values that leave it. mailbox: the number of unread messages that is worth a notice.
        room: unread messages that its mailbox holds, 0 without limit. overflow: what happens to one more.
        crowded: the number of unread messages from which on each further one is looked at.
        memory: what its unread messages may hold, and the scripts of it that count memory.
    """

    values: Limits
    mailbox: int = MAILBOX
    room: int = 0
    overflow: str = REFUSE
    crowded: int = MAILBOX
    memory: Memory = Memory()

    def under(self, written: Mapping[str, Any], mailbox: Mapping[str, Any] = _NOTHING) -> Bounds:
        """Return these bounds with what an entry writes in place of its own.

        `written` are its limits (`payload`, `depth`, `mailbox`, `memory`), `mailbox` the field (`limit`, `overflow`).
        """
        depth, size = written.get("depth", self.values.depth), written.get("payload", self.values.size)
        noticed, room = written.get("mailbox", self.mailbox), mailbox.get("limit", self.room)
        crowded = min(noticed, room + 1) if room else noticed
        memory = self.memory.under(slices_of(written))
        return Bounds(Limits(depth, size), noticed, room, mailbox.get("overflow", self.overflow), crowded, memory)
