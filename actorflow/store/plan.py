"""Deciding a batch: which items are accepted, and which rows that writes. Pure; shared by all stores.

A store looks up what the batch may touch (`needs`), hands it over as `Known`, and applies the `Writes` it gets back.
Items are decided in order, each against what its predecessors left. Nothing here knows how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeGuard, TypeVar

from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.event import CANCEL_REQUESTED, CARRIED, FUNCTION_COMPLETED, RESULTS, JournalEvent
from actorflow.run.identity import CLOSE_ABANDON, REPLACE, RETURN_EXISTING, REUSE, REUSE_FAILED, SKIP
from actorflow.run.state import COMPLETED, CREATED, ENDED, OPEN, PAUSED, TERMINAL
from actorflow.run.turn import (
    NEVER,
    RELEASE,
    CallRow,
    ChangeRun,
    Committed,
    Delivery,
    Item,
    KeepCalls,
    StartRun,
    StateChange,
    Transact,
    Turn,
)
from actorflow.store.change import CANCEL_REASON, change_run, keep_calls, keep_late, resume
from actorflow.store.ending import Endings

V = TypeVar("V")


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


@dataclass(slots=True)
class Needs:
    """What must be looked up before a batch can be decided."""

    runs: set[int] = field(default_factory=set)
    run_ids: set[str] = field(default_factory=set)
    workflow_ids: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    documents: set[tuple[str, str]] = field(default_factory=set)
    reused: set[str] = field(default_factory=set)
    inbox: bool = False
    chains: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Known:
    """What the store holds of the needs.

    Attributes:
        runs: by run number, also those that hold a workflow id of the needs.
        run_ids: run id → run number. holders: workflow id → run number of the open run.
        leases: host → last token. hashes: sources that are stored. documents: (kind, key) → revision.
        chains: run → the first run of its chain, of runs that others continued as; a run that is missing is the first.
        newest: workflow id → state of its newest run, of those whose start asks for it.
        children: run → (run, policy) of its open children. keys: run → the workflow id it waits for, or holds beside
            its own. queues: workflow id → runs that wait for it, in order. Of the runs that may end with the batch.
        next_run, next_inbox: the first numbers never used; only valid when `numbered`.
    """

    runs: dict[int, Head] = field(default_factory=dict)
    run_ids: dict[str, int] = field(default_factory=dict)
    holders: dict[str, int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    hashes: set[str] = field(default_factory=set)
    documents: dict[tuple[str, str], int] = field(default_factory=dict)
    chains: dict[int, int] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    children: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    queues: dict[str, list[int]] = field(default_factory=dict)
    next_run: int = 1
    next_inbox: int = 1
    numbered: bool = False


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
        self.hashes: set[str] = set()
        self.numbers: tuple[int, int] | None = None
        self.has_children: bool | None = None
        self.has_queued: bool | None = None
        self.version: object = None

    def learn(self, known: Known, writes: Writes) -> None:
        """Remember what a batch that is committed has left: the heads of its open runs, and what starts look up."""
        self.has_children = self.has_children or (True if writes.kin else self.has_children)
        self.has_queued = self.has_queued or (True if writes.queued else self.has_queued)
        if len(self.heads) > self._MOST or len(self.hashes) > self._MOST:
            version = self.version
            self.forget()
            self.version = version
        for run, head in known.runs.items():
            if head.state in OPEN:
                self.heads[run] = head
            else:
                self.heads.pop(run, None)
        self.leases.update(known.leases)
        self.hashes |= known.hashes
        if known.numbered:
            self.numbers = (known.next_run, known.next_inbox)


@dataclass(slots=True)
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
        kin: child → (parent, policy). handed_over: (new parent, old parent). orphaned: children that have ended.
        queued: run → (workflow id, host) that it waits for, or holds beside its own. unqueued: those that have ended.
        attributes: run → name → value.
        blobs: (run, digest, value) of large values, which the vault keeps apart.
    """

    started: dict[int, tuple[StartRun, Head]] = field(default_factory=dict)
    changed: dict[int, Head] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    opened: dict[str, Head] = field(default_factory=dict)
    journal: list[tuple[int, JournalEvent]] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    dropped_timers: list[tuple[int, int]] = field(default_factory=list)
    timers: dict[int, dict[int, tuple[str, int]]] = field(default_factory=dict)
    dropped_calls: list[tuple[int, int]] = field(default_factory=list)
    calls: dict[int, dict[int, tuple[str, CallRow]]] = field(default_factory=dict)
    inbox: list[tuple[int, int, Delivery]] = field(default_factory=list)
    consumed: list[tuple[int, int]] = field(default_factory=list)
    history: list[tuple[int, StateChange]] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)
    continued: list[tuple[int, int, int]] = field(default_factory=list)
    documents: dict[tuple[str, str], DocumentRow | None] = field(default_factory=dict)
    fenced: dict[int, int] = field(default_factory=dict)
    scrubbed: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    purged: set[int] = field(default_factory=set)
    repinned: dict[int, str] = field(default_factory=dict)
    kin: dict[int, tuple[int, str]] = field(default_factory=dict)
    handed_over: list[tuple[int, int]] = field(default_factory=list)
    orphaned: set[int] = field(default_factory=set)
    queued: dict[int, tuple[str, str]] = field(default_factory=dict)
    unqueued: set[int] = field(default_factory=set)
    attributes: dict[int, dict[str, Any]] = field(default_factory=dict)
    blobs: list[tuple[int, bytes, bytes]] = field(default_factory=list)


def needs(batch: Sequence[Item]) -> Needs:
    """Return what must be known to decide a batch; `reopened` may add to it.

    Raises:
        ValueError: when an id holds a NUL character, which not every database can store or compare.
    """
    wanted = Needs()
    for item in batch:
        if isinstance(item, Turn):
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
        if isinstance(item, ChangeRun) and item.source:
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
    for document in start.documents:
        _document_needs(document, wanted)


def _delivery_needs(delivery: Delivery | ChangeRun, wanted: Needs) -> None:
    wanted.inbox = True
    if isinstance(delivery, ChangeRun) and delivery.key:
        wanted.workflow_ids.add(_identity(delivery.key))
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


def plan(
    batch: Sequence[Item], known: Known, transact: Callable[[Transact], bool] | None = None
) -> tuple[list[Committed], Writes]:
    """Decide a batch: return an answer for each item, and the rows to write. Uses `known` up.

    `transact` does the work of a `Transact` and tells whether it succeeded; None where a store cannot.
    """
    planner = Planner(known, transact)
    answers = [planner.item(item) for item in batch]
    return answers, planner.writes


class Planner:
    """One batch in the making; `change` uses it too."""

    def __init__(self, known: Known, transact: Callable[[Transact], bool] | None = None) -> None:
        """Begin with what is known, and nothing to write; see `plan`."""
        self.known = known
        self._transact = transact
        self.writes = Writes()
        self._endings = Endings(known, self.writes, self.deliver)
        for head in known.runs.values():
            if head.state in OPEN:
                known.holders[head.workflow_id] = head.run

    def item(self, item: Item) -> Committed:
        """Decide one item."""
        if isinstance(item, Turn):
            return self._turn(item)
        if isinstance(item, StartRun):
            return self._start(item)
        if isinstance(item, PutDocument):
            return self.put_document(item)
        if isinstance(item, Delivery):
            return self.deliver(item)
        if not isinstance(item, ChangeRun):
            return keep_calls(self, item) if isinstance(item, KeepCalls) else self._work(item)
        answer = change_run(self, item)
        answer.touched = self._endings.settle("", item.at)
        return answer

    def _work(self, item: Transact) -> Committed:
        """Have the work of an item done and deliver what it comes to; a run that is paused takes that in later."""
        head = self.known.runs.get(item.run)
        refusal = "unknown" if head is None or head.state not in OPEN else "lease" if item.lease != head.lease else ""
        if item.dropped:
            refusal = "dropped"
        if self._transact is None:
            refusal = "transaction"
        if head is None or refusal:
            return Committed(accepted=False, refusal=refusal, run=item.run)
        if self._transact is None or not self._transact(item):
            return Committed(accepted=False, refusal="failed", run=item.run, run_id=head.run_id)
        answer = Delivery("", FUNCTION_COMPLETED, item.target, "", item.payload, item.at, run=item.run, ref=item.ref)
        return Committed(
            accepted=True, run=item.run, run_id=head.run_id, state=head.state, inbox=[self.put(head, answer)]
        )

    # ---- starts ------------------------------------------------------------------------------------------------

    def _start(self, start: StartRun) -> Committed:
        known = self.known
        if same := known.run_ids.get(start.run_id):
            return Committed(accepted=True, run=same, run_id=start.run_id, existing=True)
        if not _continues(start.events, 0):
            return Committed(accepted=False, refusal="journal")
        holder = known.holders.get(start.workflow_id) if start.state in OPEN else None
        if holder and start.on_conflict != REPLACE:
            return self._conflict(start, known.runs[holder])
        if start.reuse != REUSE and not holder and self._used(start):
            return Committed(accepted=False, refusal="reuse")
        if holder:
            self._endings.cut(known.runs[holder], start.node, start.at, "replaced", start.parent)
        head = self._new(start)
        answer = Committed(accepted=True, run=head.run, run_id=head.run_id, inbox=self._messages(start, head))
        if start.documents:
            answer.documents = [self.put_document(document) for document in start.documents]
        if holder or start.key:
            answer.touched = self._endings.settle(start.node, start.at)
        return answer

    def _conflict(self, start: StartRun, holder: Head) -> Committed:
        if start.on_conflict not in {RETURN_EXISTING, SKIP}:
            return Committed(accepted=False, refusal="exists", run=holder.run, run_id=holder.run_id)
        inbox = self._messages(start, holder) if start.on_conflict == RETURN_EXISTING else []
        return Committed(accepted=True, run=holder.run, run_id=holder.run_id, existing=True, inbox=inbox)

    def _used(self, start: StartRun) -> bool:
        """Tell whether the workflow id has been used in a way that its start does not want."""
        known, newest = self.known, self.known.newest.get(start.workflow_id, "")
        later = [head for head in known.runs.values() if head.workflow_id == start.workflow_id]
        if later:
            newest = max(later, key=lambda head: head.run).state
        return newest == COMPLETED if start.reuse == REUSE_FAILED else bool(newest)

    def _new(self, start: StartRun) -> Head:
        known, writes = self.known, self.writes
        last = start.events[-1]
        lease = known.leases.get(start.host, start.lease)
        head = Head(
            run=known.next_run,
            run_id=start.run_id,
            workflow_id=start.workflow_id,
            host=start.host,
            state=start.state,
            revision=1,
            lease=lease,
            updated=start.at,
            last_seq=last.seq,
            last_checksum=last.checksum,
            reason=start.reason,
            parent_run=start.parent_run,
            parent_ref=start.parent_ref,
            strict=start.strict,
        )
        known.next_run += 1
        known.runs[head.run] = head
        known.run_ids[head.run_id] = head.run
        writes.started[head.run] = (start, head)
        writes.journal += [(head.run, event) for event in start.events]
        writes.history.append((head.run, StateChange(CREATED, start.at, start.reason, by=start.parent)))
        if start.attributes:
            writes.attributes[head.run] = dict(start.attributes)
        if start.state in OPEN:
            self.open(head)
            self._wait(start, head)
        else:
            writes.ended.add(head.run)
        if start.bundle_hash not in known.hashes:
            writes.sources[start.bundle_hash] = start.bundle
            known.hashes.add(start.bundle_hash)
        return head

    def open(self, head: Head) -> None:
        """Give a run its workflow id."""
        self._endings.take(head, head.workflow_id)

    def _wait(self, start: StartRun, head: Head) -> None:
        """Set the timers of a new run; one that waits for a workflow id which is held begins when it is free."""
        timers = dict(start.timers)
        if start.key:
            self.known.keys[head.run] = start.key
            self.writes.queued[head.run] = (start.key, head.host)
            if start.key in self.known.holders:
                timers[RELEASE] = NEVER
                self.known.queues.setdefault(start.key, []).append(head.run)
            else:
                self._endings.lead(head, start.key, timers.get(RELEASE, NEVER))
        if timers:
            self.writes.timers[head.run] = {ref: (head.host, due) for ref, due in timers.items()}
        if head.parent_run and start.close and start.close != CLOSE_ABANDON:
            self.writes.kin[head.run] = (head.parent_run, start.close)
            self.known.children.setdefault(head.parent_run, []).append((head.run, start.close))

    # ---- deliveries --------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> Committed:
        """Put a fact into the inbox of an open run, or do what is to be done when there is none."""
        run = delivery.run or self.known.holders.get(delivery.workflow_id, 0)
        head = self.known.runs.get(run)
        if head is not None and head.state not in OPEN and delivery.kind in CARRIED:
            head, delivery = self._successor(head), replace(delivery, run=0, ref=0)
        if head is None or head.state not in OPEN:
            if head is not None and delivery.kind in RESULTS and head.state in ENDED:
                keep_late(self, head, delivery)
            instead = self.deliver(delivery.otherwise) if delivery.otherwise else Committed(accepted=False)
            return Committed(accepted=False, refusal="unknown", run=instead.run, inbox=instead.inbox)
        if delivery.documents:
            if any(self._is_outdated(document) for document in delivery.documents):
                return Committed(accepted=False, refusal="document", run=run)
            for document in delivery.documents:
                self.put_document(document)
        if head.state == PAUSED and delivery.kind == CANCEL_REQUESTED:
            resume(self, head, delivery.at, CANCEL_REASON)
        inbox = [self.put(head, delivery)]
        return Committed(accepted=True, run=head.run, run_id=head.run_id, state=head.state, inbox=inbox)

    def _successor(self, head: Head) -> Head | None:
        """Return the open run that an ended one has continued as, None when there is none."""
        known = self.known
        holder = known.holders.get(head.workflow_id, 0)
        same = holder and known.chains.get(holder, holder) == known.chains.get(head.run, head.run)
        return known.runs[holder] if same else None

    def _messages(self, start: StartRun, head: Head) -> list[int]:
        return [self.put(head, message) for message in start.messages]

    def hold(self, head: Head, key: str) -> None:
        """Give a run what it holds beside its workflow id."""
        self.known.keys[head.run] = key
        self.writes.queued[head.run] = (key, head.host)
        self._endings.lead(head, key, NEVER)

    def put(self, head: Head, delivery: Delivery) -> int:
        """Put a fact into the inbox of a run."""
        number = self.known.next_inbox
        self.known.next_inbox += 1
        self.writes.inbox.append((number, head.run, delivery))
        return number

    # ---- documents ---------------------------------------------------------------------------------------------

    def put_document(self, document: PutDocument) -> Committed:
        """Write or delete a document, if it is at the revision asked for."""
        name = (document.kind, document.key)
        revision = self.known.documents.get(name, 0)
        if self._is_outdated(document):
            return Committed(accepted=False, refusal="document", revision=revision)
        if document.value is None:
            self.known.documents.pop(name, None)
            self.writes.documents[name] = None
            return Committed(accepted=True)
        revision = self.known.documents[name] = revision + 1
        self.writes.documents[name] = DocumentRow(*name, document.due, revision, document.value)
        return Committed(accepted=True, revision=revision)

    def _is_outdated(self, document: PutDocument) -> bool:
        known = self.known.documents.get((document.kind, document.key), 0)
        return document.revision is not None and document.revision != known

    # ---- turns -------------------------------------------------------------------------------------------------

    def _turn(self, turn: Turn) -> Committed:
        head = self.known.runs.get(turn.run)
        if head is None:
            return Committed(accepted=False, refusal="unknown", run=turn.run)
        if refusal := self._refusal(turn, head):
            return Committed(accepted=False, refusal=refusal, run=head.run, run_id=head.run_id)
        self._row(turn, head)
        self._rows(turn, head)
        answer = Committed(accepted=True, run=head.run, run_id=head.run_id)
        if turn.successor is not None:
            answer.successor = self._continue(head, turn.successor)
        if turn.starts:
            answer.starts = [self._start(start) for start in turn.starts]
        if turn.deliveries:
            answer.deliveries = [self.deliver(delivery) for delivery in turn.deliveries]
        if turn.documents:
            answer.documents = [self.put_document(document) for document in turn.documents]
        if turn.attributes:
            self.writes.attributes.setdefault(head.run, {}).update(turn.attributes)
        if turn.starts or head.state in TERMINAL:
            answer.touched = self._endings.settle("", head.updated)
        return answer

    def _refusal(self, turn: Turn, head: Head) -> str:
        if turn.lease != head.lease:
            return "lease"
        if turn.revision != head.revision:
            return "revision"
        if not _continues(turn.events, head.last_seq):
            return "journal"
        holder = self.known.holders.get(head.workflow_id, head.run)
        return "exists" if turn.state in OPEN and holder != head.run else ""

    def _row(self, turn: Turn, head: Head) -> None:
        if turn.state in OPEN and head.state in TERMINAL:
            self.open(head)
        elif turn.state in TERMINAL and head.state in OPEN:
            self.end(head)
        head.state = turn.state
        head.revision += 1
        head.result = turn.result
        head.waits = turn.waits
        if turn.events:
            last = turn.events[-1]
            head.updated, head.last_seq, head.last_checksum = last.at, last.seq, last.checksum
        if turn.change is not None:
            head.updated = turn.change.at
            head.reason = turn.change.reason
            self.writes.history.append((head.run, turn.change))
        self.write(head)

    def write(self, head: Head) -> None:
        """Write the row of a run that was changed."""
        if head.run not in self.writes.started:
            self.writes.changed[head.run] = head

    def _continue(self, head: Head, successor: StartRun) -> Committed:
        goes_on = successor.state != CREATED  # at once, and so do the children; a new attempt has its own
        children = self._endings.release_children(head.run) if goes_on else []
        answer = self._start(successor)
        first = self.known.chains.get(head.run, head.run)
        self.known.chains[answer.run] = first
        if children:
            self._endings.hand_over(children, head.run, answer.run)
        self.writes.continued.append((answer.run, head.run, first))
        return answer

    def end(self, head: Head) -> None:
        """Let go of what an open run holds: its workflow id, timers and calls."""
        self._endings.end(head)

    def _rows(self, turn: Turn, head: Head) -> None:
        writes, run = self.writes, head.run
        for event in turn.events:
            writes.journal.append((run, event))
        if turn.consumed:
            writes.consumed += [(run, number) for number in turn.consumed]
        if head.state in TERMINAL:
            return
        if turn.dropped_timers or turn.timers:
            timers = {ref: (head.host, due) for ref, due in turn.timers}
            _replace(run, turn.dropped_timers, timers, writes.timers, writes.dropped_timers)
        if turn.dropped_calls or turn.calls:
            calls = {call.ref: (head.host, call) for call in turn.calls}
            _replace(run, turn.dropped_calls, calls, writes.calls, writes.dropped_calls)


def _continues(events: list[JournalEvent], last: int) -> bool:
    """Tell whether events carry on after position `last`; a start must have at least one."""
    if not events:
        return last > 0
    for event in events:
        last += 1
        if event.seq != last:
            return False
    return True


def _replace(
    run: int, dropped: Sequence[int], added: dict[int, V], rows: dict[int, dict[int, V]], gone: list[tuple[int, int]]
) -> None:
    kept = rows.setdefault(run, {})
    for ref in dropped:
        kept.pop(ref, None)
        gone.append((run, ref))
    kept.update(added)
