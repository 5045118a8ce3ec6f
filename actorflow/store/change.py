"""Deciding a change of a run from outside of its turns: what `ChangeRun` comes to. Pure, like the plan it is part of.

A change is decided by the state that the row has when it is committed, and moves the revision: a turn that is under
way was made from an older row, is refused, and its machine is thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.codec import decode, encode
from actorflow.message import of_child
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import sealed, take_back_target
from actorflow.run.lease import FENCED
from actorflow.run.taken import TakenBack
from actorflow.run.turn import Committed, Delivery, KeepCalls, StateChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actorflow.run.turn import CallRow, ChangeRun
    from actorflow.store.batch import Head
    from actorflow.store.plan import Planner

CANCEL_REASON: Final = "resumed to be cancelled"


def change_run(planner: Planner, change: ChangeRun) -> Committed:
    """Change a run, or say why not."""
    run = change.run or planner.known.holders.get(change.workflow_id, 0)
    head = planner.known.runs.get(run)
    if head is None:
        return Committed(accepted=False, refusal="unknown", run=run)
    answer = Committed(accepted=False, run=head.run, run_id=head.run_id, state=head.state)
    answer.refusal = "moving" if head.lease == FENCED else _refusal(planner, head, change)
    if not answer.refusal:
        answer.accepted = True
        _CHANGES[change.verb](planner, head, change, answer)
        answer.state = head.state
        if change.documents:
            answer.documents = [planner.put_document(document) for document in change.documents]
    return answer


def _refusal(planner: Planner, head: Head, change: ChangeRun) -> str:
    if change.revision is not None and change.revision != head.revision:
        return "revision"
    if not states.allows(change.verb, head.state, head.strict, head.revision) and not _queues_up(planner, head, change):
        return "state"
    if _lacks_source(planner, change):
        return "source"
    if change.verb == "retry" and not planner.known.holders.keys().isdisjoint({head.workflow_id, *change.locks}):
        return "exists"
    if change.verb == "purge":
        parent = planner.known.runs.get(head.parent_run)
        return "parent" if parent is not None and parent.state in states.OPEN else ""
    return "" if _is_served(planner, head, change) else "queue"


def _is_served(planner: Planner, head: Head, change: ChangeRun) -> bool:
    """Tell whether a run may begin by itself; one that stands in line was let go, or was served when it began to."""
    served = change.served.get(head.host) if change.served is not None else None
    return served is None or head.queue in served or head.run in planner.known.ready


def _lacks_source(planner: Planner, change: ChangeRun) -> bool:
    """Tell whether a change pins to a source that is neither stored nor given."""
    pins = change.verb == "repin" or (change.verb == "accept" and bool(change.source))
    return pins and not change.bundle and change.source not in planner.known.hashes


def _queues_up(planner: Planner, head: Head, change: ChangeRun) -> bool:
    """Tell whether a run which was resumed before it was due is to stand in line now."""
    return change.verb == "release" and head.state == states.PENDING and planner.wants(head)


def keep_calls(planner: Planner, item: KeepCalls) -> Committed:
    """Store rows of calls, for the owner of their run."""
    head = planner.known.runs.get(item.run)
    if head is None or head.state not in states.OPEN:
        return Committed(accepted=False, refusal="unknown", run=item.run)
    if item.lease != head.lease:
        return Committed(accepted=False, refusal="lease", run=item.run, state=head.state)
    _put_calls(planner, head, item.calls)
    return Committed(accepted=True, run=head.run, run_id=head.run_id, state=head.state)


def _put_calls(planner: Planner, head: Head, calls: list[CallRow]) -> None:
    rows = planner.writes.calls.setdefault(head.run, {})
    rows.update({call.ref: (head.host, call) for call in calls})


def keep_late(planner: Planner, head: Head, delivery: Delivery) -> None:
    """Keep a result that came after the end in the journal: it changes nothing."""
    _append(planner, head, events.RESULT_SUPERSEDED, delivery.ref, delivery.kind, delivery.payload, delivery.at)
    head.revision += 1
    planner.write(head)


def resume(planner: Planner, head: Head, at: int, reason: str, by: str = "") -> None:
    """Make a paused run eligible again; its next turn finds out whether it waits."""
    head.waits = b""
    _enter(planner, head, states.PENDING, StateChange(states.PENDING, at, reason, by))
    if head.run in planner.known.ready:
        planner.stand(head, at)


def _enter(planner: Planner, head: Head, state: str, change: StateChange) -> None:
    head.state = state
    head.revision += 1
    head.updated = max(head.updated, change.at)
    head.reason = change.reason
    planner.writes.history.append((head.run, change))
    planner.write(head)


def _append(  # noqa: PLR0913, PLR0917 - the columns of a journal row
    planner: Planner, head: Head, kind: str, ref: int, target: str, payload: bytes, at: int
) -> None:
    salt = head.run_id.encode()
    event = sealed(head.last_checksum, salt, head.last_seq + 1, kind, ref, target, payload, b"", max(at, head.updated))
    head.last_seq, head.last_checksum, head.updated = event.seq, event.checksum, event.at
    planner.writes.journal.append((head.run, event))


def _said(change: ChangeRun, state: str) -> StateChange:
    return StateChange(state, change.at, change.reason, change.by)


def _release(planner: Planner, head: Head, change: ChangeRun, _answer: Committed) -> None:
    """Let a run begin, or stand in line for what it waits for: then it stays as it is until it has that."""
    if planner.wants(head):
        planner.stand(head, change.at)
        return
    _enter(planner, head, states.PENDING, _said(change, states.PENDING))


def _pause(planner: Planner, head: Head, change: ChangeRun, _answer: Committed) -> None:
    head.waits = change.waits
    if change.calls:
        rows = planner.writes.calls.setdefault(head.run, {})
        rows.update({call.ref: (head.host, call) for call in change.calls})
    _enter(planner, head, states.PAUSED, _said(change, states.PAUSED))
    planner.step_aside(head)


def _resume(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    _drop_calls(planner, head, change)
    _put_calls(planner, head, change.calls)
    answer.inbox = [planner.put(head, fact) for fact in change.facts]
    resume(planner, head, change.at, change.reason, change.by)


def _repin(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    """Pin a run to another source, and let it go on with that: a replay finds out whether it can."""
    _pin(planner, head, change)
    _resume(planner, head, change, answer)


def _pin(planner: Planner, head: Head, change: ChangeRun) -> None:
    known, writes = planner.known, planner.writes
    if change.source not in known.hashes:
        writes.sources[change.source] = change.bundle
        known.hashes.add(change.source)
    writes.repinned[head.run] = change.source
    _append(planner, head, events.RUN_REPINNED, 0, change.source, change.asked, change.at)


def _accept(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    """Drop the part of a journal that the run's source does not repeat, with all that it has left, and go on."""
    writes, taken = planner.writes, change.taken or TakenBack()
    if change.source:
        _pin(planner, head, change)
    target = take_back_target(change.since, change.last_ref, restart=taken.restart)
    _append(planner, head, events.RUN_ACCEPTED, 0, target, change.asked, change.at)
    for late in taken.late:
        _append(planner, head, events.RESULT_SUPERSEDED, late.ref, late.kind, late.payload, late.at)
    armed = writes.timers.setdefault(head.run, {})
    for ref in taken.timers:
        armed.pop(ref, None)
        writes.dropped_timers.append((head.run, ref))
    armed.update({ref: (head.host, due) for ref, due in change.timers})
    if taken.attributes:
        writes.attributes.setdefault(head.run, {}).update(taken.attributes)
    writes.consumed += [(head.run, number) for number in change.consumed]
    _resume(planner, head, change, answer)


def _drop_calls(planner: Planner, head: Head, change: ChangeRun) -> None:
    kept = planner.writes.calls.get(head.run, {})
    for ref in change.dropped_calls:
        kept.pop(ref, None)
        planner.writes.dropped_calls.append((head.run, ref))


def _cancel(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    """Ask the script, which may clean up; a run that has not begun has nothing to clean up."""
    if head.state == states.CREATED or planner.wants(head):
        _terminate(planner, head, change, answer)
        return
    if head.state == states.PAUSED:
        resume(planner, head, change.at, change.reason or CANCEL_REASON, change.by)
    asked = Delivery("", events.CANCEL_REQUESTED, "", "", change.asked, change.at, run=head.run)
    answer.inbox = [planner.put(head, asked)]


def _terminate(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    _end(planner, head, change, answer, events.RUN_CANCELLED, states.CANCELLED)


def _expire(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    _end(planner, head, change, answer, events.RUN_FAILED, states.FAILED)


def _end(  # noqa: PLR0913, PLR0917 - how it ends
    planner: Planner, head: Head, change: ChangeRun, answer: Committed, kind: str, state: str
) -> None:
    """End a run without its machine: its last event follows from the row, and a parent run hears in the same commit."""
    _append(planner, head, kind, 0, "", change.end, change.at)
    planner.end(head)
    head.result, head.waits = change.end, b""
    _enter(planner, head, state, _said(change, state))
    if head.parent_run:
        change.exit = _of_child(change.exit, head)
        told = Delivery(
            "",
            events.PROCESS_EXITED,
            "",
            change.pid,
            change.exit,
            change.at,
            run=head.parent_run,
            ref=head.parent_ref,
        )
        answer.deliveries = [planner.deliver(told)]


def _of_child(told: bytes, head: Head) -> bytes:
    """Return what the parent is told of an end: the failure says whose it is, which only the row knows."""
    event = decode(told)
    if not isinstance(event, dict):
        return told
    result = event["result"]
    return encode({**event, "result": {**result, "error": of_child(result["error"], head.workflow_id, head.run_id)}})


def _retry(planner: Planner, head: Head, change: ChangeRun, answer: Committed) -> None:
    """Open a failed run again: what followed position `since` is taken back, what arrived then arrives again."""
    taken = take_back_target(change.since, change.last_ref)
    _append(planner, head, events.RUN_RETRIED, 0, taken, change.asked, change.at)
    planner.open(head)
    if change.locks:
        planner.hold(head, change.locks)
    head.lease = planner.writes.fenced[head.run] = planner.known.token(head.host, head.run, head.lease)
    head.result, head.waits = None, b""
    _enter(planner, head, states.PENDING, _said(change, states.PENDING))
    if change.timers:
        planner.writes.timers.setdefault(head.run, {}).update({ref: (head.host, due) for ref, due in change.timers})
    planner.writes.consumed += [(head.run, number) for number in change.consumed]
    answer.inbox = [planner.put(head, fact) for fact in change.facts]


def _delete_data(planner: Planner, head: Head, change: ChangeRun, _answer: Committed) -> None:
    head.waits = change.waits or head.waits
    _enter(planner, head, states.DELETE_REQUESTED, _said(change, states.DELETE_REQUESTED))


def _scrub(planner: Planner, head: Head, change: ChangeRun, _answer: Committed) -> None:
    head.result = change.kept
    planner.writes.scrubbed[head.run] = change.drawn
    _enter(planner, head, states.DATA_DELETED, _said(change, states.DATA_DELETED))


def _purge(planner: Planner, head: Head, _change: ChangeRun, _answer: Committed) -> None:
    known = planner.known
    planner.writes.purged.add(head.run)
    planner.writes.changed.pop(head.run, None)
    known.runs.pop(head.run, None)
    known.run_ids.pop(head.run_id, None)
    head.state = ""


_CHANGES: Final[Mapping[str, Callable[[Planner, Head, ChangeRun, Committed], None]]] = {
    "release": _release,
    "pause": _pause,
    "resume": _resume,
    "repin": _repin,
    "accept": _accept,
    "cancel": _cancel,
    "terminate": _terminate,
    "expire": _expire,
    "retry": _retry,
    "delete-data": _delete_data,
    "scrub": _scrub,
    "purge": _purge,
}
