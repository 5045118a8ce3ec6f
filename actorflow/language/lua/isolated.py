"""A running script of an isolated entry: on hosts that can wait for it, what it computes is computed in another thread.

While that thread is inside the runtime nobody else may enter it: what the node's thread wants from the runtime then
waits in its lane. Facts of the process (who it is, the time, random bytes, pure operations) are read from that thread;
log lines and notices are handed to the node's thread, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from actorflow.lane import Action, Tell
from actorflow.language.lua.handle import Handles, Slot
from actorflow.language.lua.running import MAIN, Running
from actorflow.machine.op import Op
from actorflow.ports import Mode

if TYPE_CHECKING:
    from actorflow.language.lua.program import LuaProgram, LuaWorker
    from actorflow.machine.machine import Machine

_AWAY: Final = (Op.AWAY,)
_LAST_RESERVED: Final = 2
"""Further tasks have higher numbers; see `start` of the prelude."""
_VALUE: Final = Mode.VALUE


class IsolatedRunning(Running):
    """One instance of an isolated program (`ports.Script`).

    Attributes:
        stopped: nothing more of it is wanted; what it computes just then ends at the next look.
    """

    __slots__ = ("_answer", "_lane", "_tasks", "_tell", "stopped")

    def __init__(self, program: LuaProgram, machine: Machine, worker: LuaWorker | None = None) -> None:
        """Open an instance in the program's runtime, which another thread may be using."""
        super().__init__(program, machine, worker)
        self.stopped = False
        self._lane = program.runtime.lane
        self._tasks = _LAST_RESERVED
        self._answer: tuple[Any, ...] | BaseException | None = None
        self._tell: Tell | None = None

    # ---- ports.Script ------------------------------------------------------------------------------------------

    @property
    def place(self) -> None:
        """Nowhere: nobody else may touch what is in its runtime."""
        return

    def start(self, args: tuple[Any, ...]) -> int:
        """Return the main task; nothing of the script runs yet."""
        self._errand(partial(self._begin, args))
        return MAIN

    def spawn(self, function: Slot) -> int:
        """Return a task that runs a function of the script."""
        self._tasks += 1
        self._errand(partial(super().spawn, function))
        return self._tasks

    def resume(self, handle: int, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op, or answer that it is away; then the next resume has that op."""
        answer, self._answer = self._answer, None
        if isinstance(answer, BaseException):
            raise answer
        if answer is not None:
            return answer
        if isinstance(self._held, tuple) and mode is _VALUE:
            return super().resume(handle, mode, value)
        if self.machine.driver.away(self._lane, partial(self._compute, handle, mode, value)):
            return _AWAY
        return super().resume(handle, mode, value)

    def discard(self, handle: int) -> None:
        """Drop a task."""
        self._errand(partial(super().discard, handle))

    def close(self) -> None:
        """Drop the instance, as soon as its thread has stopped."""
        self.stopped = True
        self._errand(super().close)

    def where(self, handle: int) -> str:
        """Return `file:line` of the line a waiting task stands on; nothing while another thread is in the runtime."""
        return "" if self._lane.busy else super().where(handle)

    # ---- the other thread --------------------------------------------------------------------------------------

    def _compute(self, handle: int, mode: Mode, value: Any, tell: Tell) -> None:
        """Run a task until its next op, in this thread, and keep it for the next resume."""
        if self.stopped:
            return
        self._tell = tell
        try:
            self._answer = super().resume(handle, mode, value)
        except BaseException as error:  # noqa: BLE001 - raised again by the next `resume`, in the node's thread
            self._answer = error
        self._tell = None

    def _begin(self, args: tuple[Any, ...]) -> None:
        if self._worker is not None:  # the instance before has been closed only now
            self._handles = Handles(self._program.runtime.released, self._number, self._worker.last_handle)
        super().start(args)

    def _errand(self, errand: Callable[[], object]) -> None:
        self._lane.do(partial(_run, errand))

    # ---- what the prelude asks at once -------------------------------------------------------------------------

    def note(self, level: str, text: str, fields: bytes) -> None:
        """Write a log line."""
        self._told(partial(super().note, level, text, fields))

    def dropped(self, path: str) -> None:
        """Tell that an object could not leave the process."""
        self._told(partial(super().dropped, path))

    def heavy(self, kib: int) -> None:
        """Tell that it has come to hold much of the heap."""
        self._told(partial(super().heavy, kib))

    def post(self, dest: bytes, topic: bytes, form: bool | int, payload: Any) -> bool:  # noqa: FBT001 - Lua's operands
        """Send one payload, unless this is another thread: then a message is an op."""
        return self._tell is None and super().post(dest, topic, form, payload)

    def _told(self, action: Action) -> None:
        tell = self._tell
        if tell is None:
            action()
        elif not self.stopped:
            try:
                tell(action)
            except BaseException as error:  # noqa: BLE001 - Lua must not see it: raised again by `resume`
                self._failure = error


def _run(errand: Callable[[], object]) -> None:
    """Run an errand in whatever thread; if it fails, so does the next step of its instance, which is told."""
    with suppress(Exception):
        errand()
