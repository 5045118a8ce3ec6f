"""Runs that move to another store: what this engine lets go of when one is fenced off, and when it is gone.

Nothing is kept for its return: a move that is given up changes the run's row, and whoever serves it reads it then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.ports import Outcome
from actorflow.store.departed import left
from actorflow.store.port import RunFilter
from hosts.workflow.faults import no_run

if TYPE_CHECKING:
    from actorflow.errors import Failure
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident


def hold_still(engine: Engine, run: int) -> None:
    """Give up what is under way for a run that is being moved: whoever turns it next begins it again."""
    engine.calls.close_run(run)
    for key in [key for key in engine.asked if key[0] == run]:
        engine.asked.discard(key)


async def has_departed(engine: Engine, resident: Resident) -> bool:
    """Let go of a run that is not in the store any more, and tell whether that is so; who waits for it is told."""
    run = resident.run
    newest = await engine.writer.read(lambda store: store.runs(RunFilter(), 1, run + 1))
    if newest and newest[0].run == run:
        return False
    workflow_id = next((name for name, other in engine.open_ids.items() if other == run), resident.workflow_id)
    failure = await engine.writer.read(lambda store: left(store, workflow_id)) or no_run(workflow_id).failure
    hold_still(engine, run)
    engine.recovery.drop(resident)
    engine.residents.pop(run, None)
    _forget(engine, resident, workflow_id, failure)
    return True


def _forget(engine: Engine, resident: Resident, workflow_id: str, failure: Failure) -> None:
    beside = engine.beside.pop(resident.run, "")
    for name in (workflow_id, beside) if beside else (workflow_id,):
        if engine.open_ids.get(name) != resident.run:
            continue
        del engine.open_ids[name]
        if resident.host is not None:
            engine.node.exited(resident.host.pid_of(name), Outcome(failure=failure), durable=True)
    if resident.ending is not None:
        resident.ending.reply(Outcome(failure=failure))
