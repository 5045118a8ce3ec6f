"""When a lone commit is made in the node's own thread: as long as it is sure to be short.

A run that takes one step after another, alone, hands each of them to the writer's thread and waits for it. Both threads
wake each other for that, which takes as long as the commit of a good disk. Nothing is gained by it when nobody else
has anything to do meanwhile; so such a commit is made here, if the last ones were short. What is not short stops every
actor of the node. So it goes to the writer's thread whenever somebody else has something to do or to commit, when
another process holds the lock of the file, and for long after a disk was slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from actorflow.run.plain_turn import PlainTurn

if TYPE_CHECKING:
    from actorflow.run.turn import Item

LIMIT: Final = 0.002
"""Seconds that a commit may take here: as long as the engine's slices of turns."""
FEW: Final = 8
"""So many short lone commits in the writer's thread, one after another, come before one here."""
MOST: Final = 256
"""Commits here after which one goes to the writer's thread, which moves the log into the database when it is large."""
_BYTES: Final = 32_768
_EVENTS: Final = 8


class LoneCommits:
    """What is known of the lone commits of one store: how long the last ones took, and where the next one is made."""

    __slots__ = ("_here", "_wanted")

    def __init__(self) -> None:
        """Know of none: the first ones are made in the writer's thread."""
        self._wanted = FEW
        self._here = 0

    @property
    def short(self) -> bool:
        """Whether the next one may be made here."""
        return self._wanted == 0

    def made_there(self, seconds: float) -> None:
        """Take note of one that was made in the writer's thread, with nothing else under way."""
        if seconds > LIMIT:
            self._wanted = max(self._wanted, FEW)
        elif self._wanted:
            self._wanted -= 1

    def made_here(self, seconds: float) -> None:
        """Take note of one that was made here; the longer it took, the longer it is until the next one here."""
        self._here += 1
        if seconds > LIMIT:
            self._wanted = int(FEW * seconds / LIMIT)
        elif self._here % MOST == 0:
            self._wanted = 1

    def crowded(self) -> None:
        """Take note of others: of several things at once, a task that had something to do, or a lock that was held."""
        self._wanted = max(self._wanted, FEW)


def is_brief(item: Item) -> bool:
    """Tell whether an item writes a few small rows, and nobody but its run hears of it: the turn of a usual step."""
    if type(item) is not PlainTurn or len(item.events) > _EVENTS:
        return False
    return sum([len(event.payload) for event in item.events]) < _BYTES


def is_idle() -> bool:
    """Tell whether no task and no callback of the node waits for this one to let go of the thread."""
    others = trio.lowlevel.current_statistics()
    return not (others.tasks_runnable or others.run_sync_soon_queue_size)
