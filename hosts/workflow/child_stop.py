"""Asking children to stop whose results were waited for: the request is in the commit with which their caller goes on.

A child is asked once. One that was not started is not started any more; a run of somebody else that holds the id of the
child, and is waited for in its place, is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.codec import decode, encode
from actorflow.run import event as events
from actorflow.run import identity as rules
from actorflow.run.turn import Delivery
from hosts.workflow.start import child_run_id
from hosts.workflow.stopping import STOPPED, when_given_up

if TYPE_CHECKING:
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import LiveRun
    from hosts.workflow.resident import Draft, Resident


def given_up(engine: Engine, resident: Resident, draft: Draft, spawned: Record) -> None:
    """Ask a child to stop that is not waited for any more, unless it was asked before, or is to be left alone."""
    live, payload = resident.live, decode(spawned.payload)
    if live is None or not payload["wait"] or when_given_up(payload.get("options", {})) == rules.CANCEL_ABANDON:
        return
    before = live.driver.stopping is not None and spawned.ref in live.driver.stopping
    if not before or any((record.kind, record.ref) == _stop_of(spawned) for record in draft.records):
        _ask(engine, resident, draft, spawned.ref)


def stopped(engine: Engine, resident: Resident, draft: Draft, stop: Record) -> None:
    """Ask a child to stop that is waited for until it has; one that is not there has stopped."""
    spawned = resident.live.driver.open.get(stop.ref) if resident.live is not None else None
    if spawned is None or spawned.kind != events.PROCESS_SPAWNED:
        return  # a call: it is told after the commit
    if _unstarted(draft, stop.ref) or not _ask(engine, resident, draft, stop.ref):
        draft.refused += ((stop.ref, STOPPED),)


def was_stopped(engine: Engine, live: LiveRun, ref: int) -> bool:
    """Tell whether a child that was asked to stop is not there: then it never comes to an end that is heard of."""
    if live.driver.stopping is None or ref not in live.driver.stopping:
        return False
    return engine.stored.find(child_run_id(live.run_id, ref)) is None


def _stop_of(spawned: Record) -> tuple[str, int]:
    return events.CALL_CANCELLED, spawned.ref


def _unstarted(draft: Draft, ref: int) -> bool:
    """Take the start of a child out of a turn, and tell whether it was there."""
    for place, (number, prepared) in enumerate(draft.starts):
        if number == ref:
            prepared.live.close()
            draft.starts = (*draft.starts[:place], *draft.starts[place + 1 :])
            draft.turn.starts = [*draft.turn.starts[:place], *draft.turn.starts[place + 1 :]]
            return True
    return False


def _ask(engine: Engine, resident: Resident, draft: Draft, ref: int) -> bool:
    """Put the request into the turn; it may clean up although its parent ends. False when there is no such child."""
    assert resident.live is not None  # noqa: S101 - a turn is being built of it
    row = engine.stored.find(child_run_id(resident.live.run_id, ref))
    if row is None:
        return False
    payload = encode([resident.pid, "its caller has given up"])
    at = engine.clock.now()
    delivery = Delivery(
        row.workflow_id, events.CANCEL_REQUESTED, "", resident.pid, payload, at, run=row.run, parts=True
    )
    draft.turn.deliveries = [*draft.turn.deliveries, delivery]
    draft.sends = (*draft.sends, 0)
    return True
