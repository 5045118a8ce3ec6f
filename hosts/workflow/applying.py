"""What facts are to a run: how each kind of them is taken in by its machine, live and on a replay alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.machine.shielding import NEVER
from actorflow.message import CANCEL, EVENTS_TOPIC, Message
from actorflow.ports import Outcome
from actorflow.run import event as events
from actorflow.run.event import last_ref_of
from actorflow.run.rule import SHIELDED, rules_of
from hosts.workflow import answering

if TYPE_CHECKING:
    from hosts.workflow.live import LiveRun

_TAKEN_OVER: Final = ("unread", "updates", "names")
"""Fields of the start event of a run that another one has continued as; a fork of it has the first two as well."""


def _started(live: LiveRun, _ref: int, _target: str, payload: Any) -> None:
    live.started, live.rules = live.driver.now(), rules_of(payload)
    if live.rules < SHIELDED:
        live.machine.shields = NEVER
    if "options" in payload or "first" in payload:
        live.payload = payload
    if not payload.keys().isdisjoint(_TAKEN_OVER):
        _continued(live, payload)
    if payload.get("held") or live.again:
        live.begun, live.payload = False, payload
    else:
        live.machine.start(tuple(payload["args"]))


def _released(live: LiveRun, _ref: int, _target: str, _payload: Any) -> None:
    """Take the first steps of a run that has waited with them."""
    live.begun, live.started = True, live.driver.now()
    live.machine.start(tuple(live.payload["args"]))


def _continued(live: LiveRun, payload: Any) -> None:
    """Take over what the run before had not read, and the names it had."""
    for topic, sender, payloads in payload.get("unread", ()):
        live.machine.keep(Message(topic, sender, tuple(payloads)))
        if sender.startswith(answering.HEAD):
            answering.named(live.driver, answering.id_of(sender), topic)
        if topic == EVENTS_TOPIC and payloads[0]["kind"] == CANCEL:
            live.cancel_asked = True
    if "updates" in payload:
        live.driver.updates = dict(payload["updates"])
    if "names" in payload:
        live.driver.mark(events.NAMES_CARRIED, 0, "", payload["names"])


def _completed(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    live.machine.settle(ref, Outcome(payload))


def _failed(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    live.machine.settle(ref, Outcome(failure=payload))


def _fired(live: LiveRun, ref: int, _target: str, _payload: Any) -> None:
    live.machine.fire(ref)


def _received(live: LiveRun, _ref: int, target: str, payload: Any) -> None:
    sender = payload[0]
    if sender.startswith(answering.HEAD) and not answering.arrived(live.driver, sender, target):
        return
    live.machine.deliver(Message(target, sender, tuple(payload[1])))


def _settled(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    value, failure = payload
    live.machine.settle(ref, Outcome(value, failure))


def _exited(live: LiveRun, ref: int, _target: str, payload: Any) -> None:
    if live.hears_of(ref):
        del live.driver.open[ref]
        result = payload["result"]
        live.machine.settle(ref, Outcome(result["value"], result["error"]))
    else:
        live.machine.event(payload)


def _cancelled(live: LiveRun, _ref: int, _target: str, payload: Any) -> None:
    live.cancel_asked = True
    live.machine.cancel(payload[0], payload[1])


def _taken_back(live: LiveRun, _ref: int, target: str, _payload: Any) -> None:
    """Use no request number twice; what comes for one that was taken back is nobody's."""
    first, last = live.machine.last_ref + 1, last_ref_of(target)
    if last >= first:
        live.machine.last_ref = last
        live.lost = (*live.lost, range(first, last + 1))


def _repinned(_live: LiveRun, _ref: int, _target: str, _payload: Any) -> None:
    """Feed nothing: who made the run's machine has taken the source."""


APPLY: Final = {
    events.RUN_RETRIED: _taken_back,
    events.RUN_ACCEPTED: _taken_back,
    events.RUN_STARTED: _started,
    events.RUN_RELEASED: _released,
    events.FUNCTION_COMPLETED: _completed,
    events.FUNCTION_FAILED: _failed,
    events.TIMER_FIRED: _fired,
    events.MESSAGE_RECEIVED: _received,
    events.REQUEST_SETTLED: _settled,
    events.PROCESS_EXITED: _exited,
    events.CANCEL_REQUESTED: _cancelled,
    events.RUN_REPINNED: _repinned,
}
"""What the machine of a run is told, by the kind of the fact."""
ANSWERS: Final = frozenset(
    {events.FUNCTION_COMPLETED, events.FUNCTION_FAILED, events.TIMER_FIRED, events.REQUEST_SETTLED}
)
