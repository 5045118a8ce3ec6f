"""Building a turn: feed what waits for a run to its machine, and gather everything that is to be committed at once.

Nothing here writes or acts; what a turn means for the world is done by the engine after its commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.codec import decode, encode
from actorflow.errors import Error
from actorflow.message import child_exit
from actorflow.names import is_pid, parse_pid
from actorflow.notice import Notice
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.turn import EXPIRY, RELEASE, Delivery, StateChange, Turn
from actorflow.store.control import Pause
from hosts.workflow.admission import HostAwayError
from hosts.workflow.approving import opened, withdrawn
from hosts.workflow.awaiting import joining, unwatched, watched
from hosts.workflow.chain import successor
from hosts.workflow.child_stop import given_up, stopped
from hosts.workflow.closing import outcome_of
from hosts.workflow.driver import Record
from hosts.workflow.faults import no_run
from hosts.workflow.last_turn import last_draft
from hosts.workflow.live import Fed, LiveRun
from hosts.workflow.option import task_queue
from hosts.workflow.resident import Draft, Resident
from hosts.workflow.spawned import spawn_request
from hosts.workflow.start import child_run_id
from hosts.workflow.start_planned import prepare
from hosts.workflow.start_terms import expires
from hosts.workflow.stepping import PlainDraft, begins_plain, stays_plain
from hosts.workflow.succession import succeed

if TYPE_CHECKING:
    from actorflow.run.document import PutDocument
    from actorflow.run.event import JournalEvent
    from hosts.workflow.engine import Engine

_DOCUMENTED = frozenset({events.APPROVAL_ASKED, events.STATE_AWAITED})
_PASSIVE = _DOCUMENTED | {events.TIMER_STARTED, events.RUN_SUSPENDED}
_OUTWARD = frozenset(
    {events.PROCESS_SPAWNED, events.MESSAGE_SENT, events.PROCESS_CONTROLLED, events.CALL_CANCELLED, *_DOCUMENTED}
)
_END_STATES = {
    events.RUN_COMPLETED: states.COMPLETED,
    events.RUN_FAILED: states.FAILED,
    events.RUN_CANCELLED: states.CANCELLED,
    events.RUN_CONTINUED: states.COMPLETED,
}


MOST_FACTS: Final = 10_000
"""So many signals, results and the like one turn takes."""


def build(engine: Engine, resident: Resident, live: LiveRun) -> Draft:
    """Take what waits for a run, feed it, and return the draft of the turn."""
    if not begins_plain(resident, live):
        return _build(engine, resident, live)
    facts, fact = resident.facts, resident.facts[0]
    fed = live.feed(fact)
    if live.machine.outcome is not None:
        last = last_draft(resident, live, fact, fed)
        if last is not None:
            resident.facts = []
            return last
    if fact.kind == events.TIMER_FIRED:
        draft = _build(engine, resident, live, fed)
        draft.turn.dropped_timers = [*draft.turn.dropped_timers, fact.ref]
        return draft
    if not stays_plain(fed.records, live):
        return _build(engine, resident, live, fed)
    resident.facts = []
    turn = PlainTurn(resident.run, resident.revision, resident.lease, fed.events)
    return PlainDraft(turn, facts, fed.records)


def _build(engine: Engine, resident: Resident, live: LiveRun, fed: Fed | None = None) -> Draft:
    """Return the draft of any turn; `fed` is what its only fact has led to, if that has been fed already."""
    draft = Draft(
        Turn(resident.run, resident.revision, resident.lease, states.WAITING),
        resident.facts,
        resident.ending,
    )
    start, resident.start = resident.start, None
    resident.facts, resident.ending = [], None
    if len(draft.facts) > MOST_FACTS:
        _put_off(engine, resident, draft)
    if start is not None:
        draft.turn.events, draft.records = start
    if fed is None:
        _feed_all(draft, live)
    else:
        draft.turn.events, draft.records = fed
    _end_from_outside(engine, draft, live)
    _timers(engine, resident, draft, live)
    if resident.attempts:
        _calls(draft, resident, live)
    outward = []
    for record in draft.records:
        if record.kind in _OUTWARD and (record.ref in live.driver.open or live.outcome is not None):
            outward.append(record)
        elif record.kind == events.PAUSE_REQUESTED:
            draft.pausing = record
    if outward:
        _send_out(engine, resident, draft, outward)
    if live.driver.described is not None:
        draft.turn.attributes, live.driver.described = live.driver.described, None
    _finish(engine, resident, draft, live)
    return draft


def _put_off(engine: Engine, resident: Resident, draft: Draft) -> None:
    """Leave what is too much for one turn to the next ones: nothing is dropped, and somebody is told."""
    count = len(draft.facts)
    draft.facts, resident.facts = draft.facts[:MOST_FACTS], draft.facts[MOST_FACTS:]
    text = f"{count} signals and results wait for it at once; a turn takes {MOST_FACTS}, the next ones take the others"
    engine.node.notices(Notice("run-flooded", text, resident.pid))


def _feed_all(draft: Draft, live: LiveRun) -> None:
    turn, consumed, fired = draft.turn, [], []
    for fact in draft.facts:
        ended = live.outcome is not None
        if ended and live.driver.continuation is not None and fact.kind in events.CARRIED:
            draft.left += (fact,)
            continue
        if fact.row:
            consumed.append(fact.row)
        if ended or not live.wants(fact):
            if live.lost and not ended and live.is_lost(fact):
                turn.events.append(live.late(fact))
            continue
        journal, records = live.feed(fact)
        turn.events += journal
        draft.records += records
        if fact.kind == events.TIMER_FIRED:
            fired.append(fact.ref)
        elif fact.kind == events.RUN_RELEASED:
            _released(turn, live, fact.at)
    if consumed:
        turn.consumed = consumed
    if fired:
        turn.dropped_timers = [*turn.dropped_timers, *fired]


def _released(turn: Turn, live: LiveRun, at: int) -> None:
    """Write that a run has begun, and when its time is over from now; one that begins again has a time already."""
    if live.again:
        return
    turn.dropped_timers = [*turn.dropped_timers, RELEASE]
    turn.change = StateChange(states.RUNNING, at)
    payload = live.payload
    if expiry := expires(payload.get("execution_deadline", 0), payload["options"].get("run_timeout", 0), at):
        turn.timers = [*turn.timers, (EXPIRY, expiry)]


def _end_from_outside(engine: Engine, draft: Draft, live: LiveRun) -> None:
    if draft.ending is not None and live.outcome is None:
        draft.turn.events.append(live.note_end(draft.ending.kind, draft.ending.failure, engine.clock.now()))


def _timers(engine: Engine, resident: Resident, draft: Draft, live: LiveRun) -> None:
    """Store the timers that are still open after the turn, and drop those that were open before it."""
    ended = live.outcome is not None
    armed: dict[int, Record] = {}
    gone: list[int] = []
    for record in draft.records:
        if record.kind == events.TIMER_STARTED:
            armed[record.ref] = record
        elif record.kind == events.REQUEST_DROPPED:
            gone.append(record.ref)
    if armed and not ended:
        opened = (record for record in armed.values() if record.ref in live.driver.open)
        due = [(record.ref, _due(record, draft.turn.events)) for record in opened]
        draft.turn.timers = [*draft.turn.timers, *due]
    if gone:
        draft.dropped = tuple(gone)
        if live.driver.withdrawn:
            _given_up(engine, resident, draft, live)
    if ended:
        gone += [ref for ref, record in live.driver.open.items() if record.kind in _PASSIVE]
    if gone:
        draft.turn.dropped_timers = [*draft.turn.dropped_timers, *(ref for ref in gone if ref not in armed)]


def _given_up(engine: Engine, resident: Resident, draft: Draft, live: LiveRun) -> None:
    """Tell who is told of the requests that this turn gives up."""
    withdrawn, live.driver.withdrawn = live.driver.withdrawn or (), None
    for record in withdrawn:
        if record.ref not in draft.dropped:
            continue
        if record.kind in _DOCUMENTED:
            document = _withdrawn(resident, record, live.driver.now())
            draft.turn.documents = [*draft.turn.documents, document]
        else:
            given_up(engine, resident, draft, record)


def _withdrawn(resident: Resident, record: Record, at: int) -> PutDocument:
    """Return what becomes of the document of a request that is given up."""
    return withdrawn(resident, record, at) if record.kind == events.APPROVAL_ASKED else unwatched(resident, record)


def _due(record: Record, journal: list[JournalEvent]) -> int:
    at = next(event.at for event in reversed(journal) if event.kind == record.kind and event.ref == record.ref)
    return at + int(decode(record.payload))


def _calls(draft: Draft, resident: Resident, live: LiveRun) -> None:
    """Drop the rows of calls that are answered."""
    opened = live.driver.open if live.outcome is None else {}
    draft.turn.dropped_calls = [ref for ref in resident.attempts if ref not in opened]


def _send_out(engine: Engine, resident: Resident, draft: Draft, outward: list[Record]) -> None:
    """Put what concerns other runs of this store into the turn itself."""
    deliveries: list[Delivery] = []
    sends: list[int] = []
    for record in outward:
        if record.kind == events.PROCESS_SPAWNED:
            _spawn(engine, resident, draft, record)
        elif record.kind == events.CALL_CANCELLED:
            stopped(engine, resident, draft, record)
        elif record.kind in _DOCUMENTED:
            document = opened if record.kind == events.APPROVAL_ASKED else watched
            draft.turn.documents = [*draft.turn.documents, document(resident, record)]
        elif (delivery := _delivery(engine, resident, record)) is not None:
            delivery.otherwise = _undelivered(resident, record.ref, delivery)
            deliveries.append(delivery)
            sends.append(record.ref)
    draft.turn.deliveries = [*draft.turn.deliveries, *deliveries]
    draft.sends = (*draft.sends, *sends)


def is_empty(draft: Draft) -> bool:
    """Tell whether a turn says nothing."""
    turn = draft.turn
    return not (turn.events or turn.consumed or turn.dropped_calls or turn.dropped_timers or draft.ending)


def _spawn(engine: Engine, resident: Resident, draft: Draft, record: Record) -> None:
    live = resident.live
    if live is None or resident.host is None:
        return
    request, _ = spawn_request(record, resident.pid, live.driver.who.context)
    run_id = child_run_id(live.run_id, record.ref)
    try:
        host = engine.admission.child_host(resident.host, task_queue(request.options) or request.host)
        prepared = prepare(
            host,
            request,
            run_id,
            parent_run=resident.run,
            parent_ref=record.ref,
            parent_id=resident.workflow_id,
            inherited=live.payload.get("options", {}),
        )
    except HostAwayError:
        engine.recovery.when_joined(resident.run)  # the request stays open, and is made again then
        return
    except Error as error:
        draft.refused += ((record.ref, error.failure),)
        return
    prepared.start.joins = joining(resident, record.ref, prepared.start.workflow_id)
    draft.turn.starts = [*draft.turn.starts, prepared.start]
    draft.starts += ((record.ref, prepared),)


def _delivery(engine: Engine, resident: Resident, record: Record) -> Delivery | None:
    """Return the delivery that a message or cancel to another run of this store is, None if it goes elsewhere."""
    workflow_id = engine.own_workflow(record.target)
    if workflow_id is None:
        return None
    at = engine.clock.now()
    first, second = decode(record.payload)
    if record.kind == events.MESSAGE_SENT:
        payload = encode([resident.pid, second])
        return Delivery(workflow_id, events.MESSAGE_RECEIVED, first, resident.pid, payload, at)
    payload = encode([resident.pid, second or ""])
    return Delivery(workflow_id, events.CANCEL_REQUESTED, "", resident.pid, payload, at)


def _undelivered(resident: Resident, ref: int, delivery: Delivery) -> Delivery:
    """Return what the sender learns when there is no such run: on disk with the turn, lest a crash turn it around."""
    payload = encode([None, no_run(delivery.workflow_id).failure])
    return Delivery("", events.REQUEST_SETTLED, "", "", payload, delivery.at, run=resident.run, ref=ref)


def _finish(engine: Engine, resident: Resident, draft: Draft, live: LiveRun) -> None:
    turn = draft.turn
    if live.outcome is None and draft.pausing is not None:
        _pause(engine, resident, draft, decode(draft.pausing.payload))
        return
    if live.outcome is None:
        for record in live.driver.open.values():
            if record.kind not in _PASSIVE:
                turn.state = states.RUNNING
                return
        turn.state = states.WAITING
        return
    end = turn.events[-1]
    waiting = [record for record in live.driver.open.values() if record.kind in _DOCUMENTED]
    turn.documents = [*turn.documents, *(_withdrawn(resident, record, end.at) for record in waiting)]
    turn.state = _END_STATES[end.kind]
    if end.kind == events.RUN_CONTINUED:
        succeed(engine, resident, draft, live, end)
        return
    turn.result = end.payload
    draft.outcome = outcome_of(end.kind, end.payload)
    failure = draft.outcome.failure
    turn.change = StateChange(turn.state, end.at, failure.message[:200] if failure else "", "")
    following = successor(engine, resident, live, draft.outcome) if live.payload else None
    if following is not None:
        draft.successor, turn.successor = following, following.start
    elif resident.parent_run:
        turn.deliveries = [*turn.deliveries, _exit_delivery(resident, live.run_id, draft.outcome, end.at)]
        draft.sends += (0,)


def _pause(engine: Engine, resident: Resident, draft: Draft, reason: str) -> None:
    """Let the turn leave the run paused: it has asked for that itself."""
    turn = draft.turn
    turn.state = states.PAUSED
    turn.waits = Pause([reason] if reason else [], by=resident.pid).packed()
    turn.change = StateChange(states.PAUSED, engine.clock.now(), reason[:200], resident.pid)


def _exit_delivery(resident: Resident, run_id: str, outcome: Outcome, at: int) -> Delivery:
    told = child_exit(resident.pid, at, outcome.value, outcome.failure, resident.workflow_id, run_id)
    payload = encode(told)
    return Delivery(
        "", events.PROCESS_EXITED, "", resident.pid, payload, at, run=resident.parent_run, ref=resident.parent_ref
    )


def workflow_of(target: str, node: str, hosts: frozenset[str]) -> str | None:
    """Return the workflow id that a PID names on one of these hosts, None for any other destination."""
    if not is_pid(target):
        return None
    pid = parse_pid(target)
    return pid.id if pid.host in hosts and pid.node in {"", node} else None
