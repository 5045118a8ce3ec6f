"""The laws that hold for the durable runs of a store whatever happened to it, as one checker.

Run it over the store of an application after a test that killed, paused or restarted it: `violations(reader, ledger)`
reads everything and writes nothing. The laws:

* S1 what was acknowledged is there. S2 a journal has no gaps and a whole chain of checksums. S3 a request has at most
  one answer. S4 a journal replays on the source it is pinned to. S5 signals of one sender are taken in the order sent,
  each at most once. S6 a timer fires once, and not before it is due. S7 what has ended stays ended. S8 the end of a
  process is heard once.
* L1 an open run has a reason. L3 nothing is left of a run that has ended, but for messages that it did not read. L4 a
  bad run stops no other: all runs of the ledger have ended.
"""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from actorflow.app import languages as of_scripts
from actorflow.bundle import Bundle
from actorflow.codec import decode
from actorflow.errors import RESOURCE, Error, Failure
from actorflow.node.program import Language
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import JournalEvent, superseded
from actorflow.run.turn import InboxRow, OpenRun, RunRow, StateChange
from actorflow.store.port import Reader, RunFilter
from actorflow.store.verify import findings
from actorflow.store.view import why

_ALL: Final = 2**63 - 1
_CHECK_JOURNAL: Final = "hosts.workflow.checking:check_journal"
_ANSWERS: Final = frozenset({*events.RESULTS, events.TIMER_FIRED, events.REQUEST_SETTLED} - {events.PROCESS_EXITED})
_SCRUBBED: Final = frozenset({states.DELETE_REQUESTED, states.DATA_DELETED})
_UNDER_WAY: Final = frozenset({states.PENDING, states.RUNNING})


class Signal(NamedTuple):
    """A message that was acknowledged: whom it went to, its topic, payload and the PID of its sender ("": a client)."""

    workflow_id: str
    topic: str
    payload: Any
    sender: str = ""


@dataclass(frozen=True)
class Ledger:
    """What was seen from outside of the store.

    Attributes:
        starts: workflow ids whose start was acknowledged. ended: those that must have ended by now.
        signals: the messages that were acknowledged, each sender's in the order sent. A payload that was sent more
            than once because nobody knew whether it had arrived is there once, and may have arrived as often.
    """

    starts: Collection[str] = ()
    ended: Collection[str] = ()
    signals: Sequence[Signal] = ()


class Violation(NamedTuple):
    """A law that does not hold: its short name, the workflow id concerned, and what was found."""

    law: str
    run: str
    what: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.law}: {self.run}: {self.what}"


@dataclass(frozen=True)
class _Kept:
    """Everything of one run: as it is stored, and the part of its journal that no retry took back."""

    held: OpenRun
    history: list[StateChange]
    journal: list[JournalEvent]
    findings: list[str]

    @property
    def row(self) -> RunRow:
        return self.held.row


def violations(
    reader: Reader,
    ledger: Ledger | None = None,
    *,
    quiet: bool = True,
    languages: Mapping[str, Language] | None = None,
) -> list[Violation]:
    """Return what does not hold, nothing when all is well.

    Args:
        reader: of the store; everything is read at one moment.
        ledger: what was seen from outside, for S1, S5 and L4.
        quiet: whether nothing is under way: no node serves the store, or it has come to rest. A run that is about to
            take a turn has lost its wake-up then.
        languages: what compiles the scripts, by the last part of their kinds; Lua and Python where nothing is given.

    Raises:
        Error: when the store cannot be read.
    """

    def read(snapshot: Reader) -> list[Violation]:
        replays = _Replays(snapshot, languages or of_scripts())
        return [*_of_store(snapshot, replays, ledger or Ledger(), quiet=quiet)]

    found: list[Violation] = reader.snapshot(read)
    return found


def _of_store(reader: Reader, replays: _Replays, ledger: Ledger, *, quiet: bool) -> Iterator[Violation]:
    runs = [_kept(reader, row) for row in reversed(reader.runs(RunFilter(), _ALL))]
    for run in runs:
        for law, check in _LAWS.items():
            yield from (Violation(law, run.row.workflow_id, what) for what in check(run))
        yield from (Violation("S4", run.row.workflow_id, what) for what in replays.check(run))
        yield from (Violation("L1", run.row.workflow_id, what) for what in _reasonless(reader, run, quiet=quiet))
    yield from _outside(runs, ledger)


def _kept(reader: Reader, row: RunRow) -> _Kept:
    held = replace(reader.load(row.run), events=reader.journal(row.run, limit=_ALL))
    gone = superseded(held.events)
    journal = [event for event in held.events if event.seq not in gone]
    holder = reader.find(row.workflow_id)
    held_by = holder.run if holder is not None and holder.state in states.OPEN else 0
    history = reader.history(row.run)
    has_source = reader.bundle(row.bundle_hash) is not None
    faults = [finding.what for finding in findings(held, history, holder=held_by, has_source=has_source)]
    return _Kept(held, history, journal, faults)


# ---- one run -------------------------------------------------------------------------------------------------------


def _whole(run: _Kept) -> Iterator[str]:
    yield from run.findings
    yield from _begins_once(run)


def _answered_once(run: _Kept) -> Iterator[str]:
    counts = Counter(event.ref for event in run.journal if event.kind in _ANSWERS)
    yield from (f"request {ref} was answered {count} times" for ref, count in counts.items() if count > 1)


def _begins_once(run: _Kept) -> Iterator[str]:
    for kind in (events.RUN_STARTED, events.RUN_RELEASED):
        if (count := sum(event.kind == kind for event in run.journal)) > 1:
            yield f"{kind} is in its journal {count} times"


def _timers(run: _Kept) -> Iterator[str]:
    begun: dict[int, int] = {}
    for event in run.journal:
        if event.kind == events.TIMER_STARTED and event.payload:
            begun[event.ref] = event.at + int(decode(event.payload))
        elif event.kind == events.TIMER_FIRED and event.at < begun.get(event.ref, 0):
            yield f"timer {event.ref} was due at {begun[event.ref]} and fired at {event.at}"


def _stays_ended(run: _Kept) -> Iterator[str]:
    ends = [event for event in run.journal if event.kind in events.ENDS]
    if len(ends) > 1:
        yield f"it ended {len(ends)} times: {', '.join(event.kind for event in ends)}"
    after = [event.kind for event in run.journal if ends and event.seq > ends[0].seq]
    yield from (f"{kind} follows its end" for kind in after if kind not in {*events.ENDS, events.RESULT_SUPERSEDED})
    if bool(ends) != (run.row.state in states.TERMINAL):
        yield f"it is {run.row.state}, and its journal {'has' if ends else 'has no'} end"
    for old, new in pairwise(change.state for change in run.history):
        if old in states.TERMINAL and new not in states.TRANSITIONS[old]:
            yield f"it was {old}, and then {new}"


def _exits_once(run: _Kept) -> Iterator[str]:
    exits = Counter(_from(event) for event in run.journal if event.kind == events.PROCESS_EXITED and event.payload)
    yield from (f"it heard {count} times of the end of {pid}" for pid, count in exits.items() if count > 1)


def _from(event: JournalEvent) -> str:
    payload: Any = decode(event.payload)
    return str(payload["from"])


def _nothing_left(run: _Kept) -> Iterator[str]:
    """Check L3; what was told a run before its end and not read stays with it, for a retry reads that."""
    if run.row.state in states.TERMINAL:
        left = (row.kind for row in run.held.inbox if row.kind not in events.CARRIED)
        yield from (f"{kind} is left in its inbox" for kind in left)
        yield from (f"timer {ref} is left" for ref, _due in run.held.timers)
        yield from (f"call {call.ref} is left" for call in run.held.calls)


_LAWS: Final[Mapping[str, Callable[[_Kept], Iterator[str]]]] = {
    "S2": _whole,
    "S3": _answered_once,
    "S6": _timers,
    "S7": _stays_ended,
    "S8": _exits_once,
    "L3": _nothing_left,
}


def _reasonless(reader: Reader, run: _Kept, *, quiet: bool) -> Iterator[str]:
    row = run.row
    if row.state in states.TERMINAL:
        return
    if quiet and row.state in _UNDER_WAY:
        yield f"it is {row.state}, and nothing is under way for it"
    elif not why(reader, row.run_id, served=True)["reasons"]:
        yield f"it is {row.state} without a reason"


class _Replays:
    """Replays journals on the sources they are pinned to."""

    def __init__(self, reader: Reader, compilers: Mapping[str, Language]) -> None:
        self._reader = reader
        self._check = pkgutil.resolve_name(_CHECK_JOURNAL)
        self._compilers = compilers

    def check(self, run: _Kept) -> Iterator[str]:
        data = self._reader.bundle(run.row.bundle_hash)
        if data is None or run.row.state in _SCRUBBED or not run.held.events or not run.held.events[0].payload:
            return
        bundle, journal = Bundle.from_bytes(data), _repeatable(run.held.events)
        if not journal:
            return
        try:
            program = self._compilers[bundle.language].compile(bundle, durable=True)
            verdict = self._check(journal, bundle, program, run.row.host)
        except Error as error:
            yield f"its journal cannot be replayed: {error.message}"
            return
        if not verdict.is_safe:
            yield f"its journal does not replay at event {verdict.step}: {verdict.reason or verdict.report}"


def _repeatable(journal: list[JournalEvent]) -> list[JournalEvent]:
    """Return a journal without the step that ended its run for what it used: a replay would not end by itself."""
    end = next((event for event in journal if event.kind == events.RUN_FAILED and event.payload), None)
    failure = decode(end.payload) if end is not None else None
    if not isinstance(failure, Failure) or failure.kind != RESOURCE:
        return journal
    last = max(place for place, event in enumerate(journal) if event.kind in events.FACTS)
    return journal[:last]


# ---- many runs -----------------------------------------------------------------------------------------------------


def _outside(runs: list[_Kept], ledger: Ledger) -> Iterator[Violation]:
    known = {run.row.workflow_id: run for run in runs}  # the newest of each id
    for workflow_id in ledger.starts:
        if workflow_id not in known:
            yield Violation("S1", workflow_id, "its start was acknowledged, and it is not there")
    for workflow_id in ledger.ended:
        state = known[workflow_id].row.state if workflow_id in known else "gone"
        if state not in states.TERMINAL:
            yield Violation("L4", workflow_id, f"it is {state}, expected to have ended")
    for key in dict.fromkeys((signal.workflow_id, signal.topic, signal.sender) for signal in ledger.signals):
        sent = [signal.payload for signal in ledger.signals if (signal.workflow_id, signal.topic, signal.sender) == key]
        yield from _signals(key, sent, [run for run in runs if run.row.workflow_id == key[0]])


def _signals(key: tuple[str, str, str], sent: list[Any], runs: list[_Kept]) -> Iterator[Violation]:
    """Check S1 and S5 for the messages of one sender to one topic of the runs of one workflow id."""
    workflow_id, topic, sender = key
    if any(run.row.state in _SCRUBBED for run in runs):
        return
    arrived = [list(dict.fromkeys(map(repr, _taken(run, topic, sender)))) for run in runs]
    seen = {payload for payloads in arrived for payload in payloads}
    for payload in sent:
        if repr(payload) not in seen:
            yield Violation("S1", workflow_id, f"message {topic} {payload!r:.80} was acknowledged and never arrived")
    order = {repr(payload): place for place, payload in enumerate(sent)}
    for payloads in arrived:
        places = [order[payload] for payload in payloads if payload in order]
        if places != sorted(places):
            yield Violation("S5", workflow_id, f"messages {topic} arrived in the order {payloads}, sent were {sent}")


def _taken(run: _Kept, topic: str, sender: str) -> Iterator[Any]:
    """Iterate the payloads that arrived, those that wait in the inbox last."""
    started: Any = decode(run.held.events[0].payload) if run.held.events and run.held.events[0].payload else {}
    for name, who, payloads in started.get("unread", ()):
        if (name, who) == (topic, sender):
            yield payloads[0] if payloads else None
    rows: list[JournalEvent | InboxRow] = [*run.journal, *run.held.inbox]
    for row in rows:
        if row.kind != events.MESSAGE_RECEIVED:
            continue
        who, payloads = decode(row.payload)
        if (row.target, who) == (topic, sender):
            yield payloads[0] if payloads else None
