"""Programs in Lua: compiled entries, and workers that keep what one of them has loaded from run to run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from actorflow.language.lua.isolated import IsolatedRunning
from actorflow.language.lua.running import Running

if TYPE_CHECKING:
    from actorflow.language.lua.runtime import Runtime
    from actorflow.machine.machine import Machine


class LuaProgram:
    """A compiled entry (`ports.Program`): its number in its runtime."""

    __slots__ = ("__weakref__", "_again", "_heir", "isolated", "number", "runtime")

    def __init__(
        self, runtime: Runtime, number: int, again: Callable[[], LuaProgram], *, isolated: bool = False
    ) -> None:
        """Remember where it is; an isolated program has a runtime of its own, `again` makes it anew in another one."""
        self._again = again
        self._heir: LuaProgram | None = None
        self.runtime = runtime
        self.number = number
        self.isolated = isolated

    def open(self, machine: Machine, worker: LuaWorker | None = None) -> Running:
        """Return a fresh instance, of a worker if it is one; in another runtime if this one has failed."""
        if self.runtime.poisoned:
            if self._heir is None:
                self._heir = self._again()
            if worker is not None:
                worker.move(self._heir)
            return self._heir.open(machine, worker)
        kind = IsolatedRunning if self.isolated else Running
        return kind(self, machine, worker)

    def worker(self) -> LuaWorker:
        """Return a new worker of this program."""
        return LuaWorker(self)


class LuaWorker:
    """A program whose chunk is loaded once for many runs, one after another (`ports.Program`).

    Globals and the locals of its chunk stay; channels, timers and futures of one run are closed in the next.

    Attributes:
        number: its number in the runtime. last_handle: the last handle that its latest run has given.
    """

    __slots__ = ("_program", "last_handle", "number")

    def __init__(self, program: LuaProgram) -> None:
        """Keep nothing yet."""
        self._program = program
        self.number = program.runtime.worker()
        self.last_handle = 0

    def open(self, machine: Machine) -> Running:
        """Return the next instance; the one before has been closed."""
        return self._program.open(machine, self)

    def move(self, program: LuaProgram) -> None:
        """Go on with a program in another runtime; nothing is kept."""
        self._program = program
        self.number = program.runtime.worker()
        self.last_handle = 0

    def dismiss(self) -> None:
        """Forget what was kept."""
        runtime = self._program.runtime
        runtime.lane.do(partial(runtime.dismiss, self.number))
