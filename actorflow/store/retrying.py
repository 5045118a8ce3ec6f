"""What a retry of a failed run takes back, and what of it is to arrive again. Pure: from a journal to a `ChangeRun`.

The run goes on as if the answer that it failed over had not come: everything from there on is superseded, stays in the
journal, and is fed to nobody. What came from outside meanwhile (signals, results of other calls, ends of children)
arrives again; timers that were armed before are armed for the same moment. Request numbers are not used twice: what is
asked afterwards has invocation ids of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from actorflow.codec import decode
from actorflow.errors import CONFLICT, Error, Failure, invalid, not_found
from actorflow.run import event as events
from actorflow.run.document import PutDocument
from actorflow.run.event import FACTS, JournalEvent, superseded
from actorflow.run.step import step_of
from actorflow.run.turn import ChangeRun, Delivery, OpenRun
from actorflow.store.approval import set_aside
from actorflow.store.port import Documents

_AGAIN: Final = frozenset({events.MESSAGE_RECEIVED})
_INLINE: Final = frozenset({events.STEP_STARTED, events.STEP_COMPLETED})
_ANSWERS: Final = frozenset({events.FUNCTION_COMPLETED, events.REQUEST_SETTLED, events.PROCESS_EXITED})
_ADVICE: Final = (
    "to run it differently, fork it with newer code or other input; to take back more, name an earlier step with --from"
)


def retrying(change: ChangeRun, held: OpenRun, since: str = "") -> ChangeRun:
    """Put into a change what a retry takes back.

    Args:
        change: of the verb retry.
        held: everything of the run, which must have failed.
        since: the position of a call or of a fact in the journal, the id of a function or the name of a step, whose
            last call is meant; nothing for the call that the run failed over. A step that runs code of the script is
            entered again: the fact that led to it arrives once more.

    Raises:
        Error: kind Conflict, when the run did not fail over a call; kind NotFound or Invalid, when `since` means none.
    """
    gone = superseded(held.events)
    journal = [event for event in held.events if event.seq not in gone]
    code = _code(journal, since)
    cut = code or _cut(journal, since)
    asked = {event.ref for event in journal if event.seq < cut.seq and event.ref and event.kind not in FACTS}
    later = [event for event in journal if event.seq >= cut.seq]
    change.since = cut.seq
    change.locks = _locks(held)
    change.last_ref = max(event.ref for event in held.events)
    change.timers = list(armed(journal, cut.seq))
    change.revision = held.row.revision
    if code is not None and code.kind not in {events.TIMER_FIRED, *_AGAIN}:  # a timer is armed again
        change.facts = [_fact(held, (code.kind, code))]
    change.facts += [_fact(held, event) for event in _again(later, asked - {cut.ref})]
    change.consumed = [row.id for row in held.inbox]
    change.facts += [
        Delivery("", row.kind, row.target, row.sender, row.payload, row.at, held.row.run, row.ref) for row in held.inbox
    ]
    return change


def set_aside_by(change: ChangeRun, held: OpenRun, store: Documents) -> list[PutDocument]:
    """Return what becomes of the approvals of the part that a retry takes back."""
    dropped = {event.ref for event in held.events if event.seq >= change.since and event.kind == events.APPROVAL_ASKED}
    return list(set_aside(store, held.row.run_id, dropped, change.at)) if dropped else []


def _locks(held: OpenRun) -> list[str]:
    started = decode(held.events[0].payload) if held.events and held.events[0].payload else {}
    return [str(key) for key in started.get("locks", ())] if isinstance(started, dict) else []


def _code(journal: list[JournalEvent], since: str) -> JournalEvent | None:
    """Return the fact that led to a step which runs code of the script, by its name; None without such a step."""
    step = next((event for event in journal if event.kind in _INLINE and event.target == since), None)
    if step is None:
        return None
    fact = next(event for event in reversed(journal) if event.kind in FACTS and event.seq < step.seq)
    if fact.kind in {events.RUN_STARTED, *events.TAKE_BACK}:
        raise invalid(
            f"--from {since}: nothing came before that step which could come again; fork it with --from {since}"
        )
    return fact


def _cut(journal: list[JournalEvent], since: str) -> JournalEvent:
    if not since:
        return _failing(journal)
    if since.isdecimal():
        return _at(journal, int(since))
    calls = [event for event in journal if event.kind in events.CALLS and since in {event.target, _step(event)}]
    if not calls:
        known = ", ".join(sorted({event.target for event in journal if event.kind in events.CALLS})) or "no calls"
        steps = ", ".join(sorted({event.target for event in journal if event.kind in _INLINE}))
        named = f", and has the steps {steps}" if steps else ""
        raise not_found(f"--from {since}: the run has made no call of it; it has made {known}{named}")
    return _answer(journal, calls[-1])


def _step(event: JournalEvent) -> str:
    return step_of(event.kind, event.target, decode(event.payload)) if event.payload else ""


def _at(journal: list[JournalEvent], seq: int) -> JournalEvent:
    event = next((event for event in journal if event.seq == seq), None)
    if event is None:
        raise not_found(f"--from {seq}: there is no such event, or it is superseded; `actorflow run history` shows all")
    if event.kind in events.CALLS:
        return _answer(journal, event)
    if event.kind in FACTS and event.kind not in {events.RUN_STARTED, *events.TAKE_BACK}:
        return event
    raise invalid(f"--from {seq}: that is {event.kind}; expected a call, or something that happened to the run")


def _answer(journal: list[JournalEvent], call: JournalEvent) -> JournalEvent:
    for event in journal:
        if event.seq > call.seq and event.ref == call.ref and event.kind in FACTS:
            return event
    raise invalid(f"--from {call.seq}: the call of {call.target} had no answer when the run failed: name another step")


def _failing(journal: list[JournalEvent]) -> JournalEvent:
    """Return the failed call that the run failed over."""
    facts = [event for event in journal if event.kind in FACTS]
    ended = next((decode(event.payload) for event in reversed(journal) if event.kind == events.RUN_FAILED), None)
    why = ended.message if isinstance(ended, Failure) else ""
    for event in reversed(facts):
        if event.kind == events.FUNCTION_FAILED and (event is facts[-1] or decode(event.payload).message in why):
            return event
    message = f"the run did not fail over a call ({why}): there is nothing to call again; {_ADVICE}"
    raise Error(message, CONFLICT, retryable=False)


def _again(later: list[JournalEvent], asked: set[int]) -> Iterator[tuple[str, JournalEvent]]:
    """Return what is to arrive again: what came from outside, and answers to what had been asked before."""
    for event in later:
        kind = event.target if event.kind == events.RESULT_SUPERSEDED else event.kind
        if kind in _AGAIN or (kind in _ANSWERS and (event.ref in asked or not event.ref)):
            yield kind, event


def _fact(held: OpenRun, again: tuple[str, JournalEvent]) -> Delivery:
    kind, event = again
    target = "" if event.kind == events.RESULT_SUPERSEDED else event.target
    return Delivery("", kind, target, "", event.payload, event.at, held.row.run, event.ref)


def armed(journal: Sequence[JournalEvent], cut: int) -> Iterator[tuple[int, int]]:
    """Return the timers that are armed by the part of a journal before position `cut`: (ref, due)."""
    armed: dict[int, int] = {}
    for event in journal:
        if event.seq >= cut:
            break
        if event.kind == events.TIMER_STARTED:
            armed[event.ref] = event.at + int(decode(event.payload))
        elif event.kind in {events.TIMER_FIRED, events.REQUEST_DROPPED}:
            armed.pop(event.ref, None)
    yield from armed.items()
