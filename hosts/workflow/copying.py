"""Copies of runs: a machine rebuilt from a journal, to be looked at and thrown away.

A copy acts on nothing and is never committed, so whatever is done with it leaves the run as it is. One of a finished
run is kept just as its script ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import trio

from actorflow.codec import decode
from actorflow.errors import Error, invalid, not_found, unavailable
from actorflow.machine.machine import Machine
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.rule import check_rules
from actorflow.run.state import DATA_DELETED, DELETE_REQUESTED, TERMINAL
from hosts.workflow.driver import Divergence
from hosts.workflow.live import CorruptJournalError, LiveRun
from hosts.workflow.loading import pinned_bundle
from hosts.workflow.report import divergence_report
from hosts.workflow.start import is_first_feed_open, new_live

if TYPE_CHECKING:
    from actorflow.notice import Notice
    from actorflow.ports import Identity
    from actorflow.run.event import JournalEvent
    from actorflow.run.turn import OpenRun
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost

_FACTS_PER_CHECKPOINT: Final = 200


class KeptMachine(Machine):
    """A machine whose script can still be looked at when it has ended."""

    __slots__ = ()

    def end(self, outcome: Outcome) -> None:
        """Run nothing any more; a second end changes nothing."""
        if self.outcome is None:
            self.outcome = outcome
            self.left = 0
            self.ready.clear()
            self.requests = None

    def drop(self) -> None:
        """Drop the script and everything that it holds."""
        self.outcome = None
        super().end(Outcome())


class ReadingDriver:
    """The driver of a copy that has been rebuilt: it tells who and when it is, and refuses the rest."""

    __slots__ = ("_now", "identity")

    def __init__(self, identity: Identity, now: int) -> None:
        """Tell these."""
        self.identity = identity
        self._now = now

    def now(self) -> int:
        """Return the recorded time of the last fact."""
        return self._now

    def note(self, *_line: object) -> None:
        """Write no log line."""

    def notice(self, _notice: Notice) -> None:
        """Pass nothing on."""

    def post(self, *_message: object) -> bool:
        """Send nothing."""
        return False

    def cancel(self, _ref: int) -> None:
        """Give up nothing: the copy is dropped."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_args: object, **_named: object) -> NoReturn:
            raise invalid(f"a query cannot wait or change anything: it asked for {name!r}")

        return refuse


@asynccontextmanager
async def copy_of(engine: Engine, found: OpenRun) -> AsyncIterator[LiveRun]:
    """Give a copy of a run as the store has it, for the block.

    Raises:
        Error: kind Unavailable, when its host does not run here; Internal, when it cannot be rebuilt.
    """
    host = engine.hosts.get(found.row.host)
    if host is None:
        raise unavailable(f"host is not running: {found.row.host!r}, the host of run {found.row.workflow_id!r}")
    live = await _made(engine, host, found)
    try:
        await _rebuild(live, found)
        machine: Any = live.machine
        machine.driver = ReadingDriver(live.driver.identity, live.driver.now())
        yield live
    finally:
        dropped: Any = live.machine
        dropped.drop()


async def _made(engine: Engine, host: WorkflowHost, found: OpenRun) -> LiveRun:
    row = found.row
    if row.state in {DELETE_REQUESTED, DATA_DELETED}:
        raise not_found(f"run {row.workflow_id!r} cannot be rebuilt: its data are deleted")
    if not found.events:
        raise not_found(f"run {row.workflow_id!r} cannot be rebuilt: its journal is not in the store")
    bundle = await pinned_bundle(engine, row)
    program = engine.programs.pinned(bundle, host.settings.slices)
    payload = decode(found.events[0].payload)
    check_rules(payload, found.events)
    live = new_live(host, program, bundle, row.workflow_id, payload)
    live.machine.script.close()
    live.machine = KeptMachine(live.driver, program)
    return live


async def _rebuild(live: LiveRun, found: OpenRun) -> None:
    journal = effective(found)
    try:
        if is_first_feed_open(journal):
            live.feed_again(journal)
            return
        for count, _ in enumerate(live.replay(journal)):
            if count % _FACTS_PER_CHECKPOINT == _FACTS_PER_CHECKPOINT - 1:
                await trio.lowlevel.checkpoint()
    except Divergence as divergence:
        raise Error(f"it cannot be rebuilt: {divergence_report(divergence, '')}", retryable=False) from None
    except CorruptJournalError as corrupt:
        raise Error(f"it cannot be rebuilt: {corrupt}", retryable=False) from None


def effective(found: OpenRun) -> list[JournalEvent]:
    """Return the journal of a run up to its end: what came later is kept and changes nothing."""
    journal = found.events
    if found.row.state in TERMINAL:
        last = next((index for index in range(len(journal), 0, -1) if journal[index - 1].kind in events.ENDS), 0)
        journal = journal[: last or None]
    return journal
