"""What an accept takes back of a run that its source does not repeat. Pure: from a journal to a `ChangeRun`.

The source is right, and the journal is not: everything from the fact on in whose feed they differ is superseded, stays
in the journal, and is fed to nobody. That fact and what came from outside after it arrive again, in order; so do the
answers to what had been asked before. What the dropped part has left goes in the same commit: its timers, rows of
calls, documents, attributes and names. What it did to the world has happened: `Accept.happened` says what that is.
Nothing of it is compensated, for the steps that could say how are steps of the source that is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from actorflow.errors import CONFLICT, Error
from actorflow.run import event as events
from actorflow.run.document import PutDocument
from actorflow.run.event import FACTS, JournalEvent, superseded
from actorflow.run.taken import TakenBack
from actorflow.run.turn import ChangeRun, Delivery, InboxRow, OpenRun
from actorflow.run.verdict import DIVERGES, Verdict
from actorflow.store.approval import set_aside
from actorflow.store.attribute import memo_names
from actorflow.store.belonging import AWAITED
from actorflow.store.port import Documents
from actorflow.store.retrying import armed
from actorflow.store.timeline import decoded, timeline
from actorflow.store.view import pid_of

_OUTSIDE: Final = frozenset({events.MESSAGE_RECEIVED, events.CANCEL_REQUESTED})
_ANSWERS: Final = frozenset({*events.RESULTS, events.REQUEST_SETTLED, events.TIMER_FIRED})
_BEGINS: Final = frozenset({events.RUN_STARTED, events.RUN_RELEASED})
_HAPPENS: Final = frozenset({"call", "operation", "step", "child", "message out"})
"""What a line of a timeline is that the world outside of the run may have noticed."""


@dataclass(frozen=True, slots=True)
class Accept:
    """An accept that is ready to be asked for.

    Attributes:
        change: what the store commits. step: where journal and source differ. report: the two columns of that.
        dropped: how many events are dropped, of which `since` is the first.
        happened: what the dropped part did to the world, as lines of a timeline.
        again: the facts that arrive again, by kind, in order.
    """

    change: ChangeRun
    step: int
    report: str
    since: int
    dropped: int
    happened: Sequence[dict[str, Any]]
    again: Sequence[str]

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {"step": self.step, "cut": self.since, "dropped": self.dropped, "report": self.report}
        return {**told, "happened": list(self.happened), "again": list(self.again)}


def accepting(change: ChangeRun, held: OpenRun, verdict: Verdict, documents: Sequence[PutDocument]) -> Accept:
    """Put into a change what an accept takes back.

    Args:
        change: of the verb accept.
        held: everything of the run.
        verdict: what a replay on the source it is to go on with has shown.
        documents: what becomes of those of the dropped part, see `documents_of`.

    Raises:
        Error: kind Conflict, when the replay has not come to a difference.
    """
    if verdict.word != DIVERGES:
        why = f"there is nothing to accept: {verdict.reason}; `actorflow run resume` lets it go on"
        raise Error(f"run {held.row.workflow_id!r}: {why}", CONFLICT, retryable=False)
    gone = superseded(held.events)
    journal = [event for event in held.events if event.seq not in gone]
    fact = next(event for event in journal if event.seq == verdict.fact)
    since = _since(journal, fact)
    kept = [event for event in journal if event.seq < since]
    tail = [event for event in journal if event.seq >= since]
    asked = _asked(kept)
    again = list(_again(tail, asked))
    inbox = [row for row in held.inbox if not _is_late(row.kind, row.ref, asked)]
    late = [row for row in held.inbox if _is_late(row.kind, row.ref, asked)]
    change.since, change.last_ref = since, max(event.ref for event in held.events)
    change.revision = held.row.revision
    change.facts = [*(_delivery(held, event) for event in again), *(_delivery(held, row) for row in inbox)]
    change.consumed = [row.id for row in held.inbox]
    change.timers = list(_armed_again(held, kept, again, since))
    change.dropped_calls = sorted(_asked(tail) - asked)
    change.documents = [*change.documents, *documents]
    change.taken = TakenBack(
        restart=fact.kind in _BEGINS,
        timers=[event.ref for event in tail if event.kind == events.TIMER_STARTED],
        attributes=_attributes(kept, tail),
        late=[_delivery(held, row) for row in late],
        names=_names(held, tail),
    )
    return Accept(
        change,
        verdict.step,
        verdict.report,
        since,
        len(held.events) - since + 1,
        [line for line in timeline(held) if line["seq"] >= since and line["seq"] not in gone and _happens(line)],
        [*(event.kind for event in again), *(row.kind for row in inbox)],
    )


def documents_of(reader: Documents, held: OpenRun, verdict: Verdict, at: int) -> list[PutDocument]:
    """Return what becomes of the documents of the part that is dropped: approvals are set aside, watches end."""
    if verdict.word != DIVERGES:
        return []
    gone = superseded(held.events)
    dropped = {event.ref for event in held.events if event.seq >= verdict.fact and event.seq not in gone}
    dropped -= _asked([event for event in held.events if event.seq < verdict.fact and event.seq not in gone])
    return [*set_aside(reader, held.row.run_id, dropped, at), *_unwatched(reader, held, dropped)]


def _unwatched(reader: Documents, held: OpenRun, dropped: set[int]) -> Iterator[PutDocument]:
    for ref in sorted(dropped):
        key = f"{held.row.run}/{ref}"
        if reader.document(AWAITED, key) is not None:
            yield PutDocument(AWAITED, key, None)


# ---- what is dropped, and what arrives again ---------------------------------------------------------------------


def _since(journal: Sequence[JournalEvent], fact: JournalEvent) -> int:
    """Return the first position that is dropped: a run keeps its start, and the names that it has taken over."""
    if fact.kind != events.RUN_STARTED:
        return fact.seq
    following = [event for event in journal[1:2] if event.kind == events.NAMES_CARRIED]
    return fact.seq + 1 + len(following)


def _asked(journal: Iterable[JournalEvent]) -> set[int]:
    return {event.ref for event in journal if event.ref and event.kind not in FACTS}


def _again(tail: Iterable[JournalEvent], asked: set[int]) -> Iterator[JournalEvent]:
    """Yield the facts of the dropped part that arrive again; of a timer that was armed anew in it only the first."""
    fired: set[int] = set()
    for event in tail:
        if event.kind == events.TIMER_FIRED:
            if event.ref in asked and event.ref not in fired:
                fired.add(event.ref)
                yield event
        elif event.kind in _OUTSIDE or (event.kind in _ANSWERS and (event.ref in asked or not event.ref)):
            yield event


def _is_late(kind: str, ref: int, asked: set[int]) -> bool:
    return bool(ref) and kind in _ANSWERS and ref not in asked


def _delivery(held: OpenRun, again: JournalEvent | InboxRow) -> Delivery:
    sender = again.sender if isinstance(again, InboxRow) else ""
    return Delivery("", again.kind, again.target, sender, again.payload, again.at, held.row.run, again.ref)


def _armed_again(
    held: OpenRun, kept: Sequence[JournalEvent], again: Sequence[JournalEvent], since: int
) -> Iterator[tuple[int, int]]:
    """Yield the timers of the part that is kept which the dropped part had stopped."""
    known = {ref for ref, _ in held.timers} | {event.ref for event in again if event.kind == events.TIMER_FIRED}
    yield from (timer for timer in armed(kept, since) if timer[0] not in known)


def _happens(line: dict[str, Any]) -> bool:
    return line["kind"] in _HAPPENS


# ---- what the run said of itself -----------------------------------------------------------------------------------


def _attributes(kept: Sequence[JournalEvent], tail: Sequence[JournalEvent]) -> dict[str, Any]:
    """Return what the dropped part has set, as it was before; None for what was not there."""
    changed = [name for event in tail for name in _said(event)]
    before: dict[str, Any] = {}
    for event in kept:
        before |= _said(event)
    return {name: before.get(name) for name in changed}


def _said(event: JournalEvent) -> dict[str, Any]:
    if event.kind not in {events.RUN_STARTED, events.ATTRIBUTES_SET}:
        return {}
    payload = decoded(event)
    if not isinstance(payload, dict):
        return {}
    said = payload.get("options", {}) if event.kind == events.RUN_STARTED else payload
    return {**(said.get("search") or {}), **memo_names(said.get("memo") or {})}


def _names(held: OpenRun, tail: Sequence[JournalEvent]) -> list[str]:
    """Return the names that the dropped part registered for the run itself."""
    own = {"", pid_of(held.row)}
    used = [event for event in tail if event.kind == events.NAME_USED]
    return [event.target for event in used if _registers(event, own)]


def _registers(event: JournalEvent, own: set[str]) -> bool:
    payload = decoded(event)
    if not isinstance(payload, list) or payload[0] != "register":
        return False
    return payload[1] in own
