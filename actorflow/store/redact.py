"""Capsules whose values are withheld: what a run did can still be seen, what it did it with cannot.

Kinds, names, targets, topics, times, digests and the checksums of the journal stay. Of values, the shape stays: maps
keep their keys, lists their length. The digest of a value is salted with the run id, which a capsule has: a short value
can be guessed from it. Who fears that puts the file under a key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final

from actorflow.codec import decode, encode
from actorflow.errors import Error, Failure
from actorflow.run import event as events
from actorflow.run.event import SCRUBBED, JournalEvent
from actorflow.run.token import TAKEN_OVER
from actorflow.store.capsule import UNBOUNDED, Capsule

REDACTED: Final = "<redacted>"
_WHOLE: Final = frozenset(
    {
        *(events.TIMER_STARTED, events.TIMER_FIRED, events.VERSION_MARKED, events.STEP_STARTED, events.NAME_USED),
        *(events.RUN_RETRIED, events.RUN_RELEASED, events.RUN_REPINNED, events.RUN_ACCEPTED, events.REQUEST_DROPPED),
    }
)
"""Events that hold no values of the script."""
_OF_START: Final = frozenset({"args", "context", "unread"})
_OF_OPTIONS: Final = frozenset({"memo", "search", "tokens", "summary", "details", "args", "messages"})
_OF_SPAWN: Final = frozenset({"args", "messages", "context"})
_OF_STEP: Final = frozenset({"value"})
_OF_EXIT: Final = frozenset({"result"})
_OF_CONTINUED: Final = frozenset({"args"})
_PERMIT: Final = "permit"
_ATTEMPTED: Final = frozenset({events.FUNCTION_COMPLETED, events.FUNCTION_FAILED})
Blanking = Callable[[Any], Any]


def redacted(capsule: Capsule, keys: Collection[str] = ()) -> Capsule:
    """Return a capsule without its values; with `keys` only those under these keys of maps are withheld."""
    wanted = frozenset(keys)
    blanked: Blanking = (lambda value: _under(value, wanted)) if wanted else blank
    held = capsule.held
    journal = [_event(event, blanked, whole=not wanted) for event in held.events]
    altered = {new.seq for old, new in zip(held.events, journal, strict=True) if old != new}
    row = replace(held.row, result=held.row.result and _value(held.row.result, blanked), waits=b"")
    inbox = [replace(item, payload=_value(item.payload, blanked)) for item in held.inbox]
    calls = [replace(call, failure=b"", details=b"") for call in held.calls]
    states = list(capsule.states)
    if not wanted:
        row = replace(row, reason=row.reason and REDACTED)
        states = [replace(change, reason=change.reason and REDACTED) for change in states]
    return replace(
        capsule,
        held=replace(held, row=row, events=journal, inbox=inbox, calls=calls),
        states=states,
        documents=[replace(document, value=_value(document.value, blanked)) for document in capsule.documents],
        altered=capsule.altered | altered,
        redacted=True,
    )


def blank(value: Any) -> Any:
    """Return a value of the same shape that says nothing."""
    if isinstance(value, Failure):
        return replace(value, message=REDACTED, details=None, stack="")
    if isinstance(value, dict):
        return {key: blank(item) for key, item in value.items()}
    if isinstance(value, list):
        return [blank(item) for item in value]
    for kind, nothing in ((bool, False), (int, 0), (float, 0.0), (bytes, b"")):
        if isinstance(value, kind):
            return nothing
    return None if value is None else REDACTED


def _under(value: Any, keys: frozenset[str]) -> Any:
    """Return a value in which what these keys of maps hold says nothing."""
    if isinstance(value, dict):
        return {key: blank(item) if key in keys else _under(item, keys) for key, item in value.items()}
    if isinstance(value, list):
        return [_under(item, keys) for item in value]
    if isinstance(value, Failure) and value.details:
        return replace(value, details=_under(value.details, keys))
    return value


def _value(data: bytes, blanked: Blanking) -> bytes:
    if not data:
        return data
    try:
        return encode(blanked(decode(data)), UNBOUNDED)
    except Error:
        return b""


def _event(event: JournalEvent, blanked: Blanking, *, whole: bool) -> JournalEvent:
    drawn = _undrawn(event.drawn) if whole else event.drawn
    if whole and event.target and event.kind in _ATTEMPTED:
        event = event._replace(target=_attempts(event.target))
    if event.kind in _WHOLE or not event.payload:
        return event._replace(drawn=drawn)
    payload = encode(_said(event, decode(event.payload), blanked), UNBOUNDED)
    return event._replace(payload=payload, drawn=drawn)


def _said(event: JournalEvent, payload: Any, blanked: Blanking) -> Any:
    if event.kind == events.TOKEN_SET and isinstance(payload, dict) and "value" in payload:
        return _token(event.target, payload, blanked)
    return _PARTS.get(event.kind, _all)(payload, blanked)


def _attempts(target: str) -> str:
    """Return what an answer keeps of its attempts without the message of the last failure."""
    try:
        told = json.loads(target)
        return json.dumps({name: value for name, value in told.items() if name != "message"}, separators=(",", ":"))
    except (ValueError, AttributeError):
        return ""


def _undrawn(drawn: bytes) -> bytes:
    """Return what a feed drew as zeros: a replay looks at kind and size only."""
    if not drawn or drawn[:1] == SCRUBBED:
        return drawn
    return encode([[kind, data if kind == _PERMIT else bytes(len(data))] for kind, data in decode(drawn)], UNBOUNDED)


def _all(payload: Any, blanked: Blanking) -> Any:
    return blanked(payload)


def _fields(names: frozenset[str]) -> Callable[[Any, Blanking], Any]:
    def part(payload: Any, blanked: Blanking) -> Any:
        if not isinstance(payload, dict):
            return blanked(payload)
        return {name: blanked({name: value})[name] if name in names else value for name, value in payload.items()}

    return part


def _started(payload: Any, blanked: Blanking) -> Any:
    started = _fields(_OF_START)(payload, blanked)
    if isinstance(started, dict) and "options" in started:
        started["options"] = _fields(_OF_OPTIONS)(started["options"], blanked)
    if isinstance(started, dict) and TAKEN_OVER in started:
        started[TAKEN_OVER] = {key: _token(key, entry, blanked) for key, entry in started[TAKEN_OVER].items()}
    return started


def _token(key: str, entry: Any, blanked: Blanking) -> Any:
    """Blank the value of a token, which is also withheld by the token's key; where it came from stays."""
    return {**entry, "value": blanked({key: entry["value"]})[key]}


def _call(payload: Any, blanked: Blanking) -> Any:
    """Blank the arguments of a call, and keep its options."""
    return [blanked(payload[0]), *payload[1:]]


def _message(payload: Any, blanked: Blanking) -> Any:
    """Blank what a message holds, and keep whom it is from or what it is about."""
    return [payload[0], blanked(payload[1])]


_PARTS: Final[dict[str, Callable[[Any, Blanking], Any]]] = {
    events.RUN_STARTED: _started,
    events.FUNCTION_CALLED: _call,
    events.OPERATION_PERFORMED: _call,
    events.MESSAGE_RECEIVED: _message,
    events.MESSAGE_SENT: _message,
    events.PROCESS_SPAWNED: _fields(_OF_SPAWN),
    events.PROCESS_EXITED: _fields(_OF_EXIT),
    events.STEP_COMPLETED: _fields(_OF_STEP),
    events.RUN_CONTINUED: _fields(_OF_CONTINUED),
}
