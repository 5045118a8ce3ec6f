"""Looking at runs: queries, validators of updates, and what is known of a run from its own history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from actorflow.errors import INTERNAL, INVALID, Error, Failure, not_found, unavailable
from actorflow.node.suggest import did_you_mean
from actorflow.store.why import asked_for
from actorflow.value import copy_value
from hosts.temporal.driver import CopyDriver, TemporalDriver
from hosts.temporal.failure import application_error
from hosts.temporal.terms import plain_attributes
from hosts.workflow.answering import NAK
from hosts.workflow.copying import KeptMachine, ReadingDriver
from hosts.workflow.live import LiveRun
from hosts.workflow.query import QUERY, VALIDATE, handled, handlers

if TYPE_CHECKING:
    from hosts.temporal.flow import Run

NOT_BEGUN: Final = "the run has not begun: no worker has said yet which source it is pinned to"
WHY: Final = "why"
"""The query that `actorflow run why` makes."""
_REQUEST: Final = "request "
"""Before its number a request that a task of a machine waits for is called so."""
Make = Callable[[type[TemporalDriver]], LiveRun]


def query(run: Run, name: str, args: list[Any]) -> Any:
    """Answer a query of a run.

    Raises:
        ApplicationError: NotFound, naming the queries that there are; what the script's function raises.
    """
    try:
        return copy_value(_answer(run, name, args))
    except Error as error:  # of the failure of a query Temporal keeps only the message
        failure = error.failure.crossing()
        raise application_error(replace(failure, message=f"[{failure.kind}] {failure.message}")) from None


def _answer(run: Run, name: str, args: list[Any]) -> Any:
    live = run.live
    if live is None or run.driver is None:
        raise unavailable(NOT_BEGUN)
    own = _OWN.get(name)
    if own is not None:
        return own(run, live)
    copy = run.copy()
    try:
        outcome = handled(copy, QUERY, name, tuple(args))
        known = sorted([*_OWN, *handlers(copy, QUERY)])
    finally:
        dropped: Any = copy.machine
        dropped.drop()
    if outcome is None:
        raise not_found(f"no query {name!r}{did_you_mean(name, known)}; there are: {', '.join(known)}", queries=known)
    return outcome.unwrap()


def validate(run: Run, name: str, args: list[Any]) -> None:
    """Do nothing if the script's validator of this update, when it has one, accepts it.

    Raises:
        ApplicationError: kind Invalid, with the reason: nothing of the update is recorded then.
    """
    live = run.live
    if live is None or not handlers(live, VALIDATE):
        return
    copy = run.copy()
    try:
        outcome = handled(copy, VALIDATE, name, tuple(args))
    finally:
        dropped: Any = copy.machine
        dropped.drop()
    if outcome is not None and (outcome.failure is not None or outcome.value is False):
        raise rejected(name, "" if outcome.failure is None else outcome.failure.message)


def rejected(name: str, reason: str) -> ApplicationError:
    """Return the error of an update that is rejected."""
    text = f"update {name} was rejected" + (f": {reason}" if reason else "")
    return application_error(Failure(text, INVALID, retryable=False, details={"rejected": True}))


def said(update_id: str, topic: str, value: Any) -> ApplicationError:
    """Return the error that a run has answered to an update."""
    if topic == NAK:
        return rejected(repr(update_id), "" if value is None else str(value))
    return application_error(value if isinstance(value, Failure) else Failure(str(value), INTERNAL))


def copied(run: Run, make: Make) -> LiveRun:
    """Return a copy of the machine of a run, fed what the run was fed; it acts on nothing."""
    live = make(CopyDriver)
    live.machine.script.close()
    kept: Any = KeptMachine(live.driver, run.program)
    live.machine = kept
    driver: Any = live.driver
    driver.versions = dict(run.driver.versions or {}) if run.driver is not None else {}
    for fact in run.fed:
        if live.wants(fact):
            live.feed(fact)
    kept.driver = ReadingDriver(driver.identity, driver.now())
    return live


def attributes(info: workflow.Info) -> dict[str, Any]:
    """Return the search attributes of a run that are not Temporal's own."""
    return plain_attributes(info.typed_search_attributes)


def _waits(_run: Run, live: LiveRun) -> Any:
    return [] if live.outcome is not None else list(live.machine.waits())


def _where(run: Run, live: LiveRun) -> Any:
    return [wait.partition("  ")[0] for wait in _waits(run, live)]


def _inbox(_run: Run, live: LiveRun) -> Any:
    unread = live.machine.unread()
    return [{"topic": item.topic, "from": item.sender, "payloads": list(item.payloads)} for item in unread]


def _pid(_run: Run, live: LiveRun) -> Any:
    return live.driver.who.pid


def _state(_run: Run, live: LiveRun) -> Any:
    return {"state": "running" if live.outcome is None else "completed", "reason": ""}


def _timers(run: Run, _live: LiveRun) -> Any:
    return sorted(run.effects.due.values())


def _why(run: Run, live: LiveRun) -> Any:
    return {"waits": [_named(live, wait) for wait in _waits(run, live)], "timers": _timers(run, live)}


def _named(live: LiveRun, wait: str) -> str:
    """Return what a task waits for, a request by what it asks for: `file:line  wait`."""
    place, _, number = wait.rpartition(_REQUEST)
    record = live.driver.open.get(int(number)) if number.isdigit() else None
    return wait if record is None else place + asked_for(*record)


def _seq(run: Run, _live: LiveRun) -> Any:
    return len(run.fed)


_OWN: Final[Mapping[str, Callable[[Run, LiveRun], Any]]] = MappingProxyType(
    {
        "pid": _pid,
        "state": _state,
        "seq": _seq,
        "waits": _waits,
        "where": _where,
        "inbox": _inbox,
        "timers": _timers,
        WHY: _why,
    }
)
