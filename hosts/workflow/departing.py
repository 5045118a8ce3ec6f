"""Runs that move to another store: what this engine lets go of when one is fenced off, and when it is gone.

Nothing is kept for its return: a move that is given up changes the run's row, and whoever serves it reads it then.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actorflow.ports import Outcome
from actorflow.run.state import TERMINAL
from actorflow.run.turn import RunRow
from actorflow.store.departed import departures, left
from actorflow.store.port import RunFilter
from hosts.workflow.faults import no_run, row_outcome

if TYPE_CHECKING:
    from actorflow.store.port import Reader
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident


class Departures:
    """What an engine has heard of runs that leave its store."""

    def __init__(self, engine: Engine) -> None:
        """Have heard of none."""
        self._engine = engine
        self._seen = 0

    async def look(self) -> None:
        """Have the runs read again that are on their way, or have left, and that are known here."""
        engine, seen = self._engine, self._seen
        for number, runs in await engine.writer.read(lambda store: departures(store, seen)):
            known = set(engine.open_ids.values()) | engine.residents.keys()
            for run in known.intersection(runs):
                engine.recovery.read_again(engine.resident(run))
            self._seen = number


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
    hold_still(engine, run)
    engine.recovery.drop(resident)
    engine.residents.pop(run, None)
    outcome = await engine.writer.read(partial(_became, workflow_id))
    if isinstance(outcome, RunRow):  # it has come back meanwhile
        engine.open_ids[workflow_id] = outcome.run
        engine.recovery.read_again(engine.resident(outcome.run))
    else:
        _forget(engine, resident, workflow_id, outcome)
    return True


def _became(workflow_id: str, store: Reader) -> RunRow | Outcome:
    """Return what there is to say of an id whose run has left: the run itself, its end, or where it is."""
    row = store.find(workflow_id)
    if row is not None and row.workflow_id == workflow_id:
        return row_outcome(row) if row.state in TERMINAL else row
    return Outcome(failure=left(store, workflow_id) or no_run(workflow_id).failure)


def _forget(engine: Engine, resident: Resident, workflow_id: str, outcome: Outcome) -> None:
    beside = engine.beside.pop(resident.run, "")
    for name in (workflow_id, beside) if beside else (workflow_id,):
        if engine.open_ids.get(name) != resident.run:
            continue
        del engine.open_ids[name]
        hosts = engine.hosts.values() if resident.host is None else (resident.host,)  # its row said which, and has left
        for host in hosts:
            engine.node.exited(host.pid_of(name), outcome, durable=True)
    if resident.ending is not None:
        resident.ending.reply(Outcome(failure=no_run(workflow_id).failure))
