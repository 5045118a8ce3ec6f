"""Residents: runs that are being worked on, with what waits for their next turn.

A run becomes resident when a fact arrives for it and stays while it is busy or cached. Its machine may be dropped at
any quiet moment and rebuilt from the journal; facts that have not been committed wait here meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actorflow.ports import Outcome, Reply
from actorflow.run.turn import CallRow, Turn
from hosts.workflow.driver import Record
from hosts.workflow.live import Fact, LiveRun

if TYPE_CHECKING:
    from actorflow.errors import Failure
    from actorflow.run.event import JournalEvent
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.start import PreparedStart


@dataclass(slots=True)
class Ending:
    """A request to end a run from outside: the kind of its last event, why, and who are told once it is committed."""

    kind: str
    failure: Failure
    replies: list[Reply]

    def reply(self, outcome: Outcome) -> None:
        """Tell everybody who asked."""
        for reply in self.replies:
            reply(outcome)

    def joined(self, other: Ending | None) -> Ending:
        """Return this request with those who asked for the other one."""
        return self if other is None else Ending(self.kind, self.failure, self.replies + other.replies)


@dataclass
class Draft:
    """A turn on its way to the store, and what is done once it is there.

    Attributes:
        turn: what is committed. facts: the facts in it, to be fed again if the commit fails. ending: likewise.
        records: what the script asked in it; performed after the commit.
        dropped: request numbers the script gave up in it.
        sends: the request number each of `turn.deliveries` answers, 0 for none.
        starts: the child starts in `turn.starts`, in order, with their request numbers.
        refused: requests that need no commit to be answered: (ref, failure).
        outcome: how the run ended in this turn, or None. pausing: what the script asked that pauses it, or None.
        successor: what the run continues as, or None. left: facts in the turn that are for the successor.
    """

    turn: Turn
    facts: list[Fact] = field(default_factory=list)
    ending: Ending | None = None
    records: list[Record] = field(default_factory=list)
    dropped: tuple[int, ...] = ()
    sends: tuple[int, ...] = ()
    starts: tuple[tuple[int, PreparedStart], ...] = ()
    refused: tuple[tuple[int, Failure], ...] = ()
    outcome: Outcome | None = None
    pausing: Record | None = None
    successor: PreparedStart | None = None
    left: tuple[Fact, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the run ends in this turn."""
        return self.outcome is not None or self.successor is not None


@dataclass(slots=True, eq=False)
class Resident:
    """One run in work.

    Attributes:
        run: run number. facts, ending: what waits for the next turn.
        host: the host it belongs to, None until loaded. live: its machine, None while parked.
        revision, lease, parent_run, parent_ref, workflow_id: as in its row; valid while live.
        attempts: request number → stored call row, for calls of which the store has one.
        called: request number → when that was recorded, for the calls that were open when it was read.
        busy: a commit or a load is under way. queued: it stands in the engine's queue.
        start: the rest of a start's first feed, to be committed as the first turn.
        used: when it was last worked on (monotonic nanoseconds). last_row: the newest inbox row taken from.
        stale: the store may hold more of it than the machine was told.
        pending: its row says that it has to be looked at; the next turn says what it waits for.
        warned: whether the operator was told of its long history.
    """

    run: int
    facts: list[Fact] = field(default_factory=list)
    ending: Ending | None = None
    host: WorkflowHost | None = None
    live: LiveRun | None = None
    revision: int = 0
    lease: int = 0
    parent_run: int = 0
    parent_ref: int = 0
    workflow_id: str = ""
    attempts: dict[int, CallRow] = field(default_factory=dict)
    called: dict[int, int] = field(default_factory=dict)
    busy: bool = False
    queued: bool = False
    start: tuple[list[JournalEvent], list[Record]] | None = None
    used: int = 0
    last_row: int = 0
    stale: bool = False
    pending: bool = False
    warned: bool = False

    @property
    def wanting(self) -> bool:
        """Whether something waits for a turn."""
        return bool(self.facts or self.ending or self.start or self.stale or self.pending)

    @property
    def pid(self) -> str:
        """The run's PID."""
        return self.host.pid_of(self.workflow_id) if self.host else ""
