"""Forks: a new run that begins with a part of another run's journal, with other input, code or results if asked.

The part is fed to the script again, fact by fact. As long as it asks for the same things in the same order (the same
kinds, request numbers and targets; what it passes along may differ), the answers of the other run are its own. Where it
first asks for something else its journal ends, and it goes on from there like any run. It has a run id and a seed of
its own, so its calls have invocation ids of their own; children stay with the original.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.draw import SEED_SIZE
from actorflow.run.event import JournalEvent, restarted
from actorflow.run.turn import Delivery, StartRun
from actorflow.store.retrying import armed
from hosts.workflow.driver import Divergence, JournalDriver, Record
from hosts.workflow.guarded import GuardedDriver
from hosts.workflow.live import LiveRun, feeds

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.run.turn import OpenRun
    from hosts.workflow.fork_point import ForkPoint

_OWN: Final = frozenset(
    {
        *("first", "previous", "attempt", "continued_from", "execution_deadline", "due", "forked_from"),
        *("names", "queued"),
    }
)
"""Fields of a start event that say how the original came to be, when its time is over, and which names it holds."""
_REPEATING: Final = frozenset({"cron", "retry", "execution_timeout", "run_timeout"})
"""Options that would start further runs, or end this one by the clock of the original."""
_EXTERNAL: Final = frozenset({events.MESSAGE_RECEIVED, events.CANCEL_REQUESTED})


@dataclass(slots=True)
class Fork:
    """What is asked for.

    Attributes:
        workflow_id: of the new run. since: the step to begin with: a name, a position in the journal, or "" for the one
            that the run failed over, or for everything an open run has done.
        args: other arguments, None for the same. results: step name or position → what it is to have answered.
        by: who asked. at: when, Unix nanoseconds.
    """

    workflow_id: str
    since: str = ""
    args: Sequence[Any] | None = None
    results: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    at: int = 0


@dataclass(slots=True)
class Forked:
    """A fork that is ready to be started.

    Attributes:
        start: what the store commits.
        kept: how many events of the original it begins with. cut: how many there were to keep.
    """

    start: StartRun
    kept: int
    cut: int


class _Alike:
    """What makes a journaling driver content with records that are of the same kind, number and target."""

    __slots__ = ()
    records: list[Record]
    _expected: list[JournalEvent]

    def _match(self, record: Record) -> None:
        recorded = self._expected.pop() if self._expected else None
        if recorded is None or recorded[1:4] != record[:3]:
            raise Divergence(recorded, record)
        self.records.append(record)


class AlikeDriver(_Alike, JournalDriver):
    """The driver of a fork in the making."""

    __slots__ = ()


class GuardedAlikeDriver(_Alike, GuardedDriver):
    """The same for a run that is judged: the verdicts are those of the original."""

    __slots__ = ()


def begun(payload: Mapping[str, Any], fork: Fork, seed: bytes, source: str, *, waited: bool) -> dict[str, Any]:
    """Return the payload of the fork's start event, from the original's; `waited`: it has what let that begin, too."""
    if len(seed) != SEED_SIZE:
        raise ValueError(f"seed: got {len(seed)} bytes, expected {SEED_SIZE}")
    own = _OWN if waited else {*_OWN, "held"}
    kept = {name: value for name, value in payload.items() if name not in own}
    if "options" in kept:
        kept["options"] = {name: value for name, value in kept["options"].items() if name not in _REPEATING}
    origin = {"workflow_id": payload["workflow_id"], "run_id": payload["run_id"], "since": fork.since}
    changed = {"workflow_id": fork.workflow_id, "run_id": str(uuid.uuid4()), "parent": "", "seed": seed}
    if fork.args is not None:
        changed["args"] = list(fork.args)
    return {**kept, **changed, "source": source, "forked_from": origin}


def forked(held: OpenRun, fork: Fork, point: ForkPoint, live: LiveRun, bundle: Bundle, start: bytes) -> Forked:  # noqa: PLR0913, PLR0917 - the original, what is asked for, and the new run
    """Feed a fork what it keeps of the original's journal, and return its start.

    Args:
        held: the original, as its store has it.
        fork: what is asked for.
        point: where it begins, in that journal.
        live: the new run, which has done nothing yet, with one of the drivers above.
        bundle: its source.
        start: the payload of its start event, encoded.

    Raises:
        Error: kind Invalid, when the result of a step cannot be another.
    """
    live.again = restarted(point.journal)
    copier = _Copier(live, point)
    copier.run(start)
    live.close()
    gone, cut = point.gone, point.cut
    kept = [event for event in copier.journal if event.seq not in gone]
    made = StartRun(
        run_id=live.run_id,
        workflow_id=fork.workflow_id,
        entry=held.row.entry,
        host=held.row.host,
        bundle_hash=bundle.hash,
        bundle=bundle.data,
        events=copier.journal,
        at=fork.at,
        state=states.PENDING,
        timers=list(armed(kept, cut)),
        messages=copier.inbox,
        reason=f"forked from {held.row.workflow_id}",
        strict=held.row.strict,
        queue=held.row.queue,
    )
    return Forked(made, copier.kept, sum(event.seq < cut for event in point.journal))


class _Copier:
    """Copies a journal up to a position, as far as the script repeats it."""

    def __init__(self, live: LiveRun, point: ForkPoint) -> None:
        self._live = live
        self._feeds = list(feeds(point.journal))
        self._point = point
        self._gone = point.gone
        self.journal: list[JournalEvent] = []
        self.inbox: list[Delivery] = []
        self.kept = 0
        self._places: list[tuple[int, int]] = []

    def run(self, start: bytes) -> None:
        """Copy; `start` takes the place of the payload of the first event."""
        diverged = False
        for place, (fact, recorded) in enumerate(self._feeds):
            if fact.seq >= self._point.cut:
                break
            if diverged:
                self._pass_by(fact)
            elif fact.seq in self._gone:
                self._live.driver.skip(fact.drawn)
                self._keep([fact, *recorded])
            else:
                diverged = not self._feed(fact if place else fact._replace(payload=start), recorded)
        if not diverged and self._point.again is not None:
            self._once_more(self._point.again, start)

    def _once_more(self, fact: JournalEvent, start: bytes) -> None:
        """Have the fact arrive that leads to the step which is done anew."""
        if fact.kind == events.RUN_STARTED:
            self._keep([fact._replace(payload=start)])
        else:
            self._hand_on(fact)

    def _feed(self, fact: JournalEvent, recorded: list[JournalEvent]) -> bool:
        """Feed a fact, and keep it if the script asks for what the original did; else it arrives when the fork runs."""
        if fact.kind == events.RUN_STARTED and self._live.again:
            return self._feed_dropped_start(fact, recorded)
        try:
            records = self._live.feed_like(fact, recorded)
        except Divergence:
            records = None
        if records is None or self._live.outcome is not None:
            self._point.refuse_lost(recorded)
            if fact.kind == events.RUN_STARTED:
                self._keep([fact])
            else:
                self._hand_on(fact)
            return False
        same = [event._replace(payload=record.payload) for event, record in zip(recorded, records, strict=True)]
        self._keep([fact, *same])
        return True

    def _feed_dropped_start(self, fact: JournalEvent, recorded: list[JournalEvent]) -> bool:
        """Feed the start of a run that takes its first steps with a later fact: what they had led to stays dropped."""
        self._live.driver.skip(fact.drawn)
        self._live.feed_like(fact._replace(drawn=b""), [event for event in recorded if event.seq not in self._gone])
        self._keep([fact, *recorded])
        return True

    def _pass_by(self, fact: JournalEvent) -> None:
        """Hand on what came from outside; an answer is nobody's once the script has asked something else."""
        if fact.kind in _EXTERNAL and fact.seq not in self._gone:
            self._hand_on(fact)

    def _keep(self, kept: list[JournalEvent]) -> None:
        for event in kept:
            copied = self._live.copied(self._moved(event) if event.kind in events.TAKE_BACK else event)
            self._places.append((event.seq, copied.seq))
            self.journal.append(copied)
        self.kept += len(kept)

    def _moved(self, event: JournalEvent) -> JournalEvent:
        """Return an event that takes back what it did where that is in the fork: what was left out has moved it."""
        floor, _, rest = event.target.partition(":")
        place = next((new for old, new in self._places if old >= int(floor)), self._live.seq + 1)
        return event._replace(target=f"{place}:{rest}")

    def _hand_on(self, fact: JournalEvent) -> None:
        self.inbox.append(Delivery("", fact.kind, fact.target, "", fact.payload, fact.at, ref=fact.ref))
