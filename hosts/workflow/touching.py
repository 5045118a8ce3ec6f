"""What a commit did to runs that it was not about: runs that it ended, told something, or let go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actorflow.errors import TIMEOUT, Error, Failure
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.turn import EXPIRY, NEVER, RELEASE, Committed, Touched
from actorflow.store.control import asking, ending
from actorflow.store.ending import TERMINATED
from hosts.workflow.live import Fact
from hosts.workflow.parting import finished
from hosts.workflow.resident import Ending

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident

EXPIRED: Failure = Failure("workflow timed out", TIMEOUT, details={"timeout_type": "run"})


def touch(engine: Engine, touched: Sequence[Touched]) -> None:
    """Let the runs of this engine hear what another run's commit did to them."""
    for item in touched:
        if item.ended:
            resident = engine.resident(item.run)
            resident.host = resident.host or engine.hosts.get(item.host)
            resident.workflow_id = item.workflow_id
            finished(engine, resident, Outcome(failure=TERMINATED))
        elif item.delivery is not None:
            told = item.delivery
            engine.fact(item.run, Fact(told.kind, told.ref, told.target, told.payload, told.at, item.row))
        elif engine.owns(item.run):
            if item.workflow_id:
                engine.open_ids[item.workflow_id] = item.run
                engine.beside[item.run] = item.workflow_id
            if item.released < NEVER:
                engine.timers.add(item.released, item.run, RELEASE)


def serve_timer(engine: Engine, run: int, ref: int) -> None:
    """Do what a timer asks for that is not the script's: begin a run, or end it."""
    if ref == RELEASE:
        change = asking("release", at=engine.clock.now(), run=run)
        change.served = _served(engine)
        engine.control.change(change, lambda answer: _begun(engine, run, answer))
    elif ref == EXPIRY:
        resident = engine.resident(run)
        resident.ending = Ending(events.RUN_FAILED, EXPIRED, []).joined(resident.ending)
        engine.enqueue(resident)


def _served(engine: Engine) -> dict[str, frozenset[str]] | None:
    """Return the queues that hosts serve, of those that do not serve all; None when all do."""
    found = {host.id: host.settings.queues for host in engine.hosts.values() if host.settings.queues is not None}
    return found or None


def _begun(engine: Engine, run: int, answer: Committed | Error) -> None:
    """Read a run that was resumed before it was due, or that has what it has waited for."""
    if not isinstance(answer, Error) and answer.state == states.PENDING and not answer.accepted:
        engine.recovery.read_again(engine.resident(run))


def expire_unbegun(engine: Engine, resident: Resident) -> None:
    """End a run whose time is over before it took its first steps."""
    resident.ending = None
    change = asking("expire", at=engine.clock.now(), run=resident.run, pid=resident.pid, reason=EXPIRED.message)
    engine.control.change(ending(change, EXPIRED), lambda _answer: None)
