"""Chains: the run that follows when one of a retry policy has failed, or one of a cron schedule has ended.

The next run is started by the commit that ends the one before, under the same workflow id, and waits until it is due.
Whoever watches the PID hears of the end of the chain only. Cancelling or terminating a run ends its chain. Each
begins with what the one before it began with: its arguments and its tokens.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import Error
from actorflow.module.cron import Cron
from actorflow.notice import Notice
from actorflow.ports import Outcome, SpawnRequest
from actorflow.run.token import TAKEN_OVER
from hosts.workflow.option import option_names
from hosts.workflow.start import PreparedStart, prepare
from hosts.workflow.start_terms import Link, instant, retry_of

if TYPE_CHECKING:
    from actorflow.errors import Failure
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import LiveRun
    from hosts.workflow.resident import Resident

_CHAINS: Final = uuid.UUID("0b7f5a92-5d0e-5c0f-8a51-3a0c7d1e6f42")


def next_run_id(run_id: str) -> str:
    """Return the run id of the run that follows another one in its chain."""
    return str(uuid.uuid5(_CHAINS, run_id))


def successor(engine: Engine, resident: Resident, live: LiveRun, outcome: Outcome) -> PreparedStart | None:
    """Return the start of the run that follows one that has just ended, None when its chain ends with it."""
    options = live.payload.get("options", {})
    if resident.host is None or not (options.get("retry") or options.get("cron")) or live.cancel_asked:
        return None
    link = _link(engine, live, outcome.failure, options)
    deadline = live.payload.get("execution_deadline", 0)
    if link is None or (deadline and link.due >= deadline):
        return None
    link = link._replace(
        workflow_id=resident.workflow_id,
        key=engine.beside.get(resident.run, ""),
        execution_deadline=deadline,
        tokens=live.payload.get(TAKEN_OVER, {}),
    )
    try:
        return prepare(
            resident.host,
            _request(live),
            next_run_id(live.run_id),
            parent_run=resident.parent_run,
            parent_ref=resident.parent_ref,
            link=link,
        )
    except Error as error:
        text = f"the chain of {resident.workflow_id!r} ends here: {error.message}"
        engine.node.notices(Notice("chain-ended", text, resident.pid))
        return None


def _link(engine: Engine, live: LiveRun, failure: Failure | None, options: Any) -> Link | None:
    """Return when and why the next run begins: a failed one is tried again first, then the schedule goes on."""
    attempt, now = live.payload.get("attempt", 1), engine.clock.now()
    first = live.payload.get("first") or live.run_id
    retry = retry_of(options)
    wait = retry.delay(attempt, failure) if retry is not None and failure is not None else None
    if wait is not None and failure is not None:
        reason = f"attempt {attempt + 1} begins at {instant(now + wait)}, after: {failure.message[:200]}"
        return Link("", "", now + wait, attempt + 1, live.run_id, first, reason, 0)
    due = Cron(options["cron"]).after(now) if options.get("cron") else None
    if due is None:
        return None
    return Link("", "", due, 1, live.run_id, first, f"begins at {instant(due)} by schedule", 0)


def _request(live: LiveRun) -> SpawnRequest:
    """Return the request that the run was started with, as its start event keeps it."""
    payload = live.payload
    identity = live.driver.who
    request = SpawnRequest(
        identity.entry, identity.host, tuple(payload["args"]), context=identity.context, parent=identity.parent
    )
    return replace(request, options={"workflow": option_names(payload["options"])})
