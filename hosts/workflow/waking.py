"""Waking runs that have suspended themselves: see `own.suspend`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.codec import encode
from actorflow.errors import CONFLICT, Error
from actorflow.node.waiting import Answer
from actorflow.run import event as events
from actorflow.run.turn import Delivery
from hosts.workflow.query import found_run

if TYPE_CHECKING:
    from actorflow.run.turn import OpenRun
    from actorflow.value import Value
    from hosts.workflow.engine import Engine

_OVER = frozenset({events.REQUEST_SETTLED, events.REQUEST_DROPPED})


async def wake(engine: Engine, reference: str, data: Value) -> None:
    """Let a suspended run go on with `data`; what it suspended longest ago, if that is more than one.

    Raises:
        Error: kind NotFound without such a run, Conflict when it is not suspended.
    """
    found = await found_run(engine, reference)
    ref = _suspended(found)
    if not ref:
        text = f"run {found.row.workflow_id!r} is {found.row.state}, and not suspended; see `actorflow run why`"
        raise Error(text, CONFLICT, retryable=False)
    answer = Answer[bool]()
    payload, now = encode([data, None]), engine.clock.now()
    engine.deliver(Delivery("", events.REQUEST_SETTLED, "", "", payload, now, run=found.row.run, ref=ref), answer)
    await answer.wait()


def _suspended(found: OpenRun) -> int:
    """Return the number of the request that a run is suspended in and nobody has answered, 0 if there is none."""
    over = {event.ref for event in found.events if event.kind in _OVER} | {row.ref for row in found.inbox}
    waiting = (event.ref for event in found.events if event.kind == events.RUN_SUSPENDED and event.ref not in over)
    return 0 if found.row.result is not None else next(waiting, 0)
