"""What an engine knows of a run beside its store: which calls run here, and where its script stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.errors import Error
from actorflow.run.state import CREATED, PAUSED, TERMINAL
from actorflow.run.turn import RELEASE
from actorflow.store.unanswered import no_handler
from actorflow.store.why import Told
from hosts.workflow.answering import HANDLE
from hosts.workflow.checking import LONGEST
from hosts.workflow.copying import copy_of
from hosts.workflow.query import found_run, handlers

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
    tasks, answered = await _standing(engine, found)
    return Told(hosted=True, calls=calls, tasks=tasks, unserved=unserved, handlers=answered)


async def unhandled(engine: Engine, reference: str, name: str) -> str:
    """Say why an update may wait for its answer: nothing in the script of the run takes one of this name; "" for else.

    Raises:
        Error: kind NotFound without such a run.
    """
    found = await found_run(engine, reference)
    if found.row.state == PAUSED:
        return "its run is paused"
    _, answered = await _standing(engine, found)
    return no_handler(name, answered) if answered is not None and name not in answered else ""


async def _standing(engine: Engine, found: OpenRun) -> tuple[list[str], list[str] | None]:
    """Return where the tasks of a run stand, and which updates its script answers, None when that is not known."""
    resident = engine.residents.get(found.row.run)
    if resident is not None and resident.live is not None:
        return resident.live.machine.waits(), handlers(resident.live, HANDLE)
    if found.row.state in TERMINAL or found.row.last_seq > LONGEST:
        return [], None
    try:
        async with copy_of(engine, found) as live:
            return live.machine.waits(), handlers(live, HANDLE)
    except Error:  # why it cannot be rebuilt is why it is paused: the store says so
        return [], None
