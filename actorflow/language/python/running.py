"""One running Python script: coroutines that answer each resume with their next op."""

from __future__ import annotations

import types
from collections.abc import Callable
from contextvars import Context, copy_context
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

    __slots__ = ("_context", "_machine", "_program", "channels")

    def __init__(self, program: PythonProgram, machine: Machine) -> None:
        """Make an instance; it has a context of its own, so that context variables do not leak between processes."""
        self._program = program
        self._machine = machine
        self.channels: dict[Any, Any] | None = None
        self._context: Context = copy_context()
        self._context.run(CURRENT.set, self)

    def start(self, args: tuple[Any, ...]) -> Any:
        """Return the coroutine of the entry function; nothing of it runs yet."""
        return self._program.main(args)

    def spawn(self, function: Any) -> Any:
        """Return the coroutine of a further task."""
        return function if isinstance(function, types.CoroutineType | types.GeneratorType) else function()

    def resume(self, handle: Any, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op; see `ports.Script.resume`."""
        step, given = handle.send, value
        if mode is not _VALUE:
            step, given = handle.throw, _raised(mode, value)
        watch = self._program.watchdog
        run = self._context.run
        try:
            while True:
                op = watch.call(run, step, given)
                if type(op) is tuple and op and type(op[0]) is Op:
                    return op
                step, given = handle.throw, _foreign(handle, op)
        except StopIteration as stop:
            return (Op.RETURN, plain(stop.value))
        except Runaway:
            return (Op.RAISE, runaway(watch.kill, self.where(handle)))
        except BaseException as error:  # noqa: BLE001 - whatever a script raises is its own end
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


def _raised(mode: Mode, failure: Failure) -> BaseException:
    if mode is _FAILURE:
        return Error(failure)
    if failure.kind == TIMEOUT:
        return Expired(failure.message)
    return Cancelled((failure.details or {}).get("reason", ""))


def _foreign(handle: Any, awaited: Any) -> BaseException:
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
