"""One running Lua script: translates between its yields and the machine's ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode, encode, encode_copied
from actorflow.errors import Error, Failure, failure_of, invalid
from actorflow.machine.channel import Channel
from actorflow.machine.op import Op
from actorflow.machine.request import Future
from actorflow.machine.task import Task
from actorflow.machine.timing import Timer
from actorflow.message import Message
from actorflow.notice import Notice
from actorflow.ports import Identity, Mode, SpawnRequest
from actorflow.value import Opaque, copy_value

if TYPE_CHECKING:
    from actorflow.language.lua.language import LuaProgram
    from actorflow.machine.machine import Machine

_FIRST_SWEEP: Final = 256
_NOTHING: Final[tuple[Any, ...]] = (0,)


class Slot:
    """A Lua value that stays inside its process: the number of the slot that holds it."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Running:
    """One instance of a program (`ports.Script`). A task's handle is its number.

    Attributes:
        machine: the machine it runs in. loading: whether its entry function has not begun yet.
    """

    __slots__ = ("_failure", "_handles", "_ids", "_next", "_number", "_program", "_sweep", "last", "machine")

    def __init__(self, program: LuaProgram, machine: Machine) -> None:
        """Open an instance in the program's runtime."""
        self._program = program
        self.machine = machine
        self._handles: dict[int, Any] = {}
        self._ids: dict[int, int] = {}
        self._next = 1
        self._sweep = _FIRST_SWEEP
        self._failure: BaseException | None = None
        self.last: dict[int, Op] = {}
        self._number = program.runtime.new_instance(self)

    # ---- ports.Script ------------------------------------------------------------------------------------------

    def start(self, args: tuple[Any, ...]) -> int:
        """Return the main task; nothing of the script runs yet."""
        program = self._program
        return program.runtime.start(self._number, program.plan, program.method, encode(list(args)))

    def spawn(self, function: Slot) -> int:
        """Return a task that runs a function of the script."""
        return self._program.runtime.spawn(self._number, function.number)

    def resume(self, handle: int, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op; see `ports.Script.resume`."""
        last = self.last.get(handle)
        if mode is Mode.VALUE:
            given = _ANSWERS.get(last, _plain)(self, value) if last is not None else _NOTHING
        else:
            given = (6, encode_copied(value))
        try:
            answer = self._program.runtime.step(self._number, handle, int(mode), *given)
        except Exception as error:  # noqa: BLE001 - e.g. no memory left in the runtime: this process's end
            return (Op.RAISE, failure_of(error))
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if type(answer) is not tuple:
            answer = (answer,)
        op = answer[0]
        self.last[handle] = op
        try:
            return _OPS[op](self, *answer)
        except Error as error:
            return self.resume(handle, Mode.FAILURE, error.failure)

    def discard(self, handle: int) -> None:
        """Drop a task."""
        self._program.runtime.discard(self._number, handle)

    def close(self) -> None:
        """Drop the instance."""
        self._program.runtime.end_instance(self._number)
        self._handles.clear()
        self._ids.clear()

    def where(self, handle: int) -> str:
        """Return `file:line` of the line a waiting task stands on."""
        return self._program.runtime.where(self._number, handle).decode(errors="replace")

    # ---- what the prelude asks at once -------------------------------------------------------------------------

    def identity(self) -> bytes:
        """Return who the process is, encoded."""
        return encode(_identity(self.machine.driver.identity))

    def draw(self, kind: str, size: int) -> bytes:
        """Return random bytes; what the driver raises is kept until the script has yielded, for Lua must not see it."""
        try:
            return self.machine.driver.draw(kind, size)
        except Exception as error:  # noqa: BLE001 - raised again by `resume`
            self._failure = error
            return bytes(size)

    def dropped(self, path: str) -> None:
        """Tell that an object could not leave the process."""
        self.machine.driver.notice(Notice("value-dropped", f"{path}: it cannot leave its process, sent as nil"))

    # ---- handles: the machine's objects, by number ---------------------------------------------------------------

    def handle(self, thing: Any) -> int:
        """Return the number of one of the machine's objects, the same each time while Lua holds it."""
        number = self._ids.get(id(thing))
        if number is None:
            if len(self._handles) >= self._sweep:
                self._forget_released()
            number = self._next
            self._next += 1
            self._handles[number] = thing
            self._ids[id(thing)] = number
        return number

    def thing(self, number: int) -> Any:
        """Return the object of a number."""
        return self._handles[number]

    def _forget_released(self) -> None:
        for number in self._program.runtime.released(self._number).split(b","):
            thing = self._handles.pop(int(number), None) if number else None
            if thing is not None:
                del self._ids[id(thing)]
        self._sweep = max(_FIRST_SWEEP, 2 * len(self._handles))


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "pid": identity.pid,
        "entry": identity.entry,
        "host": identity.host,
        "context": dict(identity.context),
        "durable": identity.durable,
        "parent": identity.parent,
        "workflow": dict(identity.workflow),
    }


# ---- answers: what the machine says, as operands of the prelude's `from` ---------------------------------------------


def _plain(running: Running, value: Any) -> tuple[Any, ...]:
    kind = type(value)
    if value is None:
        return _NOTHING
    if kind is bool or kind is int or kind is float or kind is bytes:
        return (1, value)
    if kind is str:
        return (1, value.encode("utf-8", "surrogatepass"))
    if kind is Slot:
        return (3, value.number)
    if kind is Message:
        return (5, value.topic.encode(), value.sender.encode(), encode_copied(list(value.payloads)))
    if kind is Channel:
        return (4, 1, running.handle(value))
    if kind is Timer:
        return (4, 2, running.handle(value), running.handle(value.channel))
    if kind is Future:
        return (4, 3, running.handle(value), running.handle(value.channel))
    if isinstance(value, Opaque):
        return (4, 4, running.handle(value))
    if kind is Identity:
        return (2, encode(_identity(value)))
    return (2, encode_copied(value))


def _received(running: Running, value: tuple[Any, bool]) -> tuple[Any, ...]:
    return _padded(_plain(running, value[0]), value[1])


def _selected(running: Running, value: tuple[int, Any, bool]) -> tuple[Any, ...]:
    return (*_padded(_plain(running, value[1]), value[2]), value[0])


def _stated(running: Running, value: tuple[str, Any]) -> tuple[Any, ...]:
    return _padded(_plain(running, value[1]), value[0].encode())


def _padded(given: tuple[Any, ...], ok: Any) -> tuple[Any, ...]:
    return (*given, *(None,) * (4 - len(given)), ok)


_ANSWERS: Final[dict[Op, Callable[[Running, Any], tuple[Any, ...]]]] = {
    Op.RECEIVE: _received,
    Op.SELECT: _selected,
    Op.FUTURE_STATE: _stated,
}


# ---- ops: what the prelude yields, as the machine's ops ----------------------------------------------------------------


def _text(data: Any) -> str:
    if not isinstance(data, bytes):
        raise invalid(f"expected text, got {data!r}")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise invalid("expected text, got bytes that are not UTF-8") from None


def _returned(_running: Running, _op: int, data: bytes) -> tuple[Any, ...]:
    return (Op.RETURN, decode(data))


def _raised(_running: Running, _op: int, data: bytes) -> tuple[Any, ...]:
    failure = decode(data)
    return (Op.RAISE, failure if isinstance(failure, Failure) else Failure(str(failure)))


def _bare(_running: Running, op: int, *operands: Any) -> tuple[Any, ...]:
    return (Op(op), *operands)


def _on_thing(running: Running, op: int, number: int, *operands: Any) -> tuple[Any, ...]:
    return (Op(op), running.thing(number), *operands)


def _spawned_task(_running: Running, _op: int, slot: int) -> tuple[Any, ...]:
    return (Op.SPAWN_TASK, Slot(slot), False)


def _sent(running: Running, _op: int, number: int, slot: int) -> tuple[Any, ...]:
    return (Op.SEND, running.thing(number), Slot(slot))


def _select(running: Running, _op: int, has_default: bool, *flat: Any) -> tuple[Any, ...]:  # noqa: FBT001 - an operand
    cases = [
        (running.thing(flat[place]), flat[place + 1], Slot(flat[place + 2]) if flat[place + 1] else None)
        for place in range(0, len(flat), 3)
    ]
    return (Op.SELECT, cases, has_default)


def _listened(_running: Running, _op: int, topic: bytes, as_message: bool) -> tuple[Any, ...]:  # noqa: FBT001 - an operand
    return (Op.LISTEN, _text(topic), as_message)


def _subscribed(running: Running, _op: int, topic: bytes, number: int) -> tuple[Any, ...]:
    return (Op.SUBSCRIBE, _text(topic), running.thing(number))


def _called(_running: Running, op: int, target: bytes, args: bytes, options: bytes) -> tuple[Any, ...]:
    return (Op(op), _text(target), tuple(decode(args)), _map(decode(options)))


def _map(value: Any) -> dict[str, Any]:
    return {} if value == [] else value


def _spawned(_running: Running, op: int, request: bytes, args: bytes, messages: bytes) -> tuple[Any, ...]:
    plain = decode(request)
    pairs = tuple((topic, tuple(payloads)) for topic, payloads in decode(messages))
    made = SpawnRequest(
        entry=plain["entry"],
        host=plain["host"],
        args=tuple(decode(args)),
        name=plain.get("name") or "",
        messages=pairs,
        context=_map(plain.get("context") or {}),
        options=_map(plain.get("options") or {}),
        monitor=plain["monitor"],
        link=plain["link"],
    )
    return (Op(op), made)


def _message(_running: Running, _op: int, dest: bytes, topic: bytes, payloads: bytes) -> tuple[Any, ...]:
    return (Op.SEND_MESSAGE, _text(dest), _text(topic), tuple(decode(payloads)))


def _controlled(_running: Running, _op: int, verb: bytes, target: bytes, detail: bytes) -> tuple[Any, ...]:
    return (Op.CONTROL, _text(verb), _text(target), decode(detail))


def _named(_running: Running, _op: int, verb: bytes, name: bytes, pid: bytes) -> tuple[Any, ...]:
    return (Op.NAME, _text(verb), _text(name), _text(pid))


def _option_set(_running: Running, _op: int, name: bytes, value: bytes) -> tuple[Any, ...]:
    return (Op.SET_OPTION, _text(name), decode(value))


def _option_read(_running: Running, _op: int, name: bytes) -> tuple[Any, ...]:
    return (Op.GET_OPTION, _text(name))


def _performed(_running: Running, _op: int, operation: bytes, first: bytes, args: bytes) -> tuple[Any, ...]:
    return (Op.PERFORM, _text(operation), (_text(first) or None, *copy_value(decode(args))))


def _noted(_running: Running, _op: int, level: bytes, text: bytes, fields: bytes) -> tuple[Any, ...]:
    return (Op.NOTE, _text(level), text.decode(errors="replace"), _map(decode(fields)))


_OPS: Final[dict[int, Callable[..., tuple[Any, ...]]]] = {
    **dict.fromkeys((Op.CHANNEL, Op.INBOX, Op.EVENTS, Op.YIELD), _bare),
    **dict.fromkeys((Op.SLEEP, Op.AFTER, Op.TIMER, Op.TICKER, Op.IDENTITY), _bare),
    **dict.fromkeys((Op.RECEIVE, Op.CLOSE, Op.UNLISTEN, Op.UNSUBSCRIBE, Op.JOIN, Op.CANCEL_TASK), _on_thing),
    **dict.fromkeys((Op.TIMER_STOP, Op.TIMER_RESET, Op.FUTURE_CANCEL, Op.FUTURE_STATE), _on_thing),
    Op.RETURN: _returned,
    Op.RAISE: _raised,
    Op.SPAWN_TASK: _spawned_task,
    Op.SEND: _sent,
    Op.SELECT: _select,
    Op.LISTEN: _listened,
    Op.SUBSCRIBE: _subscribed,
    Op.CALL: _called,
    Op.ASYNC: _called,
    Op.SPAWN: _spawned,
    Op.EXEC: _spawned,
    Op.SEND_MESSAGE: _message,
    Op.CONTROL: _controlled,
    Op.NAME: _named,
    Op.SET_OPTION: _option_set,
    Op.GET_OPTION: _option_read,
    Op.PERFORM: _performed,
    Op.NOTE: _noted,
}
