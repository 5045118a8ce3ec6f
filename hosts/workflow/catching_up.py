"""Catching up with runs that others have written: nodes that share the host, or commands.

A run that is in memory takes what is new in its inbox; one that was changed beside is read again. One that nobody here
knew of was started elsewhere in a shard of this node: it is taken up, with its timers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.errors import Error, not_found
from actorflow.run.lock import is_lock
from actorflow.run.shard import shard_of
from actorflow.run.state import PAUSED, PENDING, STILL, TERMINAL
from actorflow.run.turn import RELEASE
from actorflow.store.port import RunFilter
from hosts.workflow.live import Fact

if TYPE_CHECKING:
    from actorflow.run.turn import InboxRow, RunRow
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident

_AT_ONCE: Final = 200


class _Found(NamedTuple):
    """What the store has of a run; `beside` are the ids that it holds beside its own, if it may have got them now."""

    row: RunRow
    inbox: list[InboxRow]
    timers: list[tuple[int, int]]
    beside: list[tuple[str, int]]


async def catch_up(engine: Engine, runs: Collection[int]) -> None:
    """Read what the store has of some runs, and let those of this node go on with it."""
    listed = sorted(runs)
    for first in range(0, len(listed), _AT_ONCE):
        some = {run: _last_row(engine, run) for run in listed[first : first + _AT_ONCE]}
        unread: set[int] = set()
        held = await engine.writer.read(partial(_read, some, unread))
        gone = some.keys() - {found.row.run for found in held}
        for run in unread | gone & {*engine.residents, *engine.open_ids.values()} if gone else ():
            engine.recovery.read_again(engine.resident(run))
        for found in held:
            host = engine.hosts.get(found.row.host)
            if host is not None and host.owns(found.row.run):
                _go_on(engine, host, found)


def overtaken(engine: Engine, earlier: Mapping[int, int]) -> None:
    """Have the runs read again whose inboxes hold what others wrote and this node has not seen, up to these rows.

    What this node has written after it would overtake it otherwise: signals keep their order, whichever nodes they
    came to.
    """
    for run, row in earlier.items():
        resident = engine.residents.get(run)
        if resident is not None and (resident.live is None or resident.last_row < row):
            resident.stale = True


def _last_row(engine: Engine, run: int) -> int:
    """Return the newest inbox row that is known of a run in memory, -1 for one that is not."""
    resident = engine.residents.get(run)
    return -1 if resident is None or resident.live is None else resident.last_row


def _read(runs: dict[int, int], unread: set[int], store: Any) -> list[_Found]:
    """Return what can be read; `unread` gets the runs that may be there all the same, as after a lost connection."""
    found = []
    for run, last in runs.items():
        try:
            found.append(_read_one(store, run, last))
        except Error as error:  # it has been removed or moved, or is damaged: its own reading says so
            if error.retryable:
                unread.add(run)
    return found


def _read_one(store: Any, run: int, last: int) -> _Found:
    if last < 0:
        held = store.load(run, lazy=True)
        row, inbox, timers = held.row, held.inbox, held.timers
    else:
        row, inbox, timers = _row(store, run), store.inbox(run, last), []
    beside = store.of_shards([shard_of(run)]).held_beside(row.host) if row.state == PENDING else []
    return _Found(row, inbox, timers, beside)


def _row(store: Any, run: int) -> RunRow:
    rows: list[RunRow] = store.runs(RunFilter(), 1, run + 1)
    if not rows or rows[0].run != run:
        raise not_found(f"there is no run {run}")
    return rows[0]


def _go_on(engine: Engine, host: WorkflowHost, found: _Found) -> None:
    row, resident = found.row, engine.residents.get(found.row.run)
    if row.state in TERMINAL:
        if resident is not None or engine.open_ids.get(row.workflow_id) == row.run:
            engine.recovery.read_again(engine.resident(row.run))
        return
    engine.open_ids[row.workflow_id] = row.run
    for workflow_id, run in found.beside:
        if run == row.run and not is_lock(workflow_id):
            engine.open_ids[workflow_id], engine.beside[run] = run, workflow_id
    if resident is not None and _is_current(resident, row):
        for item in found.inbox:
            engine.fact(row.run, Fact(item.kind, item.ref, item.target, item.payload, item.at, item.id))
        return
    _arm(engine, host, found)
    if resident is not None or row.state not in STILL:
        engine.recovery.read_again(engine.resident(row.run))


def _is_current(resident: Resident, row: RunRow) -> bool:
    """Tell whether nothing but deliveries has been written for a run in memory, beside its own turn on its way."""
    if resident.live is None or resident.stale or row.state in STILL:
        return False
    return row.revision in {resident.revision, resident.revision + resident.busy}


def _arm(engine: Engine, host: WorkflowHost, found: _Found) -> None:
    if found.row.state == PAUSED:
        return
    for ref, due in found.timers:
        if ref != RELEASE or not host.settings.unserved(found.row.queue):
            engine.timers.add(due, found.row.run, ref)
