"""One running Python script: coroutines that answer each resume with their next op."""

from __future__ import annotations

import types
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import TIMEOUT, Cancelled, Error, Failure, invalid
from actorflow.language.python.failing import failure_in, is_script, runaway
from actorflow.language.python.watchdog import Runaway
from actorflow.machine.machine import HANDLERS
from actorflow.machine.op import Op
from actorflow.ports import Mode
from actorflow.script.current import CURRENT
from actorflow.script.errors import Expired, ForeignAwait
from actorflow.script.record import plain

if TYPE_CHECKING:
    from actorflow.language.python.language import PythonProgram
    from actorflow.machine.machine import Machine

_VALUE: Final = Mode.VALUE
_FAILURE: Final = Mode.FAILURE


class Running:
    """One instance of a program (`ports.Script`, and what `script.current` finds). A task's handle is its coroutine.

    Attributes:
        channels: the script's own object for each subscribed channel, or None.
    """

    __slots__ = ("_machine", "_program", "_run", "_watch", "channels")

    def __init__(self, program: PythonProgram, machine: Machine) -> None:
        """Make an instance; it has a context of its own, so that context variables do not leak between processes."""
        self._program = program
        self._machine = machine
        self.channels: dict[Any, Any] | None = None
        self._watch = program.watchdog
        self._run = copy_context().run
        self._run(CURRENT.set, self)

    def start(self, args: tuple[Any, ...]) -> Any:
        """Return the coroutine of the entry function; nothing of it runs yet."""
        return self._program.main(args)

    def spawn(self, function: Any) -> Any:
        """Return the coroutine of a further task."""
        return function if isinstance(function, types.CoroutineType | types.GeneratorType) else function()

    def resume(self, handle: Any, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op; see `ports.Script.resume`.

        The hot path of the process host: one function, no call but the coroutine's own. Around it the watchdog's
        handshake: `running` is set before and cleared after, and only then is `firing` looked at.
        """
        watch = self._watch
        if mode is _VALUE:
            step = handle.send
        else:
            step, value = handle.throw, _raised(mode, value)
        try:
            try:
                watch.count = watch.running = watch.count + 1
                op = self._run(step, value)
                watch.running = 0
            except BaseException as error:  # noqa: BLE001 - whatever a script raises is its own end
                watch.running = 0
                return self._ended(handle, error)
            if watch.firing:
                return self._ended(handle, Runaway())
        except Runaway as error:  # the shot arrived after its resume had ended
            return self._ended(handle, error)
        if type(op) is tuple and op and type(op[0]) is Op:
            return op
        return self.resume(handle, Mode.FAILURE, _foreign(handle, op))

    def _ended(self, handle: Any, error: BaseException) -> tuple[Any, ...]:
        """Return the end that a task has come to; takes back a shot of the watchdog that is still in flight."""
        watch = self._watch
        if watch.firing or isinstance(error, Runaway):
            watch.absorb()
            return (Op.RAISE, runaway(watch.kill, self.where(handle)))
        if isinstance(error, StopIteration):
            return (Op.RETURN, plain(error.value))
        return (Op.RAISE, failure_in(error))

    def ask(self, op: tuple[Any, ...]) -> Any:
        """Have the machine answer an op that never waits."""
        machine = self._machine
        if machine.main is None:
            raise invalid("this process has ended")
        return HANDLERS[op[0]](machine, machine.main, op)

    def discard(self, handle: Any) -> None:
        """Drop a task. Python runs its `finally` blocks; whatever they ask for is not done."""
        _close(handle)

    def close(self) -> None:
        """Drop the instance."""
        self.channels = None

    def where(self, handle: Any) -> str:
        """Return `file:line` of the innermost line of the script that a task stands on."""
        place = ""
        while handle is not None:
            frame = getattr(handle, "cr_frame", None) or getattr(handle, "gi_frame", None)
            if frame is not None and is_script(frame):
                place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            handle = getattr(handle, "cr_await", None) or getattr(handle, "gi_yieldfrom", None)
        return place


def _raised(mode: Mode, failure: Failure | Error) -> BaseException:
    if isinstance(failure, Error):
        return failure
    if mode is _FAILURE:
        return Error(failure)
    if failure.kind == TIMEOUT:
        return Expired(failure.message)
    return Cancelled((failure.details or {}).get("reason", ""))


def _foreign(handle: Any, awaited: Any) -> Error:
    place = ""
    inner = handle
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None)
        if frame is not None and is_script(frame):
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}: "
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return ForeignAwait(
        f"{place}awaited a {type(awaited).__module__}.{type(awaited).__qualname__}, which is not actorflow's; "
        "use actorflow.script (time.sleep, channel, funcs.call, …), or do it in a function.py"
    )


def _close(handle: Any) -> None:
    close: Callable[[], None] | None = getattr(handle, "close", None)
    if close is None:
        return
    try:
        close()
    except BaseException:  # noqa: BLE001, S110 - the script's own cleanup; nobody is left to be told
        pass
