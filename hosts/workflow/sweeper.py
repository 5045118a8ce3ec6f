"""The sweeper: looks after the promise that every open run is on its way to something, and heals what has lost it.

A run goes on because a timer, an answer, a message or a node's own memory of it wakes it. Each of these can be lost to
a fault: a row that nobody was told of, a wake-up that never came. The sweeper compares what the store holds with what
the engine is about to do. What it finds wrong twice in a row it mends; what mending does not help it reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from actorflow.duration import SECOND
from actorflow.errors import Error
from actorflow.notice import Notice
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.turn import CallRow
from actorflow.store.port import HotReader

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident

INTERVAL: Final = 15.0
"""Seconds between two sweeps, unless a sweep takes long: it is under way at most a twentieth of the time."""
GRACE: Final = 5 * SECOND
_SHARE: Final = 20
_PAGE: Final = 1_000
_TRIES: Final = 3
"""So many times a run is mended for the same fault before an alarm says that it does not help."""
_UNDER_WAY: Final = frozenset({states.PENDING, states.RUNNING})


@dataclass(frozen=True, slots=True)
class Lost:
    """A run that nothing is under way for, though its rows say otherwise.

    `due` and `ref` are those of a timer, or of a call when `is_call`; `due` is 0 when the run has to be read again.
    """

    run: int
    fault: str
    due: int = 0
    ref: int = 0
    is_call: bool = False


class Sweeper:
    """Audits the open runs of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Audit the runs of `engine`."""
        self._engine = engine
        self._suspects: frozenset[Lost] = frozenset()
        self._tries: dict[Lost, int] = {}
        self.healed = 0

    async def serve(self) -> None:
        """Sweep, for ever."""
        pause = INTERVAL
        while True:
            await trio.sleep(pause)
            began = trio.current_time()
            try:
                await self.sweep()
            except Error as error:
                self._engine.node.log("warn", f"the sweep of open runs failed: {error.message}", {})
            pause = max(INTERVAL, _SHARE * (trio.current_time() - began))

    async def sweep(self) -> list[Lost]:
        """Look once at every open run, mend what was found wrong the last time too, and return that."""
        found: set[Lost] = set()
        for host in list(self._engine.hosts.values()):
            found.update(await self._overdue(host))
            found.update(await self._untaken(host))
            found.update(await self._forgotten(host))
        found.update(self._unattended())
        lasting = sorted(found & self._suspects, key=lambda lost: (lost.run, lost.ref))
        self._suspects = frozenset(found)
        self._tries = {lost: self._tries.get(lost, 0) + 1 for lost in lasting}
        for lost in lasting:
            self._heal(lost)
        return lasting

    # ---- what is wrong -----------------------------------------------------------------------------------------

    async def _overdue(self, host: WorkflowHost) -> list[Lost]:
        """Return timers and waiting calls that were due a while ago."""
        engine, until = self._engine, self._engine.clock.now() - GRACE
        timers, calls = await engine.writer.read(partial(_due, host, until))
        lost = [
            Lost(run, f"timer {ref} was due and has not fired", due, ref)
            for run, ref, due in timers
            if self.is_quiet(run)
        ]
        for run, row in calls:
            if self.is_quiet(run) and ((run, row.ref) not in engine.calls or engine.calls.is_idle(run, row.ref)):
                fault = f"attempt {row.attempt} of call {row.ref} was due and has not begun"
                lost.append(Lost(run, fault, row.due, row.ref, is_call=True))
        return lost

    async def _untaken(self, host: WorkflowHost) -> list[Lost]:
        """Return runs with facts in their inbox that nobody is about to take."""
        runs = await self._engine.writer.read(lambda store: host.of(store).inbox_runs(host.id))
        return [Lost(run, "what is in its inbox is not taken") for run in runs if self.is_quiet(run)]

    async def _forgotten(self, host: WorkflowHost) -> list[Lost]:
        """Return runs that are under way by their rows, and not in memory."""
        lost, after = [], 0
        while held := await self._engine.writer.read(partial(_page, host, after)):
            lost += [
                Lost(run, f"it is {state}, and nothing is under way for it")
                for _, run, state in held
                if state in _UNDER_WAY and run not in self._engine.residents
            ]
            last = max(run for _, run, _ in held)
            if last <= after:  # a damaged index gives what was there before, again and again
                break
            after = last
        return lost

    def _unattended(self) -> Iterator[Lost]:
        """Iterate runs in memory with a request that nobody works on."""
        for run, resident in self._engine.residents.items():
            live = resident.live
            if live is None or not self.is_quiet(run) or resident.host is None:
                continue
            for ref, record in live.driver.open.items():
                if record.kind in events.CALLS and (run, ref) not in self._engine.calls:
                    yield Lost(run, f"call {ref} of {record.target} is open, and nobody attempts it")

    def is_quiet(self, run: int) -> bool:
        """Tell whether nothing is under way for a run here, as far as its memory goes."""
        resident: Resident | None = self._engine.residents.get(run)
        return resident is None or not (resident.busy or resident.queued or resident.wanting)

    def stirring(self) -> set[int]:
        """Return the runs that something is under way for here."""
        residents = self._engine.residents.items()
        return {run for run, each in residents if each.busy or each.queued or each.wanting}

    # ---- what is done about it ---------------------------------------------------------------------------------

    def _heal(self, lost: Lost) -> None:
        engine, tries = self._engine, self._tries[lost]
        if tries == _TRIES:
            text = f"{lost.fault}; waking it up {tries - 1} times did not help: see `actorflow run why`"
            engine.node.notices(Notice("run-stuck", text, self._pid(lost.run)))
        elif tries == 1:
            self.healed += 1
            engine.node.log("warn", f"a run was woken up: {lost.fault}", {"pid": self._pid(lost.run)})
        if lost.due:
            engine.timers.add(lost.due, lost.run, lost.ref, is_call=lost.is_call)
        if not lost.due or lost.is_call:
            engine.recovery.read_again(engine.resident(lost.run))

    def _pid(self, run: int) -> str:
        resident = self._engine.residents.get(run)
        return resident.pid if resident is not None and resident.pid else f"run {run}"


def _due(
    host: WorkflowHost, until: int, store: HotReader
) -> tuple[list[tuple[int, int, int]], list[tuple[int, CallRow]]]:
    mine = host.of(store)
    return mine.due_timers(host.id, until, _PAGE, host.settings.queues), mine.due_calls(host.id, until, _PAGE)


def _page(host: WorkflowHost, after: int, store: HotReader) -> list[tuple[str, int, str]]:
    return host.of(store).held(host.id, after, _PAGE)
