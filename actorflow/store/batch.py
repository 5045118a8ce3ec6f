"""What a batch may touch and what it comes to: the rows to look up, what is known of them, and the rows to write.

A store looks up what `needs` says, hands it to `plan` as `Known` and applies the `Writes` it gets back. Pure; nothing
here decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.event import JournalEvent
from actorflow.run.identity import REUSE
from actorflow.run.last_turn import LastTurn
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.shard import shard_of
from actorflow.run.state import OPEN, TERMINAL
from actorflow.run.turn import (
    DEFAULT_QUEUE,
    CallRow,
    ChangeRun,
    Delivery,
    Item,
    KeepCalls,
    StartRun,
    StateChange,
    Transact,
    Turn,
)


@dataclass(slots=True)
class Head:
    """The part of a run row that batches compare or change."""

    run: int
    run_id: str
    workflow_id: str
    host: str
    state: str
    revision: int
    lease: int
    updated: int
    last_seq: int
    last_checksum: bytes
    reason: str
    result: bytes | None = None
    waits: bytes = b""
    parent_run: int = 0
    parent_ref: int = 0
    strict: str = ""
    queue: str = DEFAULT_QUEUE


@dataclass(slots=True)
class Needs:
    """What must be looked up before a batch can be decided; `changes`: whether runs are changed from outside."""

    runs: set[int] = field(default_factory=set)
    run_ids: set[str] = field(default_factory=set)
    workflow_ids: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    documents: set[tuple[str, str]] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)
    inbox: bool = False
    changes: bool = False
    chains: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Known:
    """What the store holds of the needs.

    Attributes:
        runs: by run number, also those that hold a workflow id of the needs.
        run_ids: run id → run number. holders: workflow id → run number of the open run.
        leases: host → last token. tokens: host → shard → last token, of hosts that nodes share.
        hashes: sources that are stored. documents: (kind, key) → revision.
        chains: run → the first run of its chain, of runs that others continued as; a run that is missing is the first.
        newest: workflow id → state of its newest run, of those whose start asks for it.
        departed: workflow ids of runs that were open when they moved to another store, of those that are to start.
        children: run → (run, policy) of its open children, of the runs that may end with the batch.
        keys: run → the ids and lock keys it waits for, or holds beside its own. queues: id or lock key → the first runs
            that want it or hold it, in order. ready: runs that stand in line. Of the runs that may come to wait or to
            hold with the batch, or cease to. priorities: run → its own, of those that have another than 0.
        next_run, next_inbox: the first numbers never used; only valid when `numbered`.
    """

    runs: dict[int, Head] = field(default_factory=dict)
    run_ids: dict[str, int] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, Mapping[int, int]] = field(default_factory=dict)
    hashes: set[str] = field(default_factory=set)
    documents: dict[tuple[str, str], int] = field(default_factory=dict)
    chains: dict[int, int] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    departed: set[str] = field(default_factory=set)
    children: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    keys: dict[int, Sequence[str]] = field(default_factory=dict)
    queues: dict[str, list[int]] = field(default_factory=dict)
    ready: set[int] = field(default_factory=set)
    priorities: dict[int, int] = field(default_factory=dict)
    next_run: int = 1
    next_inbox: int = 1
    numbered: bool = False

    def token(self, host: str, run: int, otherwise: int) -> int:
        """Return the token of a run that is opened at a host; `otherwise` when nobody has ever owned that."""
        shards = self.tokens.get(host)
        return shards[shard_of(run)] if shards else self.leases.get(host, otherwise)


class Kept:
    """What a store still knows from its last commits: true as long as nobody else has written meanwhile.

    Turns then need no look-up of their runs. Whoever keeps it forgets all when a transaction fails.
    """

    _MOST: Final = 10_000

    def __init__(self) -> None:
        """Know nothing."""
        self.forget()

    def forget(self) -> None:
        """Know nothing any more."""
        self.heads: dict[int, Head] = {}
        self.leases: dict[str, int] = {}
        self.tokens: dict[str, Mapping[int, int]] = {}
        self.hashes: set[str] = set()
        self.numbers: tuple[int, int] | None = None
        self.has_children: bool | None = None
        self.has_queued: bool | None = None
        self.has_departed: bool | None = None
        self.version: object = None

    def learn(self, known: Known, writes: Writes, own: Mapping[str, Collection[int]] | None = None) -> None:
        """Remember what a batch that is committed has left: the heads of its open runs, and what starts look up.

        With `own` (host → tokens), only the heads of runs that carry one of these: the others change without notice.
        """
        self.has_children = self.has_children or (True if writes.kin else self.has_children)
        self.has_queued = self.has_queued or (True if writes.queued else self.has_queued)
        if len(self.heads) > self._MOST or len(self.hashes) > self._MOST:
            version = self.version
            self.forget()
            self.version = version
        for run, head in known.runs.items():
            if head.state in OPEN and (own is None or head.lease in own.get(head.host, ())):
                self.heads[run] = head
            else:
                self.heads.pop(run, None)
        self.leases.update(known.leases)
        self.tokens.update(known.tokens)
        self.hashes |= known.hashes
        if known.numbered:
            self.numbers = (known.next_run, known.next_inbox)


class Writes:
    """The rows a batch writes. Apply deletions before insertions, except `consumed`, which comes last.

    Attributes:
        started: run number → its start and its row after the batch. changed: rows of older runs after the batch.
        repinned: run → the source it is pinned to from now on.
        closed: workflow ids set free. opened: workflow id → its holder.
        ended: runs whose timers and calls go. timers: run → ref → (host, due). calls: run → ref → (host, row).
        inbox: (id, run, delivery). consumed: (run, id). documents: (kind, key) → its row, None when it is deleted.
        fenced: run → the token that it gets with a retry.
        scrubbed: runs whose payloads go, with (seq, digest in place of what was drawn). purged: runs that go whole.
        continued: (run, the one it continues, the first of the chain). What remains of the previous one's inbox goes
            over, the kinds of `CARRIED` without their request numbers; the rest is deleted. After `consumed`.
        kin: child → (parent, policy). handed_over: (new parent, old parent). orphaned: children no more.
        queued: run → (ids and lock keys, host, ready, priority) that it waits for, or holds beside its own.
            unqueued: those that have ended. stands: those that stand in line from now on.
        attributes: run → name → value.
        blobs: (run, digest, value) of large values, which the vault keeps apart.
    """

    def __init__(self, sources: dict[str, bytes] | None = None) -> None:
        """Write nothing yet, but these sources; written out, for a generated one calls a function for each field."""
        self.started: dict[int, tuple[StartRun, Head]] = {}
        self.changed: dict[int, Head] = {}
        self.closed: set[str] = set()
        self.opened: dict[str, Head] = {}
        self.journal: list[tuple[int, JournalEvent]] = []
        self.ended: set[int] = set()
        self.dropped_timers: list[tuple[int, int]] = []
        self.timers: dict[int, dict[int, tuple[str, int]]] = {}
        self.dropped_calls: list[tuple[int, int]] = []
        self.calls: dict[int, dict[int, tuple[str, CallRow]]] = {}
        self.inbox: list[tuple[int, int, Delivery]] = []
        self.consumed: list[tuple[int, int]] = []
        self.history: list[tuple[int, StateChange]] = []
        self.sources: dict[str, bytes] = sources or {}
        self.continued: list[tuple[int, int, int]] = []
        self.documents: dict[tuple[str, str], DocumentRow | None] = {}
        self.fenced: dict[int, int] = {}
        self.scrubbed: dict[int, list[tuple[int, bytes]]] = {}
        self.purged: set[int] = set()
        self.repinned: dict[int, str] = {}
        self.kin: dict[int, tuple[int, str]] = {}
        self.handed_over: list[tuple[int, int]] = []
        self.orphaned: set[int] = set()
        self.queued: dict[int, tuple[Sequence[str], str, bool, int]] = {}
        self.stands: set[int] = set()
        self.unqueued: set[int] = set()
        self.attributes: dict[int, dict[str, Any]] = {}
        self.blobs: list[tuple[int, bytes, bytes]] = []


def of_steps(batch: Sequence[Item], heads: Mapping[int, Head]) -> dict[int, Head] | None:
    """Return the heads of the runs of a batch that needs nothing else: plain turns of runs that are known to be open.

    None for any other. Most batches of a busy node are others; a lone step is half as much work for it.
    """
    found: dict[int, Head] = {}
    for item in batch:
        if type(item) is PlainTurn and item.run in heads:
            found[item.run] = heads[item.run]
            continue
        if not isinstance(item, Turn) or item.state in TERMINAL or item.run not in heads:
            return None
        if item.starts or item.deliveries or item.documents or item.successor is not None:
            return None
        found[item.run] = heads[item.run]
    return found


def needs(batch: Sequence[Item]) -> Needs:
    """Return what must be known to decide a batch; `reopened` may add to it.

    Raises:
        ValueError: when an id holds a NUL character, which not every database can store or compare.
    """
    wanted = Needs()
    for item in batch:
        if type(item) is PlainTurn or type(item) is LastTurn:
            wanted.runs.add(item.run)
        elif isinstance(item, Turn):
            wanted.runs.add(item.run)
            for part in item.starts:
                _start_needs(part, wanted)
            for delivery in item.deliveries:
                _delivery_needs(delivery, wanted)
            if item.successor is not None:
                _start_needs(item.successor, wanted)
                wanted.chains.add(item.run)
            for document in item.documents:
                _document_needs(document, wanted)
        elif isinstance(item, StartRun):
            _start_needs(item, wanted)
        else:
            _other_needs(item, wanted)
    return wanted


def _other_needs(item: Delivery | PutDocument | ChangeRun | KeepCalls | Transact, wanted: Needs) -> None:
    if isinstance(item, PutDocument):
        _document_needs(item, wanted)
    elif isinstance(item, KeepCalls | Transact):
        wanted.runs.add(item.run)
        wanted.inbox = wanted.inbox or isinstance(item, Transact)
    else:
        _delivery_needs(item, wanted)
        if isinstance(item, ChangeRun):
            wanted.changes = True
            if item.source:
                wanted.hashes.add(_identity(item.source))
        for document in item.documents:
            _document_needs(document, wanted)


def _start_needs(start: StartRun, wanted: Needs) -> None:
    wanted.run_ids.add(_identity(start.run_id))
    wanted.workflow_ids.add(_identity(start.workflow_id))
    wanted.hosts.add(start.host)
    wanted.hashes.add(start.bundle_hash)
    if start.parent_run:
        wanted.runs.add(start.parent_run)  # it is told of the end, which may be in this batch
    wanted.inbox = wanted.inbox or bool(start.messages)
    if start.reuse != REUSE:
        wanted.reused.add(start.workflow_id)
    if start.key:
        wanted.workflow_ids.add(_identity(start.key))
    if start.locks:
        wanted.workflow_ids.update(map(_identity, start.locks))
    for document in start.documents:
        _document_needs(document, wanted)
    if start.joins is not None:
        _document_needs(start.joins, wanted)


def _delivery_needs(delivery: Delivery | ChangeRun, wanted: Needs) -> None:
    wanted.inbox = True
    if isinstance(delivery, ChangeRun) and delivery.locks:
        wanted.workflow_ids.update(map(_identity, delivery.locks))
    if delivery.run:
        wanted.runs.add(delivery.run)
    else:
        wanted.workflow_ids.add(_identity(delivery.workflow_id))


def _document_needs(document: PutDocument, wanted: Needs) -> None:
    wanted.documents.add((_identity(document.kind), _identity(document.key)))


def _identity(text: str) -> str:
    if "\0" in text:
        raise ValueError(f"the id {text!r} holds a NUL character; expected text without one")
    return text


def reopened(batch: Sequence[Item], heads: dict[int, Head]) -> set[str]:
    """Return the workflow ids of ended runs that the batch may open again: their holders must be known too."""
    openers = (item.run for item in batch if _opens(item))
    return {heads[run].workflow_id for run in openers if run in heads and heads[run].state in TERMINAL}


def _opens(item: Item) -> TypeGuard[Turn | ChangeRun]:
    return item.state in OPEN if isinstance(item, Turn) else isinstance(item, ChangeRun) and item.verb == "retry"


def retried(batch: Sequence[Item], heads: dict[int, Head]) -> set[str]:
    """Return the hosts of runs that a retry may open again: nobody has given those the tokens of later owners."""
    asked = (item.run for item in batch if isinstance(item, ChangeRun) and item.verb == "retry")
    return {heads[run].host for run in asked if run in heads}


def parents(batch: Sequence[Item], known: Known) -> set[int]:
    """Return the parent runs of those that the batch changes from outside, as far as they are not known."""
    heads = known.runs
    holders = {head.workflow_id: head for head in heads.values() if head.state in OPEN}
    changed = (item for item in batch if isinstance(item, ChangeRun))
    found = (heads.get(item.run) if item.run else holders.get(item.workflow_id) for item in changed)
    return {head.parent_run for head in found if head is not None and head.parent_run} - heads.keys()


def onward(known: Known) -> set[str]:
    """Return the workflow ids of the ended runs that are known: what is for them may be for a run they continued as.

    The holders of the ids must be known too, and the chains of all.
    """
    return {head.workflow_id for head in known.runs.values() if head.state in TERMINAL}
