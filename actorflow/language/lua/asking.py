"""Ops: what the prelude yields, as the machine's ops.

Operands are numbers, booleans and bytes that the prelude has checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actorflow.codec import decode
from actorflow.errors import CANCELED, Failure
from actorflow.language.lua.handle import Handles, Slot
from actorflow.machine.op import Op
from actorflow.machine.request import Future
from actorflow.machine.timing import Timer
from actorflow.ports import Outcome, SpawnRequest

OpTuple = tuple[Any, ...]
_NONE: Final = b"\xa0"
"""An empty map: most calls have no options, and it is known without decoding it."""


def _returned(_handles: Handles, op: int, data: bytes) -> OpTuple:
    return (op, decode(data))


def _raised(_handles: Handles, op: int, data: bytes, fatal: bool = False) -> OpTuple:  # noqa: FBT001, FBT002 - operands
    failure = decode(data)
    return (op, failure if isinstance(failure, Failure) else Failure(str(failure)), fatal)


def _bare(_handles: Handles, *op: Any) -> OpTuple:
    return op


def _on_thing(handles: Handles, op: int, number: int, *operands: Any) -> OpTuple:
    return (op, handles.thing(number), *operands)


def _received(handles: Handles, op: int, number: int) -> OpTuple:
    """Return the very same op for the same channel again: who receives from its inbox parks with that."""
    known, receive = handles.receiving
    if number == known:
        return receive
    receive = (op, handles.thing(number))
    handles.receiving = (number, receive)
    return receive


def _on_timer(handles: Handles, op: int, number: int, *operands: Any) -> OpTuple:
    thing = handles.thing(number)
    return (op, thing if type(thing) is Timer else Timer(), *operands)


def _on_future(handles: Handles, op: int, number: int) -> OpTuple:
    thing = handles.thing(number)
    return (op, thing if type(thing) is Future else _given_up())


def _given_up() -> Future:
    """Return what stands for a future of an earlier call."""
    future = Future(0)
    future.state = "canceled"
    future.outcome = Outcome(failure=Failure("the call that made this future has ended", CANCELED, retryable=False))
    return future


def _spawned_task(_handles: Handles, op: int, slot: int, owned: bool = False) -> OpTuple:  # noqa: FBT001, FBT002
    return (op, Slot(slot), owned)


def _sent(handles: Handles, op: int, number: int, slot: int) -> OpTuple:
    return (op, handles.thing(number), Slot(slot))


def _select(handles: Handles, op: int, has_default: bool, *flat: Any) -> OpTuple:  # noqa: FBT001 - an operand
    cases = [
        (handles.thing(flat[place]), flat[place + 1], Slot(flat[place + 2]) if flat[place + 1] else None)
        for place in range(0, len(flat), 3)
    ]
    return (op, cases, has_default)


def _listened(_handles: Handles, op: int, topic: bytes, as_message: bool) -> OpTuple:  # noqa: FBT001 - an operand
    return (op, topic.decode(), as_message)


def _subscribed(handles: Handles, op: int, topic: bytes, number: int) -> OpTuple:
    return (op, topic.decode(), handles.thing(number))


def _called(_handles: Handles, op: int, target: bytes, args: bytes, options: bytes) -> OpTuple:
    return (op, target.decode(), tuple(decode(args)), {} if options == _NONE else decode(options))


def _spawned(_handles: Handles, op: int, request: bytes, args: bytes) -> OpTuple:
    plain = decode(request)
    made = SpawnRequest(
        entry=plain["entry"],
        host=plain["host"],
        args=tuple(decode(args)),
        name=plain.get("name", ""),
        messages=tuple((topic, tuple(payloads)) for topic, payloads in plain.get("messages", ())),
        context=plain.get("context", {}),
        options=plain.get("options", {}),
        monitor=plain["monitor"],
        link=plain["link"],
    )
    return (op, made)


def _message(_handles: Handles, op: int, dest: bytes, topic: bytes, payloads: bytes) -> OpTuple:
    return (op, dest.decode(), topic.decode(), tuple(decode(payloads)))


def _controlled(_handles: Handles, op: int, verb: bytes, target: bytes, detail: bytes) -> OpTuple:
    return (op, verb.decode(), target.decode(), decode(detail))


def text_of(data: bytes) -> str | bytes:
    """Return what Lua's string is in a message: text where it is UTF-8, as its codec does it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _texts(_handles: Handles, op: int, *texts: bytes) -> OpTuple:
    return (op, *[text.decode() for text in texts])


def _option_set(_handles: Handles, op: int, name: bytes, value: bytes) -> OpTuple:
    return (op, name.decode(), decode(value))


def _performed(_handles: Handles, op: int, operation: bytes, args: bytes, *first: bytes) -> OpTuple:
    return (op, operation.decode(), (*[text.decode() or None for text in first], *decode(args)))


OPS: Final[dict[int, Callable[..., OpTuple]]] = {
    **dict.fromkeys((Op.YIELD, Op.CHANNEL, Op.INBOX, Op.EVENTS, Op.SLEEP, Op.AFTER, Op.TIMER, Op.TICKER), _bare),
    Op.TIMEOUT_ENTER: _bare,
    Op.SHIELD: _bare,
    Op.ATTACH: lambda _handles, op, topic, size: (op, topic.decode(), size),
    **dict.fromkeys((Op.CLOSE, Op.UNLISTEN, Op.UNSUBSCRIBE), _on_thing),
    **dict.fromkeys((Op.CANCEL_TASK, Op.TIMEOUT_EXIT), _on_thing),
    **dict.fromkeys((Op.TIMER_STOP, Op.TIMER_RESET), _on_timer),
    **dict.fromkeys((Op.FUTURE_CANCEL, Op.FUTURE_STATE), _on_future),
    **dict.fromkeys((Op.CALL, Op.ASYNC), _called),
    **dict.fromkeys((Op.SPAWN, Op.EXEC), _spawned),
    **dict.fromkeys((Op.NAME, Op.GET_OPTION, Op.CHANGES), _texts),
    Op.RECEIVE: _received,
    Op.RETURN: _returned,
    Op.RAISE: _raised,
    Op.SPAWN_TASK: _spawned_task,
    Op.SEND: _sent,
    Op.SELECT: _select,
    Op.LISTEN: _listened,
    Op.SUBSCRIBE: _subscribed,
    Op.SEND_MESSAGE: _message,
    Op.CONTROL: _controlled,
    Op.SET_OPTION: _option_set,
    Op.PERFORM: _performed,
}
"""How the operands of each op become those of the machine: converter(handles, op, operands…)."""
