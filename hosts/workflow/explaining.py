"""What an engine knows of a run beside its store: which calls run here, and where its script stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.errors import Error
from actorflow.run.state import CREATED, TERMINAL
from actorflow.run.turn import RELEASE
from actorflow.store.why import Told
from hosts.workflow.checking import LONGEST
from hosts.workflow.copying import copy_of
from hosts.workflow.query import found_run

if TYPE_CHECKING:
    from actorflow.run.turn import OpenRun
    from hosts.workflow.engine import Engine


async def told(engine: Engine, reference: str) -> Told:
    """Return what is known of a run; one that is not in memory is rebuilt for that, unless its history is long.

    Raises:
        Error: kind NotFound without such a run.
    """
    found = await found_run(engine, reference)
    calls, host, unserved = engine.calls.told(found.row.run), engine.hosts.get(found.row.host), ""
    if host is not None and found.row.state == CREATED and any(ref == RELEASE for ref, _ in found.timers):
        unserved = host.settings.unserved(found.row.queue)
    return Told(hosted=True, calls=calls, tasks=await _tasks(engine, found), unserved=unserved)


async def _tasks(engine: Engine, found: OpenRun) -> list[str]:
    resident = engine.residents.get(found.row.run)
    if resident is not None and resident.live is not None:
        return resident.live.machine.waits()
    if found.row.state in TERMINAL or found.row.last_seq > LONGEST:
        return []
    try:
        async with copy_of(engine, found) as live:
            return live.machine.waits()
    except Error:  # why it cannot be rebuilt is why it is paused: the store says so
        return []
