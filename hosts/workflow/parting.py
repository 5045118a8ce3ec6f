"""What is left of a run in memory when its end is on disk: nothing but how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actorflow.ports import Outcome
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

_RECENT: Final = 10_000
"""How many finished runs' outcomes are kept in memory for whoever asks right after the end."""


def let_go(engine: Engine, resident: Resident) -> None:
    """Forget a run whose end is on disk, and what it asked for."""
    if resident.live is None:
        engine.calls.close_run(resident.run)
    else:
        for ref in resident.live.driver.open:
            engine.calls.close(resident.run, ref)
            engine.asked.discard((resident.run, ref))
    engine.recovery.drop(resident)
    engine.residents.pop(resident.run, None)


def finished(engine: Engine, resident: Resident, outcome: Outcome) -> None:
    """Let go of a run whose end is on disk, and tell who waits for it; results that are late are kept as such."""
    engine.recovery.keep_late(resident)
    let_go(engine, resident)
    beside = engine.beside.pop(resident.run, "")
    for workflow_id in (resident.workflow_id, beside) if beside else (resident.workflow_id,):
        if engine.open_ids.get(workflow_id) == resident.run:
            del engine.open_ids[workflow_id]
        engine.recent[workflow_id] = outcome
        if len(engine.recent) > _RECENT:
            engine.recent.popitem(last=False)
        if resident.host is not None:
            engine.node.exited(resident.host.pid_of(workflow_id), outcome, durable=True)
    engine.has_moved()
