"""The turn of a step: it appends events to the journal of a run that goes on, and changes nothing else."""

from __future__ import annotations

from actorflow.run.event import JournalEvent
from actorflow.run.state import RUNNING
from actorflow.run.turn import Turn


class PlainTurn(Turn):
    """A turn of which only these four are said; nothing else of it may be set.

    Nearly all turns are such. Whoever gets one sees by its type that there is nothing to look for in it, and it is made
    in a third of the time: what it does not say is an attribute of its class.
    """

    state = RUNNING

    def __init__(self, run: int, revision: int, lease: int, events: list[JournalEvent]) -> None:
        """See `Turn`; there is at least one event."""
        self.run = run
        self.revision = revision
        self.lease = lease
        self.events = events
