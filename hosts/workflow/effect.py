"""What a committed record does to the world outside its store: calls, messages to actors, names, cancels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.names import is_pid, parse_pid
from actorflow.ports import Outcome
from actorflow.run import event as events

if TYPE_CHECKING:
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.resident import Resident


def perform(engine: Engine, resident: Resident, record: Record) -> None:
    """Do what a committed record says; its answer becomes a fact of the run. Timers and own deliveries are not here.

    A node that stops does nothing of it: its actors leave too. What is open is asked for when the run is read again.
    """
    if record.kind in events.CALLS:
        engine.calls.start(resident, record)
        return
    act = _ACTS.get(record.kind)
    if act is None or (engine.draining and engine.rests(resident.run)):
        return
    if record.kind != events.NAME_USED and engine.own_workflow(record.target) is not None:
        return
    engine.asked.add((resident.run, record.ref))
    reply = partial(_answer, engine, resident.run, record.ref)
    if engine.node.booting and act in _REACHING and not _is_there(engine, record.target):
        engine.start_soon(_once_there, engine, resident, record, reply)
    else:
        _do(engine, resident, record, reply)


def _do(engine: Engine, resident: Resident, record: Record, reply: partial[None]) -> None:
    try:
        _ACTS[record.kind](engine, resident, record, reply)
    except Error as error:
        reply(Outcome(failure=error.failure))


def _is_there(engine: Engine, target: str) -> bool:
    """Tell whether the host of a PID serves, or somebody has a name."""
    node = engine.node
    return parse_pid(target).host in node.hosts if is_pid(target) else node.directory.resolve(target) is not None


async def _once_there(engine: Engine, resident: Resident, record: Record, reply: partial[None]) -> None:
    """Reach for whom a run of an earlier boot knows once the hosts and services of this boot are there, or failed."""
    node = engine.node
    while node.booting and not _is_there(engine, record.target):  # noqa: ASYNC110 - nobody tells of names
        await trio.sleep(_LOOK)
    if not (engine.draining and engine.rests(resident.run)):
        _do(engine, resident, record, reply)


def _answer(engine: Engine, run: int, ref: int, outcome: Outcome) -> None:
    engine.settle(run, ref, outcome.value, outcome.failure)


def _send(engine: Engine, resident: Resident, record: Record, reply: partial[None]) -> None:
    topic, payloads = decode(record.payload)
    engine.node.router.send(record.target, topic, tuple(payloads), resident.pid, reply)


def _control(engine: Engine, resident: Resident, record: Record, reply: partial[None]) -> None:
    verb, detail = decode(record.payload)
    engine.node.router.control(verb, resident.pid, record.target, detail, reply)


def _name(engine: Engine, resident: Resident, record: Record, reply: partial[None]) -> None:
    verb, pid = decode(record.payload)
    reply(Outcome(engine.node.router.name(verb, record.target, pid or resident.pid)))


def _answered(engine: Engine, resident: Resident, record: Record, reply: partial[None]) -> None:
    engine.updates.said(resident, record, reply)


def _approval(engine: Engine, resident: Resident, record: Record, _reply: partial[None]) -> None:
    """Look whether it has been answered already; who answers it later settles it."""
    engine.approvals.asked(resident, record)


def _stopped(engine: Engine, resident: Resident, record: Record, _reply: partial[None]) -> None:
    """Ask a call to stop; when it has ended, that is its answer."""
    engine.calls.stop(resident.run, record.ref)


def _resumed(_engine: Engine, _resident: Resident, _record: Record, reply: partial[None]) -> None:
    reply(Outcome(value=True))  # the run is looked at again: so it has been resumed


def _state(engine: Engine, resident: Resident, record: Record, _reply: partial[None]) -> None:
    """Look at the past of the other run, and follow it; what is found settles the request."""
    engine.awaiting.asked(resident, record)


_ACTS = {
    events.STATE_AWAITED: _state,
    events.APPROVAL_ASKED: _approval,
    events.PAUSE_REQUESTED: _resumed,
    events.CALL_CANCELLED: _stopped,
    events.MESSAGE_SENT: _send,
    events.PROCESS_CONTROLLED: _control,
    events.NAME_USED: _name,
    events.UPDATE_ANSWERED: _answered,
}
_REACHING: Final = (_send, _control)
_LOOK: Final = 0.01
"""Seconds between two looks."""
