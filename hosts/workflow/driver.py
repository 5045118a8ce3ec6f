"""The journaling driver: turns what a script asks into journal records, and on replay holds it to the recorded ones.

It performs nothing. Records collect in `records`; the engine commits them and only then does what they say. Time is
the recorded time of the fact being fed, random bytes are recorded with that fact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from actorflow.codec import decode, encode, encode_pair
from actorflow.errors import invalid
from actorflow.ports import PENDING, Answer, Identity, SpawnRequest
from actorflow.run import event as events
from actorflow.run.draw import DrawStream
from actorflow.run.event import JournalEvent, payload_digest
from hosts.workflow import answering
from hosts.workflow.operation import RECORDED, refused
from hosts.workflow.own.table import OWN
from hosts.workflow.spawned import spawn_payload
from hosts.workflow.stopping import asked_to_stop
from hosts.workflow.storable import check_recorded, check_target

if TYPE_CHECKING:
    from actorflow.lane import Lane, Work
    from actorflow.notice import Notice
    from actorflow.value import Limits, Value
    from hosts.workflow.live import LiveRun
    from hosts.workflow.own.continuing import Continuation

_UNDRAWN: Final = frozenset({"permit"})
"""What is among the draws of a feed and does not come from the stream: verdicts of the guard."""
_CONTROLLED_HERE: Final = frozenset({"cancel", "terminate"})


_DOCUMENTED: Final = frozenset({events.APPROVAL_ASKED, events.STATE_AWAITED})
"""Requests that a document of the store stands for."""
_WITHDRAWN: Final = _DOCUMENTED | {events.PROCESS_SPAWNED}
"""Requests that somebody is told of when they are given up."""


class Record(NamedTuple):
    """What the script asked, on its way to the journal."""

    kind: str
    ref: int
    target: str
    payload: bytes


class Divergence(Exception):
    """The script asked something else than the journal recorded.

    Attributes:
        recorded: the journal's record, None when it has none there.
        asked: what the script asked, None when it asked nothing more.
        began: the content hash of the source that the run began with, "" where nobody needs it.
    """

    def __init__(self, recorded: JournalEvent | None, asked: Record | None) -> None:
        """Remember both sides."""
        super().__init__("the script and its journal differ")
        self.recorded = recorded
        self.asked = asked
        self.began = ""


class Operator(NamedTuple):
    """Where a run's log lines and notices go; `startable` raises `Error` for an entry that could not be started."""

    note: Callable[[str, str, str, Mapping[str, Any]], None]
    notice: Callable[[Notice], None]
    startable: Callable[[str], None]


class JournalDriver:
    """The driver of one durable run (`ports.Driver`).

    Attributes:
        records: what the script asked in the current feed, live only.
        open: request number → record, for every request that has no answer yet.
        drawn: what the current feed drew, `[kind, bytes]` each.
        replaying: whether facts come from the journal.
        approvals: name → how often it was asked for; None when none was. withdrawn: requests given up that somebody is
            told of.
        updates: id → what was last said of it, for every update that has come; None when none has. asked_for: the names
            of those that have come to this run and were not answered.
        continuation: what the run continues as new with, None while it does not.
        described: attributes that the script has set and no commit holds yet, None for none. position, size: of the
            fact being fed in the journal, and of the payloads before it.
        stopping: calls that were asked to stop, None for none.
        who: who the run is, without the length of its history. live: the run, None once it is dropped.
        versions: what `workflow.version` answered, by change.
    """

    __slots__ = (
        "_collecting",
        "_expected",
        "_now",
        "_recorded_draws",
        "_salt",
        "_stream",
        "approvals",
        "asked_for",
        "continuation",
        "described",
        "drawn",
        "limits",
        "live",
        "open",
        "operator",
        "position",
        "records",
        "replaying",
        "size",
        "stopping",
        "tokens",
        "updates",
        "versions",
        "who",
        "withdrawn",
    )

    def __init__(self, identity: Identity, run_id: str, seed: bytes, limits: Limits, operator: Operator) -> None:
        """Make the driver of a run that has done nothing yet."""
        self.who = identity
        self._salt = run_id.encode()
        self._stream = DrawStream(seed)
        self.limits = limits
        self.operator = operator
        self.continuation: Continuation | None = None
        self.live: LiveRun | None = None
        self.versions: dict[str, int] | None = None
        self.described: dict[str, Any] | None = None
        self.position = 1
        self.size = 0
        self._now = 0
        self._collecting = False
        self._expected: list[JournalEvent] = []
        self._recorded_draws: list[list[Any]] = []
        self.records: list[Record] = []
        self.open: dict[int, Record] = {}
        self.drawn: list[list[Any]] = []
        self.replaying = False
        self.approvals: dict[str, int] | None = None
        self.withdrawn: list[Record] | None = None
        self.updates: dict[str, str] | None = None
        self.asked_for: dict[str, str] | None = None
        self.stopping: set[int] | None = None
        self.tokens: dict[str, list[dict[str, Any]]] | None = None

    # ---- feeding -----------------------------------------------------------------------------------------------

    def begin(self, at: int) -> None:
        """Begin the feed of a live fact that happened at `at` (Unix nanoseconds); time never goes back."""
        self._now = max(self._now, at)
        self.replaying = False
        self.records = []
        self.drawn = []

    def begin_replay(self, fact: JournalEvent, recorded: list[JournalEvent]) -> None:
        """Begin the feed of a recorded fact, which must lead to exactly the `recorded` events."""
        self._now = max(self._now, fact.at)
        self.replaying = True
        self._collecting = False
        self._expected = recorded[::-1]
        self._recorded_draws = decode(fact.drawn)[::-1] if fact.drawn else []

    def begin_again(self, fact: JournalEvent, recorded: list[JournalEvent]) -> None:
        """Begin the feed of a recorded fact of which no more than these records were committed: collect the rest."""
        self.begin_replay(fact, recorded)
        self._collecting = True
        self.records = []

    def skip(self, drawn: bytes) -> None:
        """Pass over what a feed drew that a retry took back: nothing of it is drawn again."""
        for kind, data in decode(drawn) if drawn else ():
            if kind not in _UNDRAWN:
                self._stream.skip(len(data))

    def end_replay(self) -> None:
        """Check that the feed asked everything the journal has.

        Raises:
            Divergence: when it asked less.
        """
        if self._expected:
            raise Divergence(self._expected[-1], None)
        if self._recorded_draws:
            raise Divergence(None, None)

    # ---- what the operations of `own` are made of --------------------------------------------------------------

    def mark(self, kind: str, ref: int, target: str, payload: Value) -> None:
        """Record something that nobody answers; a replay must come to the same."""
        self._record(kind, ref, target, payload, opens=False)

    def unmark(self, kind: str, ref: int) -> bool:
        """Take back the newest record, which is not committed yet; tell whether it was this one."""
        if self.replaying and not self._collecting:
            return False
        if not self.records or self.records[-1][:2] != (kind, ref):
            return False
        self.records.pop()
        return True

    @property
    def draws(self) -> int:
        """How much of the run's randomness was drawn; the same on every replay."""
        return self._stream.count

    def ask(self, kind: str, ref: int, target: str, payload: Value) -> Answer:
        """Record a request that a later fact with its number answers, and return `PENDING`."""
        self._record(kind, ref, target, payload)
        return PENDING

    @property
    def repeats(self) -> bool:
        """Whether what the script asks now is in the journal already."""
        return self.replaying and not self._collecting

    def diverge(self, kind: str, ref: int, target: str, payload: bytes) -> NoReturn:
        """Stop a replay: the journal's next record cannot be what the script asks.

        Raises:
            Divergence: always.
        """
        raise Divergence(self.next_recorded(), Record(kind, ref, target, payload))

    def next_recorded(self) -> JournalEvent | None:
        """Return the record that the journal has next, on replay; None when it has no more here, or when live."""
        return self._expected[-1] if self.replaying and not self._collecting and self._expected else None

    def _record(self, kind: str, ref: int, target: str, payload: Value, *, opens: bool = True) -> None:
        if not target.isprintable():
            check_recorded(self, kind, target, target)
        self._keep(kind, ref, target, encode(payload, self.limits), opens=opens)

    def _keep(self, kind: str, ref: int, target: str, data: bytes, *, opens: bool = True) -> None:
        record = Record(kind, ref, target, data)
        if self.replaying and (self._expected or not self._collecting):
            self._match(record)
        else:
            self.records.append(record)
        if opens:
            self.open[ref] = record

    def _match(self, record: Record) -> None:
        recorded = self._expected.pop() if self._expected else None
        if (
            recorded is None
            or recorded.kind != record.kind
            or recorded.ref != record.ref
            or recorded.target != record.target
            or not (recorded.payload == record.payload or self._is_like(recorded, record))
        ):
            raise Divergence(recorded, record)

    def _is_like(self, recorded: JournalEvent, record: Record) -> bool:
        """Tell whether a record has the recorded digest: the payload itself may be kept elsewhere, or be gone."""
        return recorded.digest == payload_digest(self._salt, record.payload)

    # ---- what the machine asks (ports.Driver) ------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Who the run is."""
        facts: dict[str, Any] = self.who.workflow  # type: ignore[assignment] # made for this run alone
        facts["history_length"], facts["history_size"] = self.position, self.size
        return self.who

    def now(self) -> int:
        """Return the recorded time of the fact being fed."""
        return self._now

    def draw(self, kind: str, size: int) -> bytes:
        """Return recorded random bytes.

        Raises:
            Divergence: when the journal has another kind or size of draw here.
        """
        if self.replaying:
            self._stream.skip(size)
            drawn: list[Any] = self._recorded_draws.pop() if self._recorded_draws else ["nothing", b""]
            if drawn[0] != kind or len(drawn[1]) != size:
                asked = Record(f"draw of {kind}", 0, "", b"")
                raise Divergence(None, asked)
            data: bytes = drawn[1]
            return data
        data = self._stream.take(size)
        self.drawn.append([kind, data])
        return data

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Answer:
        """Record a function call."""
        plain = type(target) is str and ":" in target and target[0] != ":" and target[-1] != ":"
        if not plain or not target.isprintable():
            check_target(self, events.FUNCTION_CALLED, target)
        said = encode_pair(list(args), dict(options), self.limits)
        self._keep(events.FUNCTION_CALLED, ref, target, said)
        return PENDING

    def timer(self, ref: int, delay: int) -> None:
        """Record a timer; it is due `delay` nanoseconds after the fact being fed."""
        self._record(events.TIMER_STARTED, ref, "", delay)

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Answer:
        """Record the start of a child run."""
        for topic, _ in request.messages:
            check_recorded(self, events.PROCESS_SPAWNED, request.entry, topic)
        self._record(events.PROCESS_SPAWNED, ref, request.entry, spawn_payload(request, wait=wait))
        return PENDING

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Answer:
        """Record a message, or what is said to an update."""
        if type(dest) is str and dest.startswith(answering.HEAD):
            return answering.answered(self, ref, dest, topic, payloads)
        check_recorded(self, events.MESSAGE_SENT, dest, topic)
        self._record(events.MESSAGE_SENT, ref, dest, [topic, list(payloads)])
        return PENDING

    def post(self, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:  # noqa: ARG002 - the port's
        """Send nothing: every message of a durable run is journaled first."""
        return False

    def away(self, lane: Lane, work: Work) -> bool:  # noqa: ARG002 - the port's
        """Compute nothing elsewhere: a turn is one step."""
        return False

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Answer:
        """Record a cancel or terminate of another process; monitors and links are refused."""
        if verb not in _CONTROLLED_HERE:
            message = f"process.{verb} is not supported in workflow context; children are monitored automatically"
            raise invalid(message)
        self._record(events.PROCESS_CONTROLLED, ref, target, [verb, detail])
        return PENDING

    def name(self, ref: int, verb: str, name: str, pid: str) -> Answer:
        """Record a use of the name registry."""
        self._record(events.NAME_USED, ref, name, [verb, pid])
        return PENDING

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Answer:
        """Serve an operation of durable runs, or record one of the node that may be recorded; refuse any other."""
        own = OWN.get(operation)
        if own is not None:
            return own(self, ref, args)
        if operation not in RECORDED:
            raise refused(operation)
        self._record(events.OPERATION_PERFORMED, ref, operation, [list(args), {}])
        return PENDING

    def cancel(self, ref: int) -> bool:
        """Record that the script gave up a request; True when that is a call whose end it waits for."""
        if asked_to_stop(self, ref):
            return True
        record = self.open.pop(ref, None)
        if record is not None:
            if record.kind in _WITHDRAWN:
                self.withdrawn = [*(self.withdrawn or ()), record]
            self._record(events.REQUEST_DROPPED, ref, "", None, opens=False)
        return False

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Write a log line, once: not again on replay."""
        if not self.replaying:
            self.operator.note(self.who.pid, level, text, fields)

    def notice(self, notice: Notice) -> None:
        """Pass a notice on, once: not again on replay."""
        if not self.replaying:
            self.operator.notice(notice)
