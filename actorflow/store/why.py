"""Why a run is where it is: what an open run waits for, the next wake-up first.

Most of it is in the store. Which call is being attempted right now, which slot it waits for and where in the script
its tasks stand is known to whoever has the run in memory, or replays it; that one says so with `Told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from actorflow.clock import instant_of
from actorflow.codec import decode
from actorflow.errors import Error, Failure
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, superseded
from actorflow.run.lock import is_lock, key_of
from actorflow.run.row import Wanted
from actorflow.run.state import CREATED, PAUSED, PENDING
from actorflow.run.step import step_of
from actorflow.run.turn import EXPIRY, NEVER, RELEASE, CallRow, OpenRun
from actorflow.store.control import Pause, pause_of
from actorflow.store.unanswered import reasons_of

MESSAGE: Final = "waiting for a message"
_NOW: Final = 0
_LATER: Final = 2**63
_NAMED: Final = 5
_SETTLING: Final = frozenset(
    {
        events.FUNCTION_COMPLETED,
        events.FUNCTION_FAILED,
        events.TIMER_FIRED,
        events.REQUEST_SETTLED,
        events.REQUEST_DROPPED,
    }
)
ASKING: Final = {
    events.FUNCTION_CALLED: "call {target}",
    events.PROCESS_SPAWNED: "child {target}",
    events.MESSAGE_SENT: "send to {target}",
    events.PROCESS_CONTROLLED: "request to {target}",
    events.NAME_USED: "name {target}",
    events.OPERATION_PERFORMED: "operation {target}",
    events.UPDATE_ANSWERED: "answer to update {target}",
    events.APPROVAL_ASKED: "approval {target}",
    events.STATE_AWAITED: "state of workflow {target}",
    events.RUN_SUSPENDED: "suspended until it is resumed: {target}",
}
"""What a record asks for, in words; `target` is the record's."""
_WAYS: Final = {
    events.APPROVAL_ASKED: "answer it with `actorflow approve`",
    events.RUN_SUSPENDED: "`actorflow run wake` lets it go on",
}
_OUT: Final = "ways out: `actorflow run resume`, or `cancel`, `terminate`, `fork`"


@dataclass(frozen=True)
class Told:
    """What is known of a run beside its store.

    Attributes:
        hosted: whether its host runs; None when nobody is asked.
        calls: request number → how far the call is, of those that are attempted or wait for a slot.
        unserved: in words, that its host does not serve its queue; "" when it does, or nobody knows.
        tasks: what each task of its script waits for: `file:line  wait`, see `Machine.waits`.
        handlers: the names of the updates that its script answers, None when nobody knows.
    """

    hosted: bool | None = None
    calls: Mapping[int, str] = field(default_factory=dict)
    tasks: Sequence[str] = ()
    unserved: str = ""
    handlers: Sequence[str] | None = None


class _Reason(NamedTuple):
    """When something is to happen (Unix nanoseconds, `_NOW`, `_LATER`), the request it answers, and the text."""

    due: int
    ref: int
    text: str


def reasons(held: OpenRun, told: Told, wanted: Sequence[Wanted] = ()) -> list[str]:
    """Return why an open run is where it is; one that waits for nothing that is known gets no reason.

    `wanted` are the ids and lock keys that it waits for.
    """
    gone = superseded(held.events)
    held = replace(held, events=[event for event in held.events if event.seq not in gone])
    places = _places(told.tasks)
    lines = list(_state(held, _awaited(wanted) or told.unserved))
    if told.hosted is False and held.row.state != PAUSED:
        lines.append(f"its host {held.row.host} does not run: `actorflow services` shows why")
    if held.inbox:
        lines.append(f"to be taken in with the next turn: {', '.join(row.kind for row in held.inbox[:_NAMED])}")
    found = sorted(_requests(held, told))
    lines += [_placed(reason, places) for reason in found]
    known = {reason.ref for reason in found} | _pauses(held)
    return lines + [text for task in told.tasks if (text := _task(task, known))]


def _state(held: OpenRun, awaited: str) -> Iterator[str]:
    row = held.row
    if row.state in {CREATED, PENDING}:
        yield f"{row.state}: {awaited or (row.state == CREATED and row.reason) or 'it waits for its next turn'}"
    if row.state == PAUSED:
        yield from _paused(pause_of(row.waits), row.reason)


def _awaited(wanted: Sequence[Wanted]) -> str:
    """Name what a run that stands in line waits for: what somebody holds, else what another one is before it for."""
    if not wanted or not wanted[0].ready:
        return ""
    key = next((want.key for want in wanted if want.holder), wanted[0].key)
    return f"waits for lock {key_of(key)}" if is_lock(key) else "waits for its workflow id to be free"


def _paused(pause: Pause, reason: str) -> Iterator[str]:
    causes = list(pause.reasons) or [reason or "by hand"]
    who = f" by {pause.by}" if pause.by else ""
    yield from (f"paused{who}: {cause}" for cause in causes)
    if not any("ways out" in cause for cause in causes):
        yield _OUT


# ---- requests, timers and calls ------------------------------------------------------------------------------------


def _requests(held: OpenRun, told: Told) -> Iterator[_Reason]:
    asked = _open_requests(held.events)
    due = {ref: due for ref, due in held.timers if due < NEVER}
    calls = {call.ref: call for call in held.calls if call.ref in asked}
    for ref, event in asked.items():
        text = _asked(event.kind, event.ref, event.target, event.payload)
        if event.kind == events.TIMER_STARTED:
            yield _Reason(due.get(ref, _LATER), ref, _timer(event, due.get(ref)))
        elif ref in told.calls:
            yield _Reason(_NOW, ref, f"{text} {told.calls[ref]}")
        elif ref in calls:
            yield _called(calls[ref], event, text)
        elif event.kind == events.APPROVAL_ASKED and (deadline := _deadline(event)):
            yield _Reason(deadline, ref, f"{text} until {instant_of(deadline)}{_way(event.kind)}")
        else:
            yield _Reason(_LATER, ref, text + _way(event.kind))
    for ref in due.keys() - asked.keys():
        if ref > RELEASE:  # one that fires again and again
            yield _Reason(due[ref], ref, f"timer {ref} due at {instant_of(due[ref])}")
    if RELEASE in due:
        word = "may begin from" if told.unserved else "begins at"
        yield _Reason(due[RELEASE], RELEASE, f"{word} {instant_of(due[RELEASE])}{' on' if told.unserved else ''}")
    if EXPIRY in due:
        yield _Reason(due[EXPIRY], EXPIRY, f"fails at {instant_of(due[EXPIRY])}: its time is over then")
    yield from (_Reason(_LATER, 0, text) for text in reasons_of(held, told.handlers))


def _timer(event: JournalEvent, due: int | None) -> str:
    name = f"{event.target} (timer {event.ref})" if event.target else f"timer {event.ref}"
    return f"{name} due at {instant_of(due)}" if due is not None else f"{name}, which something else sets"


def _called(call: CallRow, event: JournalEvent, text: str) -> _Reason:
    if call.begun:
        details = f": {_decoded(call.details)!r:.200}" if call.details else ""
        told = f"{text}, attempt {call.attempt}, last heard of at {instant_of(call.begun)}{details}"
        return _Reason(_NOW, call.ref, told)
    failure = _decoded(call.failure)
    because = f" after: {failure.message}" if isinstance(failure, Failure) else ""
    told = f"call {event.target} attempt {call.attempt} at {instant_of(call.due)}{because}"
    return _Reason(call.due, call.ref, told)


def asked_for(kind: str, ref: int, target: str, payload: bytes) -> str:
    """Return in words what a record asks for, and how somebody may answer it."""
    return _asked(kind, ref, target, payload) + _way(kind)


def _asked(kind: str, ref: int, target: str, payload: bytes) -> str:
    name = step_of(kind, target, _decoded(payload))
    what = f"step {name}: " if name else ""
    return what + ASKING.get(kind, kind).format(target=target) + f" (request {ref})"


def _deadline(event: JournalEvent) -> int:
    """Return when an approval expires, 0 for never."""
    asked = _decoded(event.payload)
    return int(asked.get("deadline") or 0) if isinstance(asked, dict) else 0


def _way(kind: str) -> str:
    way = _WAYS.get(kind)
    return f"; {way}" if way else ""


def _open_requests(journal: Iterable[JournalEvent]) -> dict[int, JournalEvent]:
    """Return what the script asked and nobody has answered yet."""
    asked: dict[int, JournalEvent] = {}
    for event in journal:
        if event.kind in ASKING or event.kind == events.TIMER_STARTED:
            asked[event.ref] = event
        elif event.kind in _SETTLING or (event.kind == events.PROCESS_EXITED and event.ref):
            asked.pop(event.ref, None)
    return {ref: event for ref, event in asked.items() if event.kind != events.UPDATE_ANSWERED}


def _pauses(held: OpenRun) -> set[int]:
    """Return the requests of a script to pause: why it is paused has been said."""
    return {event.ref for event in held.events if event.kind == events.PAUSE_REQUESTED}


# ---- where the script stands ---------------------------------------------------------------------------------------


def _places(tasks: Iterable[str]) -> dict[int, str]:
    """Return where in the script each request is waited for."""
    found = {}
    for task in tasks:
        place, _, wait = task.rpartition("  ")
        word, _, number = wait.partition(" ")
        if place and word == "request" and number.isdecimal():
            found[int(number)] = place
    return found


def _placed(reason: _Reason, places: Mapping[int, str]) -> str:
    place = places.get(reason.ref)
    return f"{reason.text}, at {place}" if place else reason.text


def _task(task: str, known: Iterable[int]) -> str:
    """Return what a task waits for that no request says; "" for one that is said already."""
    place, _, wait = task.rpartition("  ")
    word, _, rest = wait.partition(" ")
    at = f", at {place}" if place else ""
    if word == "request":
        return "" if not rest.isdecimal() or int(rest) in known else wait + at
    if word in {"ready", "join"}:
        return "" if word == "join" else f"ready to go on{at}"
    if word == "topic":
        return f"message: {wait}{at}"
    return f"{wait}{at}"


def _decoded(data: bytes) -> Any:
    try:
        return decode(data) if data else None
    except Error as error:
        return f"<{error.message}>"
