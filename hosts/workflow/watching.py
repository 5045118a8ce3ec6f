"""Noticing what others write: another node that has other hosts on the same database, or a command without a node.

A message of theirs is in an inbox, a resume of theirs in a row, and nobody has told this engine. On a server it
therefore looks a few times a second: at the inboxes of its hosts, and at the changes of state since it looked last.
What its own writer has brought is on its way by then; only what lies still is read again.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import Error
from actorflow.run.state import PENDING
from hosts.workflow.departing import Departures

if TYPE_CHECKING:
    from actorflow.run.row import RunChanged
    from hosts.workflow.engine import Engine

INTERVAL: Final = 0.4
"""Seconds between two looks: what is there at two of them is nobody's, so it is found within a second."""
_PAGE: Final = 1000


class Watching:
    """What one engine has seen of the writes of others."""

    def __init__(self, engine: Engine, *, always: bool = True) -> None:
        """Watch for `engine`; unless `always`, it looks only when told to, and again while something lies still."""
        self._pause = INTERVAL if always else math.inf
        self._engine = engine
        self._changed = -1
        self._suspects: frozenset[int] = frozenset()
        self._parked: frozenset[int] = frozenset()
        self._news = trio.Event()
        self._departures = Departures(engine)

    def told(self, runs: Collection[int] | None) -> None:
        """Take that others have written these runs; None when it is not known which: then it looks at once."""
        if runs is None:
            self._news.set()
            return
        for run in runs:
            self._engine.recovery.read_again(self._engine.resident(run))

    async def serve(self) -> None:
        """Look, for ever."""
        failing = False
        while True:
            with trio.move_on_after(INTERVAL if self._suspects else self._pause):
                await self._news.wait()
            self._news = trio.Event()
            try:
                await self.look()
                await self._departures.look()
            except Error as error:
                if not failing:
                    self._engine.node.log("warn", f"what others write is not seen: {error.message}", {})
                failing = True
            else:
                failing = False

    async def look(self) -> list[int]:
        """Look once, have what lies still read again, and return those runs."""
        engine = self._engine
        hosts = list(engine.hosts)
        filled, changes = await engine.writer.read(lambda reader: self._seen(reader, hosts))
        still = frozenset(run for run in filled if engine.sweeper.is_quiet(run))
        self._parked = frozenset(run for run in self._parked & still if run not in engine.residents)
        lasting = still & self._suspects - self._parked
        self._suspects, self._parked = still, self._parked | lasting  # who is paused keeps its inbox: once is enough
        resumed = {change.run for change in changes if change.state == PENDING and change.host in engine.hosts}
        woken = sorted(lasting | {run for run in resumed if engine.sweeper.is_quiet(run)})
        for run in woken:
            engine.recovery.read_again(engine.resident(run))
        return woken

    def _seen(self, reader: Any, hosts: list[str]) -> tuple[list[int], list[RunChanged]]:
        """Return the runs with something in their inbox, and the changes since the last look."""
        if self._changed < 0:
            self._changed = reader.last_change()
        changes = reader.changes(self._changed, _PAGE)
        self._changed = changes[-1].id if changes else self._changed
        return [run for host in hosts for run in reader.inbox_runs(host)], changes
