"""A live run: one machine with its journaling driver, fed facts live or from the journal.

It knows nothing of stores or effects. `feed` returns the journal events of one fact; `replay` rebuilds a run from
its journal and checks the script against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.codec import decode, encode
from actorflow.errors import CANCELED, Error, Failure
from actorflow.machine.machine import Machine
from actorflow.message import Message
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, chain, payload_digest, sealed, superseded
from hosts.workflow import answering
from hosts.workflow.driver import JournalDriver, Record
from hosts.workflow.settings import RunLimits

if TYPE_CHECKING:
    from actorflow.ports import Program

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
    """One run in memory, held to `limits`. `outcome` is None while it goes on."""

    __slots__ = ("cancel_asked", "checksum", "driver", "limits", "machine", "run_id", "salt", "seq", "size", "started")

    def __init__(self, run_id: str, program: Program, driver: JournalDriver, limits: RunLimits) -> None:
        """Make a run that has done nothing yet."""
        self.run_id = run_id
        self.salt = run_id.encode()
        self.driver = driver
        self.limits = limits
        self.machine = Machine(driver, program)
        self.seq = 0
        self.checksum = b""
        self.size = _LIVE_COST
        self.started = 0
        self.cancel_asked = False

    @property
    def outcome(self) -> Outcome | None:
        """How the script ended, None while it goes on."""
        return self.machine.outcome

    def wants(self, fact: Fact) -> bool:
        """Tell whether somebody waits for this fact; an answer to a request that was given up is nobody's."""
        if fact.kind in _ANSWERS:
            return fact.ref in self.driver.open
        return True

    def answers(self, fact: Fact) -> bool:
        """Tell whether this fact answers an open request: the end of a child does only if the script waits for it."""
        record = self.driver.open.get(fact.ref)
        if record is None or fact.kind != events.PROCESS_EXITED:
            return record is not None
        return bool(decode(record.payload)["wait"])

    def feed(self, fact: Fact) -> Fed:
        """Feed one live fact and return its journal events, the fact first."""
        driver = self.driver
        driver.begin(fact.at)
        self._apply(fact.kind, fact.ref, fact.target, fact.payload)
        _run(self.machine)
        drawn = encode(driver.drawn) if driver.drawn else b""
        at = driver.now()
        journal = [self._event(fact.kind, fact.ref, fact.target, fact.payload, drawn, at)]
        return self._closed(journal, driver.records, at)

    def _closed(self, journal: list[JournalEvent], records: list[Record], at: int) -> Fed:
        """Add the events of a feed's records, and of the run's end if it ended."""
        for kind, ref, target, payload in records:
            journal.append(self._event(kind, ref, target, payload, b"", at))
        if self.machine.outcome is not None:
            kind, payload = end_record(self.machine.outcome, cancel_asked=self.cancel_asked)
            journal.append(self._event(kind, 0, "", payload, b"", at))
        return Fed(journal, records)

    def feed_again(self, fact: JournalEvent) -> Fed:
        """Feed the recorded start whose records were never committed, and return their events and records."""
        driver = self.driver
        self._verify(fact, [])
        driver.begin_again(fact)
        self._apply(fact.kind, fact.ref, fact.target, fact.payload)
        _run(self.machine)
        driver.end_replay()
        driver.replaying = False
        return self._closed([], driver.records, driver.now())

    def note_end(self, kind: str, failure: Failure, at: int) -> JournalEvent:
        """End the run from outside, without running any more of its code, and return the journal's last event."""
        self.machine.end(Outcome(failure=failure))
        return self._event(kind, 0, "", encode(failure), b"", at)

    def replay(self, journal: list[JournalEvent]) -> Iterator[int]:
        """Rebuild the run from its journal; yields the position after each fact, so that the caller may pause.

        Raises:
            Divergence: when the script asks something else than the journal has.
            CorruptJournal: when the chain of checksums is broken.
        """
        for fact, recorded in self._effective(journal):
            self._verify(fact, recorded)
            self.driver.begin_replay(fact, recorded)
            self._apply(fact.kind, fact.ref, fact.target, fact.payload)
            _run(self.machine)
            self.driver.end_replay()
            yield self.seq
        self.driver.replaying = False

    def _effective(self, journal: list[JournalEvent]) -> Iterator[tuple[JournalEvent, list[JournalEvent]]]:
        """Cut a journal into feeds; what a retry took back is only checked, and what it drew is not drawn again."""
        gone = superseded(journal) if any(event.kind == events.RUN_RETRIED for event in journal) else frozenset()
        for fact, recorded in _feeds(journal):
            if fact.seq in gone:
                self._verify(fact, recorded)
                self.driver.skip(fact.drawn)
            else:
                yield fact, recorded

    def close(self) -> None:
        """Drop the machine without running any more of its code."""
        self.machine.end(Outcome())

    def _event(  # noqa: PLR0913, PLR0917 - the columns of a journal row
        self, kind: str, ref: int, target: str, payload: bytes, drawn: bytes, at: int
    ) -> JournalEvent:
        self.seq = seq = self.seq + 1
        event = sealed(self.checksum, self.salt, seq, kind, ref, target, payload, drawn, at)
        self.checksum = event.checksum
        self.size += len(payload)
        return event

    def _verify(self, fact: JournalEvent, recorded: list[JournalEvent]) -> None:
        for event in (fact, *recorded):
            self.seq += 1
            self.checksum = chain(self.checksum, event)
            if (
                event.seq != self.seq
                or event.checksum != self.checksum
                or event.digest != payload_digest(self.salt, event.payload)
            ):
                raise CorruptJournalError(self.seq)
            self.size += len(event.payload)

    def _apply(self, kind: str, ref: int, target: str, payload: bytes) -> None:
        if kind in _ANSWERS:
            self.driver.open.pop(ref, None)
        _APPLY[kind](self, ref, target, decode(payload))


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


def end_record(outcome: Outcome, *, cancel_asked: bool) -> tuple[str, bytes]:
    """Return the kind and payload of a run's last event; a result that may not leave the process is a failure."""
    failure = outcome.failure
    if failure is None:
        try:
            return events.RUN_COMPLETED, encode(outcome.value)
        except Error as error:
            failure = error.failure
    if failure.kind == CANCELED and cancel_asked:
        return events.RUN_CANCELLED, encode(failure)
    return events.RUN_FAILED, encode(failure)


def outcome_of(kind: str, payload: bytes) -> Outcome:
    """Return the outcome that a run's last event records."""
    value = decode(payload)
    return Outcome(value) if kind == events.RUN_COMPLETED else Outcome(failure=value)


def _feeds(journal: list[JournalEvent]) -> Iterator[tuple[JournalEvent, list[JournalEvent]]]:
    """Cut a journal into facts, each with the records it led to."""
    start = 0
    for index in range(1, len(journal) + 1):
        if index == len(journal) or journal[index].kind in events.FACTS:
            yield journal[start], journal[start + 1 : index]
            start = index


def _started(live: LiveRun, _ref: int, _target: str, payload: Any) -> None:
    live.started = live.driver.now()
    live.machine.start(tuple(payload["args"]))


def _completed(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    live.machine.settle(ref, Outcome(payload))


def _failed(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    live.machine.settle(ref, Outcome(failure=payload))


def _fired(live: LiveRun, ref: int, _target: str, _payload: Any) -> None:
    live.machine.fire(ref)


def _received(live: LiveRun, _ref: int, target: str, payload: Any) -> None:
    sender = payload[0]
    if sender.startswith(answering.HEAD) and not answering.arrived(live.driver, sender):
        return
    live.machine.deliver(Message(target, sender, tuple(payload[1])))


def _settled(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    value, failure = payload
    live.machine.settle(ref, Outcome(value, failure))


def _exited(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    if live.answers(Fact(events.PROCESS_EXITED, ref, "", b"", 0)):
        del live.driver.open[ref]
        result = payload["result"]
        live.machine.settle(ref, Outcome(result["value"], result["error"]))
    else:
        live.machine.event(payload)


def _cancelled(live: LiveRun, _ref: int, _target: str, payload: Any) -> None:
    live.cancel_asked = True
    live.machine.cancel(payload[0], payload[1])


def _retried(live: LiveRun, ref: int, _target: str, _payload: Any) -> None:
    live.machine.last_ref = max(live.machine.last_ref, ref)


_APPLY: Final = {
    events.RUN_RETRIED: _retried,
    events.RUN_STARTED: _started,
    events.FUNCTION_COMPLETED: _completed,
    events.FUNCTION_FAILED: _failed,
    events.TIMER_FIRED: _fired,
    events.MESSAGE_RECEIVED: _received,
    events.REQUEST_SETTLED: _settled,
    events.PROCESS_EXITED: _exited,
    events.CANCEL_REQUESTED: _cancelled,
}
_ANSWERS: Final = frozenset(
    {events.FUNCTION_COMPLETED, events.FUNCTION_FAILED, events.TIMER_FIRED, events.REQUEST_SETTLED}
)
