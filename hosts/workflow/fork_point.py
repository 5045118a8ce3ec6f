"""Where a fork begins: from the journal of the original and what is asked for, to what is kept. Pure.

A fork is cut between two facts. A call is done anew when its answer is not kept. A step that runs code of the script
has no answer: the fact that leads to it arrives once more, so that what was asked before is not asked again; what else
that fact led to before the step is done anew with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, Error, Failure, invalid, not_found
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import JournalEvent, superseded
from actorflow.run.step import step_of

if TYPE_CHECKING:
    from actorflow.run.turn import OpenRun

_LEFT: Final = frozenset({*events.ENDS, events.RESULT_SUPERSEDED, events.NAMES_CARRIED})
"""What stays with the original: its end, and the names it has taken over."""
_INLINE: Final = frozenset({events.STEP_STARTED, events.STEP_COMPLETED})


@dataclass(frozen=True, slots=True)
class ForkPoint:
    """Where a fork begins.

    Attributes:
        journal: the original's, with other results of some steps. gone: positions that a retry took back.
        cut: position of the first event that is not kept. again: the fact that arrives once more then, None for none.
        edited: position → how it was named, of each event that is another one.
    """

    journal: list[JournalEvent]
    gone: frozenset[int]
    cut: int
    again: JournalEvent | None
    edited: Mapping[int, str]

    @property
    def waited(self) -> bool:
        """Whether the fork has what let the original begin, when that waited with its first steps."""
        kept = (event for event in self.journal if event.seq < self.cut and event.seq not in self.gone)
        released = self.again is not None and self.again.kind == events.RUN_RELEASED
        return released or any(event.kind == events.RUN_RELEASED for event in kept)

    def refuse_lost(self, recorded: list[JournalEvent]) -> None:
        """Do nothing if no step among these records, which the script does not repeat, has another result.

        Raises:
            Error: kind Invalid, naming the step.
        """
        for event in recorded:
            if event.seq in self.edited:
                name = self.edited[event.seq]
                text = "with that the script does something else before it next waits, so the step would be done anew"
                raise invalid(f"result of {name!r}: {text}; fork with code that gives this result: --source registered")


def fork_point(held: OpenRun, since: str, results: Mapping[str, Any]) -> ForkPoint:
    """Return where a fork of a run begins.

    Args:
        held: everything of the original.
        since: the step it begins with, by name or position; "" for the call that it failed over, or where it stands.
        results: step name or position → what it is to have answered.

    Raises:
        Error: kind NotFound, Invalid or Conflict, when there is no such step or the result of one cannot be another.
    """
    journal = [event for event in held.events if event.kind not in _LEFT]
    gone = superseded(journal)
    effective = [event for event in journal if event.seq not in gone]
    cut, again = _cut(held, effective, since)
    step = _found(effective, since)[0].target if since and again is not None else ""
    changed: dict[int, JournalEvent] = {}
    edited: dict[int, str] = {}
    for name, event in _changes(effective, results):
        changed[event.seq], edited[event.seq] = event, name
        if _fact_of(effective, event).seq < cut or (again is not None and again.seq == event.seq):
            continue
        cut, again = _answered(effective, event, name, cut, step)
    if again is not None:
        again = changed.get(again.seq, again)
    return ForkPoint([changed.get(event.seq, event) for event in journal], gone, cut, again, edited)


def _answered(
    journal: list[JournalEvent], event: JournalEvent, name: str, cut: int, step: str
) -> tuple[int, JournalEvent | None]:
    """Return where a fork begins that gives the very step it was to begin with another result: after it.

    Raises:
        Error: kind Invalid, when the step comes later.
    """
    if event.kind == events.STEP_COMPLETED and event.target == step:
        after = (known.seq for known in journal if known.kind in events.FACTS and known.seq > event.seq)
        return next(after, journal[-1].seq + 1), None
    if event.seq == cut:
        return cut, event
    raise invalid(f"result of {name!r}: the fork begins before that and does it anew; name a later step with --from")


def _cut(held: OpenRun, journal: list[JournalEvent], since: str) -> tuple[int, JournalEvent | None]:
    """Return the position of the first event that the fork does not keep, and the fact that arrives once more."""
    if since:
        asked, answer = _found(journal, since)
        if asked.kind not in _INLINE:
            return answer.seq, None
        fact = _fact_of(journal, asked if since.isdecimal() else _first(journal, asked))
        if fact.kind in events.TAKE_BACK:
            raise invalid(f"step {since!r} was led to by event {fact.seq}, which took others back: name a later step")
        return fact.seq, fact
    if held.row.state == states.FAILED:
        return _failing(journal), None
    if held.row.state in states.OPEN:
        return journal[-1].seq + 1, None
    message = (
        f"run {held.row.workflow_id!r} is {held.row.state}: say where the fork begins, with --from STEP or --from SEQ"
    )
    raise Error(message, CONFLICT, retryable=False)


def _failing(journal: list[JournalEvent]) -> int:
    """Return where the run failed: a call that failed is done again, anything else happens again."""
    last = next(event for event in reversed(journal) if event.kind in events.FACTS)
    return last.seq if last.kind == events.FUNCTION_FAILED else journal[-1].seq + 1


def _found(journal: list[JournalEvent], since: str) -> tuple[JournalEvent, JournalEvent]:
    """Return what a step asked, and the fact that answered it: the same for something that happened, or code."""
    if since.isdecimal():
        asked = next((event for event in journal if event.seq == int(since)), None)
    else:
        asked = next((event for event in reversed(journal) if _named(event, since)), None)
    if asked is not None and asked.kind in events.TAKE_BACK:
        raise invalid(f"event {since} took others back: name one that came after it, or a step")
    if asked is None:
        names = sorted({name for event in journal if (name := _name(event))})
        known = f"; its steps are {', '.join(names)}" if names else ""
        raise not_found(f"there is no step {since!r} in the journal{known}; `actorflow run history` shows all of it")
    if asked.kind in events.FACTS or asked.kind in _INLINE:
        return asked, asked
    answer = next((event for event in journal if _answers(event, asked)), None)
    if answer is None:
        raise invalid(f"step {since!r} has no answer yet: a fork without --from keeps everything up to there")
    return asked, answer


def _first(journal: list[JournalEvent], step: JournalEvent) -> JournalEvent:
    """Return where a step that ran code of the script began, its first attempt if there were several."""
    return next(event for event in journal if event.kind in _INLINE and event.target == step.target)


def _fact_of(journal: list[JournalEvent], event: JournalEvent) -> JournalEvent:
    """Return the fact that led to a record; a fact itself."""
    return next(fact for fact in reversed(journal) if fact.kind in events.FACTS and fact.seq <= event.seq)


def _answers(event: JournalEvent, asked: JournalEvent) -> bool:
    return event.seq > asked.seq and event.ref == asked.ref and event.kind in events.FACTS


def _named(event: JournalEvent, name: str) -> bool:
    return name in {_name(event), event.target if event.kind in events.CALLS else ""}


def _name(event: JournalEvent) -> str:
    if event.kind in events.CALLS:
        return step_of(event.kind, event.target, decode(event.payload) if event.payload else None) or event.target
    return step_of(event.kind, event.target, None)


def _changes(journal: list[JournalEvent], results: Mapping[str, Any]) -> Iterator[tuple[str, JournalEvent]]:
    """Yield what each step is to have answered, in the order of the journal: how it was named, and its other event."""
    changes = [(name, _changed(journal, name, value)) for name, value in results.items()]
    yield from sorted(changes, key=lambda change: change[1].seq)


def _changed(journal: list[JournalEvent], name: str, value: Any) -> JournalEvent:
    asked, answer = _found(journal, name)
    if asked.kind == events.STEP_STARTED:
        raise invalid(f"result of {name!r}: the step has not ended, so it has none; expected one that has")
    if asked.kind == events.STEP_COMPLETED:
        payload = {**decode(asked.payload), "how": 0, "value": value}
        if isinstance(value, Failure):
            payload["how"] = 1
        return asked._replace(payload=encode(payload))
    if answer.kind in {events.FUNCTION_COMPLETED, events.FUNCTION_FAILED}:
        kind = events.FUNCTION_FAILED if isinstance(value, Failure) else events.FUNCTION_COMPLETED
        return answer._replace(kind=kind, payload=encode(value))
    raise invalid(f"result of {name!r}: that is {answer.kind}; expected a step, or a call of a function")
