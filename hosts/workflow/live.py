"""A live run: one machine with its journaling driver, fed facts live or from the journal.

It knows nothing of stores or effects. `feed` returns the journal events of one fact; `replay` rebuilds a run from
its journal and checks the script against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.codec import decode, encode
from actorflow.errors import Failure
from actorflow.machine.machine import Machine
from actorflow.message import Message
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, is_sound, kind_of, payload_digest, restarted, sealed, superseded
from actorflow.run.rule import FIRST, LOST_CHILDREN
from hosts.workflow import answering
from hosts.workflow.applying import ANSWERS, APPLY
from hosts.workflow.closing import end_record
from hosts.workflow.driver import Divergence, JournalDriver, Record
from hosts.workflow.own.continuing import UNBOUNDED, next_run_id
from hosts.workflow.settings import RunLimits

if TYPE_CHECKING:
    from actorflow.ports import Program

_FROM_OUTSIDE: Final = frozenset({events.RUN_CANCELLED, events.RUN_FAILED})
_LIVE_COST: Final = 8_192
"""What a live run is taken to weigh beside its journal, in bytes; only the cache limit uses it."""


class Fact(NamedTuple):
    """Something that happened to a run: `row` is the inbox row it came from, or 0."""

    kind: str
    ref: int
    target: str
    payload: bytes
    at: int
    row: int = 0


class Fed(NamedTuple):
    """What one fact led to: its journal events, and the records among them."""

    events: list[JournalEvent]
    records: list[Record]


class LiveRun:
    """One run in memory, held to `limits`. `outcome` is None while it goes on.

    A run that waits with its first steps has not `begun`; it takes them `again` when those it had taken were dropped.
    `payload` is that of its start, if that says more than usual. `lost` are the request numbers that were taken back.
    `rules` is the number of the rules that it goes by, see `run.rule`.
    `unread` and `updates` are what one that continues as new leaves to the next.
    """

    __slots__ = (
        "_keyed",
        "again",
        "begun",
        "cancel_asked",
        "checksum",
        "driver",
        "limits",
        "lost",
        "machine",
        "payload",
        "rules",
        "run_id",
        "salt",
        "seq",
        "size",
        "started",
        "unread",
        "updates",
    )

    def __init__(self, run_id: str, program: Program, driver: JournalDriver, limits: RunLimits) -> None:
        """Make a run that has done nothing yet."""
        self.run_id = run_id
        self.salt = run_id.encode()
        self._keyed = events.salted(self.salt)
        self.driver = driver
        self.limits = limits
        self.machine = Machine(driver, program)
        self.seq = 0
        self.checksum = b""
        self.size = _LIVE_COST
        self.started = 0
        self.cancel_asked = False
        self.begun = True
        self.again = False
        self.rules = FIRST
        self.lost: tuple[range, ...] = ()
        self.payload: Mapping[str, Any] = {}
        self.unread: list[Message] = []
        self.updates: dict[str, str] | None = None
        driver.live = self

    def stop(self) -> None:
        """End the machine of a run that continues as a new one, which gets what it has not read."""
        self.unread = self.machine.unread()
        self.updates = answering.handed_over(self) if self.driver.updates else None
        self.machine.end(Outcome())

    def take_back(self, ref: int) -> None:
        """Take the newest request number back: a script with more or fewer calls that need none asks the same."""
        self.machine.last_ref = ref - 1

    @property
    def outcome(self) -> Outcome | None:
        """How the script ended, None while it goes on."""
        return self.machine.outcome

    def wants(self, fact: Fact) -> bool:
        """Tell whether somebody waits for this fact; an answer to a request that was given up is nobody's."""
        if fact.kind in ANSWERS:
            return fact.ref in self.driver.open
        if fact.kind == events.PROCESS_EXITED:
            return not self.is_lost(fact)
        return fact.kind != events.RUN_RELEASED or not self.begun  # a pause in between has it released once more

    def is_lost(self, fact: Fact) -> bool:
        """Tell whether this is a result of a request that was taken back: it is kept, and nobody is fed it."""
        if not self.lost or fact.kind not in events.RESULTS or not any(fact.ref in lost for lost in self.lost):
            return False
        return fact.kind != events.PROCESS_EXITED or self.rules >= LOST_CHILDREN

    def answers(self, fact: Fact) -> bool:
        """Tell whether this fact answers an open request: the end of a child does only if the script waits for it."""
        return self.hears_of(fact.ref) if fact.kind == events.PROCESS_EXITED else fact.ref in self.driver.open

    def hears_of(self, ref: int) -> bool:
        """Tell whether the script waits for the end of the child that request `ref` started."""
        record = self.driver.open.get(ref)
        return record is not None and bool(decode(record.payload)["wait"])

    def feed(self, fact: Fact, known: Any = None) -> Fed:
        """Feed one live fact and return its journal events, the fact first; `known` is its payload, if not to decode.

        Nobody else may have that: the script gets it, and a fact that is fed again must not be what the script left.
        """
        driver = self.driver
        driver.position, driver.size = self.seq + 1, self.size - _LIVE_COST
        driver.begin(fact.at)
        if known is None:
            self._apply(fact.kind, fact.ref, fact.target, fact.payload)
        else:
            APPLY[fact.kind](self, fact.ref, fact.target, known)
        _run(self.machine)
        drawn = encode(driver.drawn) if driver.drawn else b""
        return self._closed([fact[:4]], driver.records, drawn)

    def late(self, fact: Fact) -> JournalEvent:
        """Return the journal event of a result that is nobody's any more."""
        at = max(fact.at, self.driver.now())
        return self._event(events.RESULT_SUPERSEDED, fact.ref, fact.kind, fact.payload, b"", at)

    def _closed(self, before: list[tuple[str, int, str, bytes]], records: list[Record], drawn: bytes = b"") -> Fed:
        """Return the events of a feed's fact, if that is new, of its records, and of the run's end if it ended."""
        rows = before + records
        if self.machine.outcome is not None:
            rows.append(self._end(self.machine.outcome))
        return Fed(self._events(rows, drawn, self.driver.now()), records)

    def _end(self, outcome: Outcome) -> Record:
        """Return the record of the journal's last event."""
        continuation = self.driver.continuation
        if continuation is not None:
            payload = {"args": decode(continuation.args), "run_id": next_run_id(self.run_id)}
            return Record(events.RUN_CONTINUED, 0, continuation.entry, encode(payload, UNBOUNDED))
        kind, data = end_record(outcome, cancel_asked=self.cancel_asked)
        return Record(kind, 0, "", data)

    def feed_again(self, journal: list[JournalEvent]) -> Fed:
        """Feed the recorded start, of whose records no others than these were committed; return the rest of them."""
        driver, fact, recorded = self.driver, journal[0], journal[1:]
        self._verify(journal)
        driver.begin_again(fact, [event for event in recorded if event.kind not in events.FACTS | events.ENDS])
        self._apply(fact.kind, fact.ref, fact.target, fact.payload)
        _run(self.machine)
        driver.end_replay()
        driver.replaying = False
        return self._closed([], driver.records)

    def note_end(self, kind: str, failure: Failure, at: int) -> JournalEvent:
        """End the run from outside, without running any more of its code, and return the journal's last event."""
        self.machine.end(Outcome(failure=failure))
        return self._event(kind, 0, "", encode(failure), b"", at)

    def replay(self, journal: list[JournalEvent], started: Mapping[str, Any] | None = None) -> Iterator[int]:
        """Rebuild the run from its journal; yields the position after each fact, so that the caller may pause.

        `started` is the payload of the start event, from who has found that event sound and decoded it: that is done
        once then, which is a tenth of what it takes to rebuild a run that does no more than sleep.
        What was taken back is only checked, and what it drew is not drawn again.

        Raises:
            Divergence: when the script asks something else than the journal has.
            CorruptJournal: when the chain of checksums is broken.
        """
        driver, machine = self.driver, self.machine
        takes_back = not events.TAKE_BACK.isdisjoint(map(kind_of, journal))
        gone = superseded(journal) if takes_back else frozenset()
        self.again = takes_back and restarted(journal)
        for fact, recorded in feeds(journal):
            driver.position, driver.size = fact.seq, self.size - _LIVE_COST
            known, started = started, None
            if known is None:
                self._verify((fact, *recorded))
            else:
                self._pass(fact)
                self._verify(recorded)
            if fact.seq in gone:
                driver.skip(fact.drawn)
                continue
            kept, asked = self._kept(fact, recorded, gone) if takes_back else (fact, recorded)
            while asked and asked[-1].kind == events.RESULT_SUPERSEDED:  # it came after the end of the run
                asked.pop()
            end = asked.pop() if asked and asked[-1].kind in events.ENDS else None
            driver.begin_replay(kept, asked)
            if known is None:
                self._apply(fact.kind, fact.ref, fact.target, fact.payload)
            else:
                APPLY[fact.kind](self, fact.ref, fact.target, known)
            _run(machine)
            driver.end_replay()
            if end is not None or machine.outcome is not None:
                self._compare_end(end)
            yield self.seq
        driver.replaying = False

    def _kept(
        self, fact: JournalEvent, recorded: list[JournalEvent], gone: frozenset[int]
    ) -> tuple[JournalEvent, list[JournalEvent]]:
        """Return a feed without what is nobody's: late results, and the first steps that the run takes again."""
        kept = [event for event in recorded if event.kind != events.RESULT_SUPERSEDED and event.seq not in gone]
        if fact.kind == events.RUN_STARTED and self.again:
            self.driver.skip(fact.drawn)
            fact = fact._replace(drawn=b"")
        return fact, kept

    def feed_like(self, fact: JournalEvent, recorded: list[JournalEvent]) -> list[Record]:
        """Feed a fact of another run's journal, and return what the script asked: as many records as the other's.

        Raises:
            Divergence: when it asked for something else, by what its driver takes for the same.
        """
        driver = self.driver
        driver.begin_replay(fact, recorded)
        driver.records = []
        self._apply(fact.kind, fact.ref, fact.target, fact.payload)
        _run(self.machine)
        driver.end_replay()
        return driver.records

    def copied(self, event: JournalEvent) -> JournalEvent:
        """Return an event of another run's journal as the next one of this run's."""
        return self._event(event.kind, event.ref, event.target, event.payload, event.drawn, event.at)

    def _compare_end(self, end: JournalEvent | None) -> None:
        """Check that the script ends where its journal does; what ended a run from outside the script cannot repeat.

        Raises:
            Divergence: when only one of the two ends, or they end in different ways.
        """
        outcome = self.machine.outcome
        if outcome is None and end is not None and end.kind in _FROM_OUTSIDE:
            self.machine.end(Outcome(failure=decode(end.payload)))
            return
        asked = None if outcome is None else self._end(outcome)
        if (
            end is None
            or asked is None
            or (end.kind, end.target) != (asked.kind, asked.target)
            or end.digest != payload_digest(self.salt, asked.payload)
        ):
            raise Divergence(end, asked)

    def close(self) -> None:
        """Drop the machine without running any more of its code."""
        self.driver.live = None
        self.machine.end(Outcome())

    def _events(self, rows: list[tuple[str, int, str, bytes]], drawn: bytes, at: int) -> list[JournalEvent]:
        """Return the next events, of a kind, request number, target and payload each; the first one drew `drawn`."""
        if not rows:
            return []
        made = events.sealed_together(self.checksum, self._keyed, self.seq, rows, drawn, at)
        last = made[-1]
        self.seq, self.checksum = last.seq, last.checksum
        for row in rows:
            self.size += len(row[3])
        return made

    def _event(  # noqa: PLR0913, PLR0917 - the columns of a journal row
        self, kind: str, ref: int, target: str, payload: bytes, drawn: bytes, at: int
    ) -> JournalEvent:
        self.seq = seq = self.seq + 1
        event = sealed(self.checksum, self.salt, seq, kind, ref, target, payload, drawn, at)
        self.checksum = event.checksum
        self.size += len(payload)
        return event

    def _verify(self, journal: Iterable[JournalEvent]) -> None:
        """Do nothing if these events are sound and the next ones, and go on behind them.

        Raises:
            CorruptJournalError: when they are not.
        """
        for event in journal:
            if event.seq != self.seq + 1 or not is_sound(self.checksum, self.salt, event):
                raise CorruptJournalError(self.seq + 1)
            self._pass(event)

    def _pass(self, event: JournalEvent) -> None:
        """Go on behind an event."""
        self.seq, self.checksum = event.seq, event.checksum
        self.size += len(event.payload)

    def _apply(self, kind: str, ref: int, target: str, payload: bytes) -> None:
        if kind in ANSWERS:
            self.driver.open.pop(ref, None)
        APPLY[kind](self, ref, target, decode(payload))


def _run(machine: Machine) -> None:
    """Run until every task waits; a run of the machine may end before, see `machine.changing`."""
    while machine.run(-1):
        pass


class CorruptJournalError(Exception):
    """A journal's chain of checksums is broken at event `seq`."""

    def __init__(self, seq: int) -> None:
        """Remember where."""
        super().__init__(f"the journal is corrupt at event {seq}")
        self.seq = seq


def feeds(journal: list[JournalEvent]) -> Iterator[tuple[JournalEvent, list[JournalEvent]]]:
    """Cut a journal into facts, each with the records it led to."""
    start = 0
    for index, kind in enumerate(map(kind_of, journal)):
        if kind in events.FACTS and index:
            yield journal[start], journal[start + 1 : index]
            start = index
    if journal:
        yield journal[start], journal[start + 1 :]
