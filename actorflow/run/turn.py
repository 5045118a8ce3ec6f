"""What a store commits: starts, deliveries and turns, as values. A store applies them and decides nothing.

A batch is one database transaction. Each item is accepted or refused alone: a refused item writes nothing and does
not touch its neighbours. When a commit fails as a whole, nothing is known and everything must be read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from actorflow.run.document import PutDocument
from actorflow.run.event import JournalEvent
from actorflow.run.identity import REJECT, REUSE
from actorflow.run.taken import TakenBack

DEFAULT_QUEUE: Final = "default"
"""The queue of a run that names none."""
RELEASE: Final = 0
"""Request number of the timer that lets a run that waits to begin take its first steps."""
EXPIRY: Final = -1
"""Request number of the timer that ends a run whose time is over."""
NEVER: Final = 2**62
"""When a timer is due that something else has to set: a run that waits for its turn."""


@dataclass(slots=True)
class StartRun:
    """Create a run with its first journal event (`RunStarted`).

    Attributes:
        run_id: UUID text, chosen by the caller: starting twice with the same run_id is the same start.
        workflow_id: the identity among open runs of the store; one open run holds it at a time.
        entry: registry id of what it runs. host: registry id of the host it belongs to.
        bundle_hash: content hash of its source. bundle: the source's bytes, stored once per hash.
        events: the first journal events, `seq` from 1.
        at: Unix nanoseconds.
        parent: PID of the spawner, or "". parent_run: run number of a parent run in this store, or 0.
        parent_ref: the parent's request number. versions: what to record about third-party modules.
        on_conflict: what to do when an open run holds the workflow id (`run/identity.py`): `return_existing` answers
            that one and delivers `messages`, `skip` only answers it, `replace` ends it; anything else refuses.
        reuse: which ended runs of the workflow id refuse the start.
        messages: delivered with the start, whether it is new or existing.
        lease: fencing token of the node that starts it. state: the state its first events leave it in. The row begins
            with revision 1.
        documents: written with it, unless an existing run is the answer.
        strict: the system whose narrower table of states holds for the run (`run.view.STRICT`), or "".
        key: another workflow id that it waits for, and then holds too; or "". locks: lock keys (`run/lock.py`) that it
            waits for and then holds too. It gets all of these together, and its timer `RELEASE` is set when it does.
        ready: whether it stands in line for them at once; otherwise it does when it is released.
        timers: (ref, due). close: what happens to it when its parent ends. node: the node part of PIDs of the store.
        reason: why it does not go on yet. attributes: what it is found by.
        queue: the one that it is in: its host may serve some only. priority: who waits for what others hold gets it by
            this, higher first, then by arrival.
        joins: says who hears of the end of another run that is the answer in place of this one: written in the same
            commit, that run's id added to its value, a CBOR list. While it is there this start is not decided anew.
        near: it gets a number in one of these shards (`run/shard.py`), which its node owns; in any, if there are none.
    """

    run_id: str
    workflow_id: str
    entry: str
    host: str
    bundle_hash: str
    bundle: bytes
    events: list[JournalEvent]
    at: int
    parent: str = ""
    parent_run: int = 0
    parent_ref: int = 0
    on_conflict: str = REJECT
    reuse: str = REUSE
    messages: list[Delivery] = field(default_factory=list)
    lease: int = 0
    state: str = "running"
    documents: Sequence[PutDocument] = ()
    strict: str = ""
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    key: str = ""
    locks: Sequence[str] = ()
    ready: bool = True
    timers: Sequence[tuple[int, int]] = ()
    close: str = ""
    node: str = ""
    reason: str = ""
    attributes: Mapping[str, Any] | None = None
    joins: PutDocument | None = None
    near: Collection[int] = ()


@dataclass(slots=True)
class Delivery:
    """Put a fact from outside into a run's inbox, in order of arrival.

    Attributes:
        workflow_id: the open run to reach; ignored when `run` is given.
        run: run number, or 0.
        kind: the fact it will be, e.g. `MessageReceived`, `CancelRequested`, `ProcessExited`, `RequestSettled`.
        ref, target, sender, payload: as in the journal event it becomes; sender is a PID or "".
        otherwise: delivered to its run instead, by the same commit, when this one finds no open run.
        documents: written in the same commit; the delivery is refused when one of them is at another revision.
        parts: whether a child that gets it is not ended with its parent any more: it has been asked to stop by itself.
    """

    workflow_id: str
    kind: str
    target: str = ""
    sender: str = ""
    payload: bytes = b""
    at: int = 0
    run: int = 0
    ref: int = 0
    otherwise: Delivery | None = None
    documents: Sequence[PutDocument] = ()
    parts: bool = False


@dataclass(slots=True)
class CallRow:
    """What is kept of a call beside its journal event: only of one that waits for its next attempt, or told of itself.

    Attributes:
        ref: its request number. attempt: the number of the latest attempt that was begun or is waited for.
        due: when that is due (Unix nanoseconds). failure: CBOR of why the attempt before it failed, or empty.
        begun: when the attempt began, or was last heard of (Unix nanoseconds); 0 while it is waited for.
        details: CBOR of what an attempt last told with a heartbeat, or empty.
        crashes: how often its node died while it was being attempted.
    """

    ref: int
    attempt: int
    due: int
    failure: bytes = b""
    begun: int = 0
    details: bytes = b""
    crashes: int = 0


@dataclass(slots=True)
class StateChange:
    """A change of state worth keeping in the state history: created, paused, resumed, finished, ….

    Flips between running and waiting are not among them.
    """

    state: str
    at: int
    reason: str = ""
    by: str = ""


@dataclass
class Turn:
    """Everything one turn of one run changes, written atomically.

    Attributes:
        run: run number. revision: what the run row must hold now; it becomes `revision + 1`.
        lease: fencing token the run row must hold.
        events: journal events to append. state: the run's state after the turn.
        consumed: inbox rows (their ids) that the events came from: deleted.
        timers: (ref, due in Unix nanoseconds) to add. dropped_timers: refs to delete.
        calls: call rows to insert or replace. dropped_calls: refs to delete.
        starts: child runs to start in the same commit. deliveries: messages to other runs of the store.
        documents: written in the same commit. change: a row for the state history, or None.
        attributes: search attributes that are set, or with None removed.
        result: CBOR of the outcome when the run ended, else None. waits: CBOR list of reasons when paused, else empty.
        successor: the run that goes on under the same workflow id, of a run that continues as a new one: started once
            this one has ended. What waits in the inbox and may concern it goes over to it, in order.
    """

    run: int
    revision: int
    lease: int
    state: str
    events: list[JournalEvent] = field(default_factory=list)
    consumed: Sequence[int] = ()
    timers: Sequence[tuple[int, int]] = ()
    dropped_timers: Sequence[int] = ()
    calls: Sequence[CallRow] = ()
    dropped_calls: Sequence[int] = ()
    starts: Sequence[StartRun] = ()
    deliveries: Sequence[Delivery] = ()
    change: StateChange | None = None
    result: bytes | None = None
    waits: bytes = b""
    documents: Sequence[PutDocument] = ()
    successor: StartRun | None = None
    attributes: Mapping[str, Any] | None = None


@dataclass(slots=True)
class ChangeRun:
    """Change the state of a run from outside of its turns, by a verb of `run.state.VERBS`.

    It is decided by what the row holds when it is committed, needs no machine and no lease, and moves the revision: a
    turn under way loses. Whoever asks says in advance what would be written, for a store encodes nothing.

    Attributes:
        verb: what is asked. run: run number, or 0 for the open run that holds `workflow_id`.
        at: Unix nanoseconds. reason, by: for the state history.
        revision: what the run row must hold, or None for whatever it holds.
        waits: what is kept of a pause while it lasts: its reasons and circumstances, CBOR.
        end: payload of the last journal event if this ends the run, a CBOR failure. pid, exit: the run's PID and what
            a parent run is then told.
        asked: payload of `CancelRequested`.
        since: the first journal position that a retry or accept takes back. last_ref: the run's highest request number.
        timers: what is armed again. facts: what a retry, accept or resume puts into the inbox: it is not to be lost.
        consumed: inbox rows (their ids) that are taken out, for they are among the facts: in the order of arrival.
        calls: rows of calls that a pause or resume inserts or replaces. dropped_calls: those to delete, so that they
            begin with attempt 1.
        kept: CBOR of what stays of the data after a scrub, or None. drawn: (seq, digest in place of what was drawn).
        documents: written or deleted in the same commit.
        source: the content hash that a repin or accept pins to. bundle: its bytes, unless they are stored already.
        locks: the lock keys that the run held, and a retry takes again. taken: what an accept takes back beside events.
        served: for a release, host → the queues that it serves: runs of its other queues stay as they are (`queue`).
    """

    verb: str
    run: int = 0
    workflow_id: str = ""
    at: int = 0
    reason: str = ""
    by: str = ""
    revision: int | None = None
    waits: bytes = b""
    end: bytes = b""
    pid: str = ""
    exit: bytes = b""
    asked: bytes = b""
    since: int = 0
    last_ref: int = 0
    timers: list[tuple[int, int]] = field(default_factory=list)
    facts: list[Delivery] = field(default_factory=list)
    consumed: list[int] = field(default_factory=list)
    dropped_calls: list[int] = field(default_factory=list)
    calls: list[CallRow] = field(default_factory=list)
    kept: bytes | None = None
    drawn: list[tuple[int, bytes]] = field(default_factory=list)
    documents: Sequence[PutDocument] = ()
    source: str = ""
    bundle: bytes = b""
    locks: Sequence[str] = ()
    taken: TakenBack | None = None
    served: Mapping[str, Collection[str]] | None = None


@dataclass(slots=True)
class KeepCalls:
    """Store rows of calls of an open run, beside its turns: no machine is needed, and the revision stays.

    Attributes:
        run: run number. lease: fencing token the run row must hold. calls: the rows, inserted or replaced.
    """

    run: int
    lease: int
    calls: list[CallRow]


@dataclass(slots=True)
class Transact:
    """Do something in the database of the store and deliver what it comes to, `FunctionCompleted`, in one commit.

    Refused with `failed` when the work raises: nothing of it remains then; with `transaction` by a store that cannot.

    Attributes:
        run: run number. lease: fencing token the run row must hold. ref: the call it answers. at: Unix nanoseconds.
        work: gets a cursor of the transaction, on the writer's thread, and returns the payload of the delivery. It may
            be asked for again when a connection was lost: then nothing remains of what it did before.
        ready: done before the work, on the same thread, and not part of its time. limit: how long that is, in seconds.
        stop: ends the work from another thread when that is over; None: an exception is raised in its thread.
        target: as in the journal event that the delivery becomes.
        dropped: whether nobody wants it any more; it is not begun then.
        payload, error: what it came to, set by the store.
    """

    run: int
    lease: int
    ref: int
    at: int
    work: Callable[[Any], bytes]
    limit: float
    target: str = ""
    stop: Callable[[], object] | None = None
    ready: Callable[[], object] | None = None
    dropped: bool = False
    payload: bytes = b""
    error: BaseException | None = None


Item: TypeAlias = StartRun | Delivery | Turn | PutDocument | ChangeRun | KeepCalls | Transact


@dataclass(slots=True)
class Committed:
    """The answer to one item of a batch.

    Attributes:
        accepted: whether it was written.
        refusal: why not: `exists` (the workflow id is held), `reuse` (it has been used), `unknown` (no such open run),
            `revision`, `lease`, `journal` (its events do not follow), `document` (it is at another revision), `state`
            (the run does not take the verb in its state), `queue` (its host does not serve it), `parent` (its parent
            is open still), `failed`, `dropped`, `transaction` (see `Transact`).
        run: run number concerned, 0 when unknown. run_id: its run id.
        state: of a change: the state it left the run in; when refused, the state it found. Of a delivery: the state of
            the run that got it.
        existing: a start that found the run already there: the same run_id, or as its `on_conflict` says.
        inbox: ids of the inbox rows made, in order.
        starts, deliveries, documents: answers to the parts of a turn or start, in order. Their refusal does not refuse
            the turn; a refused delivery has the inbox row of its `otherwise`, if that was delivered.
        revision: of a document, what it is at now, 0 when there is none.
        successor: the answer to the start of a turn's successor, or None.
        touched: other runs that it ended, told something or let go on.
    """

    accepted: bool
    refusal: str = ""
    run: int = 0
    run_id: str = ""
    existing: bool = False
    state: str = ""
    inbox: Sequence[int] = ()
    starts: Sequence[Committed] = ()
    deliveries: Sequence[Committed] = ()
    documents: Sequence[Committed] = ()
    revision: int = 0
    successor: Committed | None = None
    touched: Sequence[Touched] = ()


class Touched(NamedTuple):
    """What an item did to a run that it is not about, or gave to the one that it is about.

    It `ended` it, put a `delivery` into its inbox as `row`, or gave it all that it has waited for, so that it begins
    when `released` (0: did not); `workflow_id` is then the id that it holds beside its own, or "".
    """

    run: int
    workflow_id: str
    host: str
    ended: bool = False
    row: int = 0
    delivery: Delivery | None = None
    released: int = 0


@dataclass(slots=True)
class RunRow:
    """A run as the store holds it. `result` is CBOR of the outcome once it ended; times are Unix nanoseconds."""

    run: int
    run_id: str
    workflow_id: str
    entry: str
    host: str
    bundle_hash: str
    state: str
    revision: int
    lease: int
    created: int
    updated: int
    parent: str
    parent_run: int
    parent_ref: int
    last_seq: int
    last_checksum: bytes
    reason: str = ""
    result: bytes | None = None
    waits: bytes = b""
    strict: str = ""
    queue: str = DEFAULT_QUEUE


@dataclass(slots=True)
class InboxRow:
    """A delivery that waits to be journaled by its run."""

    id: int
    kind: str
    ref: int
    target: str
    sender: str
    payload: bytes
    at: int


@dataclass(slots=True)
class OpenRun:
    """What a host needs to continue a run: its row, journal, inbox, timers and waiting calls."""

    row: RunRow
    events: list[JournalEvent]
    inbox: list[InboxRow]
    timers: list[tuple[int, int]]
    calls: list[CallRow]
