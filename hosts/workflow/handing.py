"""Letting go of the runs of some shards: they are handed over to others, or dropped when others have them already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import TYPE_CHECKING, TypeAlias

import trio

from actorflow.run.shard import shard_of

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident

Give: TypeAlias = Callable[["WorkflowHost", Collection[int]], Awaitable[None]]
"""Sets shards of a host free in the database."""


async def give_up(engine: Engine, host: WorkflowHost, units: set[int], grace: float, give: Give) -> None:
    """Hand shards and roles over: those in which nothing runs at once, the others when their calls have ended.

    No call of theirs begins meanwhile; after `grace` seconds those that still run are given up, and whoever takes
    the shard attempts them again. What they brought before that is stored. Runs of other shards go on.
    """
    left = set(units)
    engine.rest(left)
    try:
        with trio.move_on_after(grace):
            while left:
                quiet = left - {shard_of(call.run) for call in engine.calls.attempted() if call.host is host}
                if quiet:
                    await _release(engine, host, quiet, give)
                    left -= quiet
                else:
                    await engine.progress()
        if left:
            await _release(engine, host, left, give)
    finally:
        engine.rest_no_more(units)


async def _release(engine: Engine, host: WorkflowHost, units: Collection[int], give: Give) -> None:
    """Let go of the runs of some shards once what is on its way to the disk is there, and set the shards free."""
    mine = set(units) & (host.shards or {}).keys()
    host.disown(mine)
    while some := list(_residents(engine, host, mine)):
        for resident in some:
            if not resident.busy:
                engine.recovery.cede(resident)
        if any(resident.busy for resident in some):
            await engine.progress()
    _forget(engine, host, mine)
    engine.flush()
    await give(host, mine)


def lose(engine: Engine, host: WorkflowHost, units: Collection[int]) -> None:
    """Drop the runs of shards that another node has, or may have: what was under way for them here counts no more."""
    mine = set(units) & (host.shards or {}).keys()
    if not mine:
        return
    host.disown(mine)
    for resident in list(_residents(engine, host, mine)):
        resident.facts.clear()
        engine.recovery.drop(resident)
        engine.residents.pop(resident.run, None)
    _forget(engine, host, mine)
    engine.progressed()


def _residents(engine: Engine, host: WorkflowHost, units: Collection[int]) -> Iterator[Resident]:
    found = [resident for resident in engine.residents.values() if resident.host is host]
    return (resident for resident in found if shard_of(resident.run) in units)


def _forget(engine: Engine, host: WorkflowHost, units: Collection[int]) -> None:
    """Forget the calls, requests, ids and names of the runs of some shards."""
    for call in engine.calls.all():
        if call.host is host and shard_of(call.run) in units:
            engine.calls.close(call.run, call.ref)
    directory, ids = engine.node.directory, engine.open_ids
    gone = {name: run for name, run in ids.items() if shard_of(run) in units and not engine.owns(run)}
    for workflow_id, run in gone.items():
        del engine.open_ids[workflow_id]
        engine.beside.pop(run, None)
        for name in directory.names_of(host.pid_of(workflow_id)):
            directory.unregister(name)
    engine.asked = {key for key in engine.asked if shard_of(key[0]) not in units or engine.owns(key[0])}
    engine.awaiting.forget()
