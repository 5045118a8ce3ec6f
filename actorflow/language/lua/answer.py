"""Answers: what the machine says, as the operands with which the prelude resumes a task.

The first operand is a tag: 0 nil, 1 a scalar, 2 CBOR, 3 a slot, 4 an object (class, handle, handle of its channel),
5 a message (topic, sender, and either True and its only payload, a scalar, or False and all payloads as CBOR),
6 a failure, 7 a closed channel, 8 a select (index, open, then tag and operands), 9 the state of a future (word, then
tag and operands), 10 a map of the same runtime, which was handed over; of a message it stands after 2 in place of True.
"""

from __future__ import annotations

from typing import Any, Final

from actorflow.codec import encode, encode_copied
from actorflow.errors import Failure
from actorflow.language.lua.handle import Handles, Slot
from actorflow.machine.channel import Channel
from actorflow.machine.request import Future
from actorflow.machine.task import Task
from actorflow.machine.timing import Scope, Timer
from actorflow.message import Message
from actorflow.ports import Carried, Identity

Operands = tuple[Any, ...]

NOTHING: Final[Operands] = (0,)
_CLOSED: Final[Operands] = (7,)
_SCALARS: Final = frozenset({bool, int, float, bytes})
_SELECT: Final = 3


def operands(handles: Handles, value: Any) -> Operands:  # noqa: PLR0911 - one return a form, the common ones first
    """Return a plain answer, one of RECEIVE (item, open), or one of SELECT (index, item, open)."""
    kind = type(value)
    if kind is tuple and type(value[0]) is Message:
        return _message(value[0])
    if value is None:
        return NOTHING
    if kind in _SCALARS:
        return (1, value)
    if kind is str:
        return (1, value.encode("utf-8", "surrogatepass"))
    if kind is Slot:
        return (3, value.number)
    if kind is tuple:
        if len(value) == _SELECT:
            return (8, value[0], value[2], *operands(handles, value[1]))
        return operands(handles, value[0]) if value[1] else _CLOSED
    if kind is Message:
        return _message(value)
    if kind is Carried:
        return (10, value.value)
    return _object(handles, value)


def _message(message: Message) -> Operands:
    topic, sender = message.topic.encode(), message.sender.encode()
    if message._payloads is None:  # noqa: SLF001 - the property would make a tuple of each
        only = message.payload
        kind = type(only)
        if kind in _SCALARS:
            return (5, topic, sender, True, only)
        if kind is str:
            return (5, topic, sender, True, only.encode())
        if kind is Carried:
            return (5, topic, sender, 2, only.value)
    return (5, topic, sender, False, encode_copied(list(message.payloads)))


def _object(handles: Handles, value: Any) -> Operands:
    kind = type(value)
    if kind is Channel:
        return (4, 1, handles.number(value))
    if kind is Timer:
        return (4, 2, handles.number(value), handles.number(value.channel))
    if kind is Future:
        return (4, 3, handles.number(value), handles.number(value.channel))
    if kind is Task:  # the prelude has its coroutine, and needs no more of one that nobody is going to cancel
        return (4, 4, handles.number(value)) if value.owned else NOTHING
    if kind is Scope:
        return (4, 4, handles.number(value))
    return (2, encode_copied(value))


def stated(handles: Handles, value: tuple[str, Any]) -> Operands:
    """Return an answer of FUTURE_STATE (word, value)."""
    return (9, value[0].encode(), *operands(handles, value[1]))


def failed(failure: Failure) -> Operands:
    """Return a failure as an answer."""
    return (6, encode_copied(failure))


def identity_bytes(identity: Identity) -> bytes:
    """Return who a process is, encoded."""
    return encode(
        {
            "pid": identity.pid,
            "entry": identity.entry,
            "host": identity.host,
            "context": dict(identity.context),
            "durable": identity.durable,
            "parent": identity.parent,
            "workflow": dict(identity.workflow),
        }
    )
