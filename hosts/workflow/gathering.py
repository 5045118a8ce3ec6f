"""Reading back many runs at once: those that are to be rebuilt in one moment are read by a few statements together.

One run costs a handful of statements, each of which hands the interpreter's lock over and gets it back; when thousands
of runs are due in one moment that is most of what they cost (`docs/decisions/0006`). No more runs are read than the
turns of those before can use: what waits here is a number of runs, not their journals and machines.

They are read in the order of their numbers, which is that of their rows in the store: neighbours share pages, in what
is read and in what their turns write. Timers that are due in one moment come in any order.
"""

from __future__ import annotations

from operator import attrgetter
from time import perf_counter
from typing import TYPE_CHECKING, Final

import trio

from actorflow.errors import Error
from hosts.workflow.loading import Given, known_rows

if TYPE_CHECKING:
    from actorflow.run.turn import OpenRun
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

_AT_ONCE: Final = 400
"""So many runs are read together."""
_LONGEST: Final = 200
"""A run with more journal events than this is read and rebuilt on its own, beside the others."""
_SHORT: Final = 8
"""A run with no more journal events than this is read in the node's thread, if its store is a file of this node."""
_FEW: Final = 100
"""So many of those are read before the rest of the node has its turn."""
_ROW: Final = 200_000
"""So many runs are put in order together; while more timers fire, no more are waited for."""
_SLICE: Final = 0.002
"""Seconds of rebuilding after which the rest of the node has its turn."""


_number = attrgetter("run")


class Gathering:
    """The runs of one engine that wait to be rebuilt, in the order in which something came for them.

    Attributes:
        rebuilding: many are being rebuilt right now, so that more turns follow those that were taken just now.
    """

    def __init__(self, engine: Engine) -> None:
        """Rebuild runs for `engine`; nothing happens before `serve`."""
        self._engine = engine
        self._waiting: list[Resident] = []
        self._row: list[Resident] = []
        self._rebuilt: list[tuple[Resident, int]] = []
        self._reading = 0
        self._wake = trio.Event()
        self.rebuilding = False

    def __len__(self) -> int:
        """Return how many runs wait."""
        return len(self._waiting) + len(self._row)

    def want(self, resident: Resident) -> None:
        """Rebuild a run soon, and go on with it; nobody else touches it until then: it is busy."""
        self._waiting.append(resident)
        self._wake.set()

    async def serve(self) -> None:
        """Rebuild what waits, for ever."""
        while True:
            while not self:
                self._wake = trio.Event()
                await self._wake.wait()
            await self._room()
            await self._rebuild(await self.following())

    async def following(self) -> list[Resident]:
        """Take the next runs of those that came together, in order; who comes later waits for all of these."""
        row = self._row
        if not row:
            while self._engine.timers.firing and len(self._waiting) < _ROW:
                await trio.lowlevel.checkpoint()
            row, self._waiting = self._waiting, []
            row.sort(key=_number, reverse=True)
        some = row[-_AT_ONCE:]
        del row[-_AT_ONCE:]
        self._row = row
        some.reverse()
        return some

    async def _room(self) -> None:
        """Wait until the turns of the runs that were rebuilt last are committed, but for as many as are read next."""
        while len(self._rebuilt) + self._reading > _AT_ONCE:
            self._rebuilt = [(resident, was) for resident, was in self._rebuilt if _in_turn(resident, was)]
            if len(self._rebuilt) + self._reading > _AT_ONCE:
                await self._engine.progress()

    async def _rebuild(self, some: list[Resident]) -> None:
        before = {resident.run: known_rows(resident) for resident in some}
        found = await self.read(sorted(before)) if len(some) > 1 else {}
        self.rebuilding = bool(found)
        try:
            await self._rebuild_each(some, found, before)
        finally:
            self.rebuilding = False
            self._engine.hand_over_soon()

    async def _rebuild_each(
        self, some: list[Resident], found: dict[int, OpenRun], before: dict[int, frozenset[int]]
    ) -> None:
        began, recovery = perf_counter(), self._engine.recovery
        for resident in some:
            held = found.pop(resident.run, None)
            if held is None:
                self._engine.start_soon(self._alone, resident)
                continue
            given = Given(held, before[resident.run])
            if not recovery.revived(resident, given):
                await recovery.load(resident, given)
            self._rebuilt.append((resident, resident.revision))
            if perf_counter() - began > _SLICE:
                await trio.lowlevel.checkpoint()
                began = perf_counter()

    async def _alone(self, resident: Resident) -> None:
        self._reading += 1
        try:
            await self._engine.recovery.load(resident)
        finally:
            self._reading -= 1
            self._engine.progressed()

    async def read(self, runs: list[int]) -> dict[int, OpenRun]:
        """Read several runs; none when they cannot be read together: then each is read alone, and fails alone."""
        try:
            held = {each.row.run: each for each in await self._near(runs)}
            if left := [run for run in runs if run not in held]:
                far = await self._engine.writer.read(lambda store: store.load_many(left, _LONGEST, lazy=True))
                held.update({each.row.run: each for each in far})
        except Error:
            return {}
        return held

    async def _near(self, runs: list[int]) -> list[OpenRun]:
        """Read the short ones in this thread, where that is a matter of microseconds, a few at a time."""
        if self._engine.writer.shared:
            return []
        found: list[OpenRun] = []
        for first in range(0, len(runs), _FEW):
            found += self._engine.stored.load_many(runs[first : first + _FEW], _SHORT)
            await trio.lowlevel.checkpoint()
        return found


def _in_turn(resident: Resident, revision: int) -> bool:
    """Tell whether a run that was rebuilt has its first turn still before it."""
    return resident.live is not None and resident.revision == revision and (resident.busy or resident.queued)
