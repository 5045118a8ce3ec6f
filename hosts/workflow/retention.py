"""Retention: runs are removed some time after their end, oldest first, a few at a time.

What is removed goes whole and in one commit: row, journal, history, inbox, large values, attributes and the documents
of the run. Sources stay until `registry gc`. The retention of a host is what its entry says now; nothing of it is kept.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import trio

from actorflow.errors import Error
from actorflow.run import state as states
from actorflow.run.document import PutDocument
from actorflow.run.row import RunChanged
from actorflow.run.shard import RETENTION
from actorflow.run.turn import ChangeRun, RunRow
from actorflow.store.belonging import removed
from actorflow.store.port import Reader, RunFilter

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost

INTERVAL: Final = 10.0
"""Seconds between two looks at what has been kept for long enough."""
_PAGE: Final = 500
"""Changes of state that one read looks at."""
_ROWS: Final = 300
"""Journal rows that one transaction removes, at least one run."""
_SHARE: Final = 3
"""After a transaction the sweep rests three times as long as that took."""
_FIRST: Final = -(2**62)
"""Below the id of every change of state: those of runs that a move has brought are below those that were there."""


class _Due(NamedTuple):
    """A run to be removed, with the documents that go with it."""

    row: RunRow
    documents: tuple[PutDocument, ...]


class Remover:
    """Removes the runs of one engine that have been kept for long enough.

    The history of states is the order in which runs ended: each way to end on each host has a cursor into it, so that
    a sweep looks at what is new and at what has become due, not at all runs that are kept.
    """

    def __init__(self, engine: Engine) -> None:
        """Remove runs of `engine`."""
        self._engine = engine
        self._cursors: dict[tuple[str, str], int] = {}
        self._later: list[tuple[str, int, int]] = []
        self._lowest = 0
        self.removed = 0

    async def serve(self) -> None:
        """Sweep, for ever."""
        while True:
            await trio.sleep(INTERVAL)
            try:
                await self.sweep()
            except Error as error:
                self._engine.node.log("warn", f"runs cannot be removed now: {error.message}", {})

    async def sweep(self) -> int:
        """Remove what is due on every host now, and return how many runs that were."""
        before = self.removed
        for host in list(self._engine.hosts.values()):
            swept = False
            with host.leading(RETENTION) as leads:
                if leads and host.settings.retention.after:
                    await self._sweep(host)
                    swept = True
            if not swept:  # somebody else has the role, or gets it: where that one stops is not known here
                self._forget(host.id)
        return self.removed - before

    def _forget(self, host_id: str) -> None:
        """Begin at the first change when this node has the role again."""
        self._cursors = {key: at for key, at in self._cursors.items() if key[0] != host_id}
        self._later = [entry for entry in self._later if entry[0] != host_id]

    async def _begin(self) -> None:
        """Begin at the first change when there are some below those seen: of runs that a move has brought."""
        first = await self._engine.writer.read(lambda store: store.changes(_FIRST, 1))
        if first and first[0].id < self._lowest:
            self._lowest = first[0].id
            self._cursors.clear()
            self._later.clear()

    async def _sweep(self, host: WorkflowHost) -> None:
        await self._begin()
        floor = await self._floor(host)
        await self._look_again(host, floor)
        for state, after in host.settings.retention.after:
            await self._go_over(host, state, after, floor)

    async def _floor(self, host: WorkflowHost) -> int:
        """Return the number of the oldest run that stays because it is among the newest ones."""
        keep = host.settings.retention.keep
        if not keep:
            return 2**62
        newest = await self._engine.writer.read(lambda store: store.runs(RunFilter(host=host.id), keep))
        return newest[-1].run if len(newest) == keep else 0

    async def _go_over(self, host: WorkflowHost, state: str, after: int, floor: int) -> None:
        """Go over the changes of state since the last sweep, up to the first end that is not due."""
        key, until = (host.id, state), self._engine.clock.now() - after
        while True:
            began, cursor = trio.current_time(), self._cursors.get(key, _FIRST)
            page: list[RunChanged] = await self._engine.writer.read(partial(_changes, cursor))
            ends = [change for change in page if change.state == state and change.host == host.id]
            due = [change.run for change in ends if change.at <= until]
            await self._remove(host.id, due, until, floor)
            if len(due) < len(ends):
                self._cursors[key] = ends[len(due)].id - 1
                return
            if page:
                self._cursors[key] = page[-1].id
            if len(page) < _PAGE:
                return
            await trio.sleep(trio.current_time() - began)

    async def _look_again(self, host: WorkflowHost, floor: int) -> None:
        """Try those again that could not be removed when they were due; the newest ones stay, and are not read."""
        again = [entry for entry in self._later if entry[0] == host.id and entry[1] < floor]
        self._later = [entry for entry in self._later if entry[0] != host.id or entry[1] >= floor]
        for _, run, until in again:
            await self._remove(host.id, [run], until, floor)

    async def _remove(self, host_id: str, runs: list[int], until: int, floor: int) -> None:
        """Remove those of some runs that may go, so many in a transaction as have about `_ROWS` rows."""
        self._later += [(host_id, run, until) for run in runs if run >= floor]
        runs = [run for run in runs if run < floor]
        found = await self._engine.writer.read(partial(_all_due, runs, until)) if runs else {}
        batch: list[_Due] = []
        for run, due in found.items():
            if due is None:
                self._later.append((host_id, run, until))
                continue
            batch.append(due)
            if sum(one.row.last_seq for one in batch) >= _ROWS:
                await self._purge(host_id, batch, until)
                batch = []
        await self._purge(host_id, batch, until)

    async def _purge(self, host_id: str, batch: list[_Due], until: int) -> None:
        began, now = trio.current_time(), self._engine.clock.now()
        async with trio.open_nursery() as nursery:
            for row, documents in batch:
                item = ChangeRun("purge", run=row.run, revision=row.revision, at=now, documents=documents)
                nursery.start_soon(self._write, item, (host_id, row.run, until))
        await trio.sleep((trio.current_time() - began) * _SHARE)

    async def _write(self, item: ChangeRun, entry: tuple[str, int, int]) -> None:
        accepted = False
        with suppress(Error):  # the store says the same to everybody else; here it is tried again with the next sweep
            accepted = (await self._engine.writer.write(item)).accepted
        self.removed += accepted
        if not accepted:
            self._later.append(entry)


def _changes(cursor: int, store: Reader) -> list[RunChanged]:
    return store.changes(cursor, _PAGE)


def _all_due(runs: list[int], until: int, store: Reader) -> dict[int, _Due | None]:
    """Return the runs that may go, and None for those that have to wait for their parents."""
    return {run: due for run in runs if (due := _due(store, run, until)) is not False}


def _due(store: Reader, run: int, until: int) -> _Due | Literal[False] | None:
    """Return a run that may go; None when an open parent still may ask for it, False when it is not to go at all."""
    row = _row(store, run)
    if row is None or row.state not in states.TERMINAL or row.updated > until:
        return False  # it was retried since, and its next end comes later in the history
    parent = _row(store, row.parent_run) if row.parent_run else None
    if parent is not None and parent.state not in states.TERMINAL:
        return None
    return _Due(row, removed(store, row))


def _row(store: Reader, run: int) -> RunRow | None:
    found = store.runs(RunFilter(), 1, run + 1)
    return found[0] if found and found[0].run == run else None
