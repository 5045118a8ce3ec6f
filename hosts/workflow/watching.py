"""Noticing what others write: other nodes on the same database, or a command without a node.

A message of theirs is in an inbox, a resume of theirs in a row, a run that they started is in one of our shards. Where
the database tells of that (`wakeup`), it is read at once. What nobody has told is found by looking a few times a
second: at inboxes, at what is due, and at the changes of state since the last look. What the own writer has brought is
on its way by then; so only what lies still at two looks is read again.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio

from actorflow.errors import Error
from actorflow.run.state import CREATED, TERMINAL
from hosts.workflow.catching_up import catch_up
from hosts.workflow.departing import Departures
from hosts.workflow.faults import row_outcome

if TYPE_CHECKING:
    from actorflow.run.row import RunChanged
    from actorflow.run.turn import RunRow
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost

INTERVAL: Final = 0.4
"""Seconds between two looks: what is there at two of them is nobody's, so it is found within a second."""
_SOON: Final = 0.02
"""Seconds until the first glance for the end of a run of another node, doubled up to `INTERVAL` (`Foreign.waits`)."""
_PAGE: Final = 1000
_PAGES: Final = 20


class Seen(NamedTuple):
    """What one look finds: runs with something in their inbox, (run, ref, due) of overdue timers, changes of state.

    `last` is the id of the last of those changes.
    """

    filled: set[int]
    overdue: set[tuple[int, int, int]]
    changes: list[RunChanged]
    last: int


class Watching:
    """What one engine has seen of the writes of others."""

    def __init__(self, engine: Engine, *, always: bool = True) -> None:
        """Watch for `engine`; unless `always`, it looks only when told to, and again while something lies still."""
        self._pause = INTERVAL if always else math.inf
        self._engine = engine
        self._changed = -1
        self._suspects: frozenset[int] = frozenset()
        self._parked: frozenset[int] = frozenset()
        self._overdue: set[tuple[int, int, int]] = set()
        self._later: dict[int, RunChanged] = {}
        self._told: set[int] = set()
        self._news = trio.Event()
        self._asked = False
        self._looked = trio.current_time()
        self._departures = Departures(engine)
        self._glance = math.inf
        self._glanced = trio.current_time()
        engine.foreign.waits = self._wait_soon

    def _wait_soon(self) -> None:
        """Glance at changes soon, and less and less often, until the next look."""
        self._glance, self._glanced = _SOON, trio.current_time()
        self._news.set()

    def told(self, runs: Collection[int] | None) -> None:
        """Take that others have written these runs; None, or none of them, when it is not known what: then it looks."""
        if runs:
            self._told.update(run for run in runs if self._engine.owns(run))
        else:
            self._asked = True
            if self._engine.ownership is not None:
                self._engine.ownership.look()
        if runs and self._engine.foreign.has(runs):
            self._glance = self._glanced = 0.0
        if self._told or not runs or not self._glance:
            self._news.set()

    async def serve(self) -> None:
        """Look, for ever."""
        await self._begin()
        failing = False
        while True:
            is_restless = bool(self._suspects or self._overdue or self._later or self._told)
            due = self._looked + (INTERVAL if is_restless else self._pause)
            with trio.move_on_after(max(0.0, min(due, self._glanced + self._glance) - trio.current_time())):
                await self._news.wait()
            self._news = trio.Event()
            try:
                await self._read_told()
                if trio.current_time() >= self._glanced + self._glance:
                    await self._read_changes()
                if self._asked or trio.current_time() >= due:
                    self._asked, self._looked = False, trio.current_time()
                    await self.look()
                    await self._departures.look()
            except Error as error:
                if not failing:
                    self._engine.node.log("warn", f"what others write is not seen: {error.message}", {})
                failing = self._asked = True  # what was to be seen is still there
                await trio.sleep(INTERVAL)
                self._news.set()
            else:
                failing = False

    async def _begin(self) -> None:
        """Find out where the changes begin that are news: before any shard is taken, lest a start there is missed."""
        with suppress(Error):  # else the first look does
            self._changed = await self._engine.writer.read(_last)

    async def _read_told(self) -> None:
        runs, self._told = self._told, set()
        try:
            await catch_up(self._engine, runs)
        except Error:
            self._told |= runs
            raise

    async def _read_changes(self) -> None:
        """Glance: read the changes of state alone, for the end of a run that somebody waits for may be among them."""
        self._glance = max(_SOON, 2 * self._glance)
        self._glanced = trio.current_time()
        if self._glance > INTERVAL:
            self._glance = math.inf
        changes, last = await self._engine.writer.read(self._new_changes)
        await self._sort(changes)
        self._changed = last

    async def look(self) -> list[int]:
        """Look once, have what lies still read again, and return those runs.

        Raises:
            Error: when something could not be read; the next look finds it all.
        """
        engine = self._engine
        hosts, now, stirring = list(engine.hosts.values()), engine.clock.now(), engine.sweeper.stirring()
        found = await engine.writer.read(lambda reader: self._seen(reader, hosts, now))
        still = frozenset(run for run in found.filled if engine.sweeper.is_quiet(run))
        self._parked = frozenset(run for run in self._parked & still if run not in engine.residents)
        lasting = still & self._suspects - self._parked
        self._suspects, self._parked = still, self._parked | lasting  # who is paused keeps its inbox: once is enough
        quiet = (timer for timer in found.overdue if timer[0] not in stirring)  # the others were on their way, or are
        overdue = {timer for timer in quiet if engine.sweeper.is_quiet(timer[0])}
        for run, ref, due in overdue & self._overdue:
            engine.timers.add(due, run, ref)
        self._overdue = overdue - self._overdue
        for run in lasting:
            engine.recovery.read_again(engine.resident(run))
        later = dict(self._later)
        changed = self._still_news(found.changes)
        await catch_up(engine, {run for run in changed if engine.sweeper.is_quiet(run)})
        self._later = {run: change for run, change in self._later.items() if change is not later.get(run)}
        await self._sort(found.changes)
        self._changed = found.last
        return sorted(lasting | changed)

    def _seen(self, reader: Any, hosts: list[WorkflowHost], now: int) -> Seen:
        """Look, in the thread that reads."""
        changes, last = self._new_changes(reader)
        filled: set[int] = set()
        overdue: set[tuple[int, int, int]] = set()
        for host in hosts:
            mine = host.of(reader)
            filled.update(mine.inbox_runs(host.id))
            overdue.update(mine.due_timers(host.id, now, _PAGE, host.settings.queues))
        return Seen(filled, overdue, changes, last)

    def _new_changes(self, reader: Any) -> tuple[list[RunChanged], int]:
        """Return the changes since the last ones, and the id of the last, in the thread that reads."""
        if self._changed < 0:
            self._changed = _last(reader)
        last = self._changed
        changes: list[RunChanged] = []
        for _ in range(_PAGES):
            page = reader.changes(last, _PAGE)
            changes += page
            last = page[-1].id if page else last
            if len(page) < _PAGE:
                break
        return changes, last

    async def _sort(self, changes: list[RunChanged]) -> None:
        """Keep for the next look what concerns runs of this node, and tell who waits for those of others."""
        engine = self._engine
        known = engine.node.links.known() if changes else set()
        if changes:
            engine.foreign.keep(known)
        for change in {change.run: change for change in changes}.values():
            host = engine.hosts.get(change.host)
            if host is None:
                continue
            owned = host.owns(change.run)
            if not owned:
                engine.writer.moves.changed(change.run)
            elif self._is_news(change):
                self._later[change.run] = change
                continue
            else:
                self._later.pop(change.run, None)  # a start that was news has ended here
            if change.state in TERMINAL and host.pid_of(change.workflow_id) in known:
                await self._tell_end(host, change, newest=owned)

    def _still_news(self, changes: list[RunChanged]) -> set[int]:
        """Return the runs of which the last look did not know what this node was doing with them.

        A start of its own may be read before it is answered, or after the run has ended: most that are short are.
        """
        over = {change.run for change in changes if change.state in TERMINAL}
        later = [change for change in self._later.values() if self._is_news(change)]
        return {change.run for change in later if change.run not in over or self._is_open(change)}

    def _is_open(self, change: RunChanged) -> bool:
        """Tell whether a run is open as far as this node knows."""
        return self._engine.open_ids.get(change.workflow_id) == change.run or change.run in self._engine.residents

    def _is_news(self, change: RunChanged) -> bool:
        """Tell whether this node does not know yet what has become of a run of its own."""
        if change.state == CREATED:
            return self._engine.open_ids.get(change.workflow_id) != change.run
        return change.state not in TERMINAL or self._is_open(change)

    async def _tell_end(self, host: WorkflowHost, change: RunChanged, *, newest: bool) -> None:
        """Tell who waits here that a run has ended at another node, unless it goes on as a new one.

        If this node has got its shard since (`newest`), those of its own are among what it looks at, and whoever
        waited for one of them was told: then only the newest run of an id is meant.
        """
        row, pid = await self._engine.writer.read(partial(_ended, change, newest)), host.pid_of(change.workflow_id)
        if row is not None and not self._engine.foreign.is_over(pid, change.run):  # as it is after the read
            self._engine.node.exited(pid, row_outcome(row), durable=True)


def _last(reader: Any) -> int:
    last: int = max(reader.last_change(), 0)  # those below are of runs that a move has brought
    return last


def _ended(change: RunChanged, newest: bool, reader: Any) -> RunRow | None:  # noqa: FBT001 - for `partial`
    row: RunRow | None = reader.find(change.run_id)
    if row is None or row.result is None or reader.continued(row.run)[1]:
        return None
    return row if not newest or reader.find(change.workflow_id).run == row.run else None
