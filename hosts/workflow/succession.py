"""Succession: the run that another one continues as, from the last turn of the old one to the first of the new one.

The new run keeps the workflow id, the PID and with it whoever watches, the parent, the context and the names. It gets
the messages that were not received, then those that arrive, and the tokens; calls and timers of the old run are given
up. Children stay: their ends are events for whichever run of the chain is open then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actorflow.codec import decode, encode
from actorflow.ports import Outcome, SpawnRequest
from actorflow.run import event as events
from actorflow.run.identity import CLOSE_TERMINATE
from actorflow.run.shard import shard_of
from actorflow.run.state import COMPLETED
from actorflow.run.token import TAKEN_OVER, handed_over
from actorflow.run.turn import EXPIRY, StateChange
from actorflow.store.attribute import memo_names
from hosts.workflow.own.continuing import UNBOUNDED, next_run_id
from hosts.workflow.own.token import held
from hosts.workflow.parting import let_go
from hosts.workflow.start import begin_run, queue_of, secured
from hosts.workflow.start_payload import start_payload
from hosts.workflow.start_terms import bounded, expires, options_left
from hosts.workflow.touching import EXPIRED

if TYPE_CHECKING:
    from typing import Any

    from actorflow.run.event import JournalEvent
    from actorflow.run.turn import Committed
    from hosts.workflow.engine import Engine
    from hosts.workflow.live import LiveRun
    from hosts.workflow.resident import Draft, Resident
    from hosts.workflow.start import PreparedStart


def succeed(engine: Engine, resident: Resident, draft: Draft, live: LiveRun, end: JournalEvent) -> None:
    """Put the start of the successor into the turn that ends a run."""
    draft.successor = prepared = _prepared(engine, resident, live)
    draft.turn.successor = prepared.start
    draft.turn.result = encode(None)
    draft.turn.change = StateChange(COMPLETED, end.at, f"continued as {prepared.start.run_id}")


def _prepared(engine: Engine, resident: Resident, live: LiveRun) -> PreparedStart:
    host, continuation, identity = resident.host, live.driver.continuation, live.driver.who
    assert host is not None  # noqa: S101 - a run that is turned has its host
    assert continuation is not None  # noqa: S101 - who calls has looked
    args = tuple(decode(continuation.args))
    request = SpawnRequest(continuation.entry, host.id, args, context=identity.context, parent=identity.parent)
    request = secured(host, request)
    bundle, program = engine.programs.of(continuation.entry, host.settings.slices)
    terms, options = live.payload, options_left(live.payload, identity.workflow)
    if options.get("task_timeout"):
        program = engine.programs.pinned(*bounded(bundle, host.settings.slices, options["task_timeout"]))
    payload = start_payload(request, bundle, host, resident.workflow_id, next_run_id(live.run_id))
    if options or terms:
        payload["options"] = options
    if "locks" in terms:
        payload["locks"] = terms["locks"]
    if "execution_deadline" in terms:
        payload["execution_deadline"] = terms["execution_deadline"]
    payload |= {"first": terms.get("first") or live.run_id} | _left_behind(engine, live)
    prepared = begin_run(host, request, bundle, program, payload, UNBOUNDED)
    start = prepared.start
    start.parent_run, start.parent_ref = resident.parent_run, resident.parent_ref
    start.near = (shard_of(resident.run),) if host.shards is not None else ()
    start.queue, start.priority = queue_of(options.get("queue", ""), bundle), options.get("priority", 0)
    start.close = options.get("close", CLOSE_TERMINATE)
    start.attributes = {**options.get("search", {}), **memo_names(options.get("memo", {}))}
    start.key, start.locks = engine.beside.get(resident.run, ""), terms.get("locks", ())
    expiry = expires(terms.get("execution_deadline", 0), options.get("run_timeout", 0), start.at)
    if expiry:
        start.timers = [*start.timers, (EXPIRY, expiry)]
    return prepared


def _left_behind(engine: Engine, live: LiveRun) -> dict[str, Any]:
    """Return what the start event of the successor has beside that of any run."""
    left: dict[str, Any] = {"continued_from": live.run_id}
    if live.unread:
        left["unread"] = [[message.topic, message.sender, list(message.payloads)] for message in live.unread]
    if live.updates:
        left["updates"] = live.updates
    if tokens := handed_over(held(live.driver)):
        left[TAKEN_OVER] = tokens
    names = engine.node.directory.names_of(live.driver.who.pid)
    if names:
        left["names"] = list(names)
    return left


def carry_on(engine: Engine, resident: Resident, draft: Draft, answer: Committed) -> None:
    """Let the committed successor of a run live, with what has arrived for the old one meanwhile."""
    assert draft.successor is not None  # noqa: S101 - who calls has looked
    assert answer.successor is not None  # noqa: S101 - the store answers every part of a turn
    let_go(engine, resident)
    engine.updates.moved(resident.workflow_id)
    engine.beside.pop(resident.run, None)
    engine.admission.install(draft.successor, answer.successor, _ignore)
    run = answer.successor.run
    for fact in [*draft.left, *resident.facts]:
        if fact.row and fact.kind in events.CARRIED:
            engine.fact(run, fact._replace(ref=0))
    for ending in (draft.ending, resident.ending):
        if ending is not None and ending.failure is not EXPIRED:  # the successor has a time of its own
            successor = engine.resident(run)
            successor.ending = ending.joined(successor.ending)
            engine.enqueue(successor)


def follow(engine: Engine, resident: Resident, run: int) -> None:
    """Go on with the successor of a run whose last commit was one of unknown outcome: it is in the store."""
    let_go(engine, resident)
    engine.updates.moved(resident.workflow_id)
    resident.busy = False
    if engine.open_ids.get(resident.workflow_id) == resident.run:
        engine.open_ids[resident.workflow_id] = run
    successor = engine.resident(run)
    if resident.ending is not None:
        successor.ending = resident.ending.joined(successor.ending)
    engine.recovery.read_again(successor)


def _ignore(_outcome: Outcome) -> None:
    """Take the answer to a start that nobody waits for."""
