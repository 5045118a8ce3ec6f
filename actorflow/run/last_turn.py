"""The last turn of a run that nobody else is concerned with: its last events, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.run.turn import Turn

if TYPE_CHECKING:
    from actorflow.run.event import JournalEvent
    from actorflow.run.turn import StateChange


class LastTurn(Turn):
    """A turn that ends its run, of which only these are said; nothing else of it may be set.

    Nearly all ends are such. What an end takes with it (timers, calls, its workflow id) is known to who decides it.
    """

    change: StateChange

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a row
        self, run: int, revision: int, lease: int, events: list[JournalEvent], state: str, change: StateChange
    ) -> None:
        """See `Turn`; the last event is that of the end, and its payload the result."""
        self.run = run
        self.revision = revision
        self.lease = lease
        self.events = events
        self.state = state
        self.change = change
        self.result = events[-1].payload
