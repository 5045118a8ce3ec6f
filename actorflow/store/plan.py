"""Deciding a batch: which items are accepted, and which rows that writes. Pure; shared by all stores.

A store looks up what the batch may touch (`needs`), hands it over as `Known`, and applies the `Writes` it gets back.
Items are decided in order, each against what its predecessors left. Nothing here knows how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from actorflow.codec import decode, encode
from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.event import CANCEL_REQUESTED, CARRIED, FUNCTION_COMPLETED, RESULTS, continues
from actorflow.run.identity import CLOSE_ABANDON, QUEUE, REPLACE, RETURN_EXISTING, REUSE, REUSE_FAILED, SKIP
from actorflow.run.last_turn import LastTurn
from actorflow.run.lease import FENCED
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.state import COMPLETED, CREATED, ENDED, OPEN, PAUSED, TERMINAL
from actorflow.run.turn import (
    NEVER,
    RELEASE,
    ChangeRun,
    Committed,
    Delivery,
    Item,
    KeepCalls,
    StartRun,
    Transact,
    Turn,
)
from actorflow.store.batch import Head, Known, Writes
from actorflow.store.begun import begin, decide_start, next_number
from actorflow.store.change import CANCEL_REASON, change_run, keep_calls, keep_late, resume
from actorflow.store.ending import Endings
from actorflow.store.last import decide_last
from actorflow.store.plain import decide
from actorflow.store.unfit import unfit

V = TypeVar("V")


def plan(
    batch: Sequence[Item], known: Known, transact: Callable[[Transact], bool] | None = None
) -> tuple[list[Committed], Writes]:
    """Decide a batch: return an answer for each item, and the rows to write. Uses `known` up.

    `transact` does the work of a `Transact` and tells whether it succeeded; None where a store cannot.
    """
    planner = Planner(known, transact)
    answers = [planner.item(item) for item in batch]
    planner.close()
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

    def close(self) -> None:
        """Part what holds each other, so that no garbage collection is needed to let go of all that a batch wrote."""
        self._endings.close()

    def item(self, item: Item) -> Committed:
        """Decide one item."""
        if isinstance(item, Turn):
            return self._any_turn(item)
        if isinstance(item, StartRun):
            return decide_start(item, self.known, self.writes) or self._start(item)
        if isinstance(item, PutDocument):
            return self.put_document(item)
        if isinstance(item, Delivery):
            return self._told(item)
        if not isinstance(item, ChangeRun):
            return keep_calls(self, item) if isinstance(item, KeepCalls) else self._work(item)
        answer = change_run(self, item)
        answer.touched = self._endings.settle("", item.at)
        return answer

    def _any_turn(self, turn: Turn) -> Committed:
        if type(turn) is PlainTurn:
            return decide(turn, self.known, self.writes)
        plain = decide_last(turn, self.known, self.writes) if type(turn) is LastTurn else None
        return plain or self._turn(turn)

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

    def _start(self, start: StartRun, *, follows: bool = False) -> Committed:
        known = self.known
        if same := known.run_ids.get(start.run_id):
            return Committed(accepted=True, run=same, run_id=start.run_id, existing=True)
        if start.joins is not None and known.documents.get((start.joins.kind, start.joins.key)):
            return Committed(accepted=True, existing=True)  # asked again by a run that was read again
        if refusal := unfit(known, start) if continues(start.events, 0) else "journal":
            return Committed(accepted=False, refusal=refusal)
        holder = known.holders.get(start.workflow_id) if start.state in OPEN else None
        before = holder or (start.on_conflict == QUEUE and self._endings.first(start.workflow_id))
        if before and start.on_conflict != REPLACE:
            return self._conflict(start, known.runs[before])
        if start.reuse != REUSE and not holder and self._used(start):
            return Committed(accepted=False, refusal="reuse")
        if holder:
            self._endings.cut(known.runs[holder], start.node, start.at, "replaced", start.parent)
        head = self._new(start, follows=follows)
        answer = Committed(accepted=True, run=head.run, run_id=head.run_id, inbox=self._messages(start, head))
        if start.documents:
            answer.documents = [self.put_document(document) for document in start.documents]
        if holder or start.key or start.locks:
            answer.touched = self._endings.settle(start.node, start.at)
        return answer

    def _conflict(self, start: StartRun, holder: Head) -> Committed:
        if start.on_conflict not in {RETURN_EXISTING, SKIP}:
            return Committed(accepted=False, refusal="exists", run=holder.run, run_id=holder.run_id)
        inbox = self._messages(start, holder) if start.on_conflict == RETURN_EXISTING else []
        if start.joins is not None:
            value = encode([*decode(start.joins.value or b""), holder.run_id])
            self.put_document(replace(start.joins, value=value))
        return Committed(accepted=True, run=holder.run, run_id=holder.run_id, existing=True, inbox=inbox)

    def _used(self, start: StartRun) -> bool:
        """Tell whether the workflow id has been used in a way that its start does not want."""
        known, newest = self.known, self.known.newest.get(start.workflow_id, "")
        later = [head for head in known.runs.values() if head.workflow_id == start.workflow_id]
        if later:
            newest = max(later, key=lambda head: head.run).state
        return newest == COMPLETED if start.reuse == REUSE_FAILED else bool(newest)

    def _new(self, start: StartRun, *, follows: bool) -> Head:
        known, writes = self.known, self.writes
        head = begin(start, known, writes, next_number(start, known))
        if start.attributes:
            writes.attributes[head.run] = dict(start.attributes)
        if start.state in OPEN:
            self.open(head)
            self._wait(start, head, follows=follows)
        else:
            writes.ended.add(head.run)
        return head

    def open(self, head: Head) -> None:
        """Give a run its workflow id."""
        self._endings.take(head, head.workflow_id)

    def _wait(self, start: StartRun, head: Head, *, follows: bool) -> None:
        """Set the timers of a new run; one that waits for what others hold begins when all of that is free."""
        timers = dict(start.timers)
        if start.key or start.locks:
            due = self._endings.queue_up(start, head, timers.get(RELEASE, NEVER), follows=follows)
            if head.state == CREATED:
                timers[RELEASE] = due
        if timers:
            self.writes.timers[head.run] = {ref: (head.host, due) for ref, due in timers.items()}
        if head.parent_run and start.close and start.close != CLOSE_ABANDON:
            self.writes.kin[head.run] = (head.parent_run, start.close)
            self.known.children.setdefault(head.parent_run, []).append((head.run, start.close))

    # ---- deliveries --------------------------------------------------------------------------------------------

    def _told(self, delivery: Delivery) -> Committed:
        answer = self.deliver(delivery)
        if delivery.kind == CANCEL_REQUESTED:
            answer.touched = self._endings.settle("", delivery.at)
        return answer

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
            if head.lease == FENCED:
                return Committed(accepted=False, refusal="moving", run=run)
            if any(self._is_outdated(document) for document in delivery.documents):
                return Committed(accepted=False, refusal="document", run=run)
            for document in delivery.documents:
                self.put_document(document)
        if head.state == PAUSED and delivery.kind == CANCEL_REQUESTED:
            resume(self, head, delivery.at, CANCEL_REASON)
        if delivery.parts:
            self._endings.part(head)
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

    def hold(self, head: Head, locks: Sequence[str]) -> None:
        """Give a run the lock keys that it holds."""
        self.known.keys[head.run] = locks
        self.writes.queued[head.run] = (locks, head.host, True, 0)  # it holds them: who is before it matters no more
        for key in locks:
            self._endings.take(head, key)

    def wants(self, head: Head) -> bool:
        """Tell whether a run waits for an id or a lock key beside its own."""
        return bool(self._endings.wanted(head.run))

    def stand(self, head: Head, at: int) -> None:
        """Let a run stand in line for what it waits for; see `Endings.stand`."""
        self._endings.stand(head, at)

    def step_aside(self, head: Head) -> None:
        """Let those behind a run go on; see `Endings.step_aside`."""
        self._endings.step_aside(head)

    def put(self, head: Head, delivery: Delivery) -> int:
        """Put a fact into the inbox of a run; a paused one moves, for who changes it goes by what its inbox holds."""
        number = self.known.next_inbox
        self.known.next_inbox += 1
        self.writes.inbox.append((number, head.run, delivery))
        if head.state == PAUSED:
            head.revision += 1
            self.write(head)
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
        if turn.starts or turn.deliveries or head.state in TERMINAL:
            answer.touched = self._endings.settle("", head.updated)
        return answer

    def _refusal(self, turn: Turn, head: Head) -> str:
        if turn.lease != head.lease:
            return "lease"
        if turn.revision != head.revision:
            return "revision"
        if not continues(turn.events, head.last_seq):
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
        answer = self._start(successor, follows=True)
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


def _replace(
    run: int, dropped: Sequence[int], added: dict[int, V], rows: dict[int, dict[int, V]], gone: list[tuple[int, int]]
) -> None:
    kept = rows.setdefault(run, {})
    for ref in dropped:
        kept.pop(ref, None)
        gone.append((run, ref))
    kept.update(added)
