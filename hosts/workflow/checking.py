"""Checking a recorded run against code without a node: its journal is replayed, and nothing is performed or written.

Used before a deploy, to see which open runs could go on with the code that is registered now, and for journals that
releases keep: what was recorded once must replay for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.bundle import Bundle
from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.names import Pid
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.node.limit import written_limits
from actorflow.ports import Identity
from actorflow.run.rule import check_rules
from actorflow.run.verdict import DIVERGES, NEEDS_PIN, SAFE, Verdict
from actorflow.store.why import Told
from hosts.workflow.answering import HANDLE
from hosts.workflow.driver import Divergence, JournalDriver, Operator
from hosts.workflow.guarded import STRICT, GuardedDriver
from hosts.workflow.live import CorruptJournalError, LiveRun
from hosts.workflow.query import handlers
from hosts.workflow.report import divergence_report
from hosts.workflow.settings import settings_of
from hosts.workflow.start import identity_of, is_first_feed_open

if TYPE_CHECKING:
    from actorflow.ports import Program
    from actorflow.run.event import JournalEvent
    from actorflow.run.turn import OpenRun
    from actorflow.value import Limits

_NOWHERE: Final = Operator(lambda *_: None, lambda _: None, lambda _: None)
_NO_GUARD: Final[Any] = SimpleNamespace(check=lambda *_: None)
"""A replay that asks for a verdict the journal does not have is one that goes beyond it: nothing is done there."""

LONGEST: Final = 10_000
"""So many events are replayed to say where a script stands."""

Compile = Callable[[Bundle], "Program"]


def check_run(held: OpenRun, config: Any, now: Callable[[], Bundle], compile_: Compile) -> Verdict:
    """Say whether an open run could go on with the code that is registered now.

    Args:
        held: the run, as its store has it.
        config: the entry of its host, for what its runs are held to.
        now: returns the source registered under the run's entry. Raises `Error`, when there is none that can be used.
        compile_: makes a program of a source, for a durable host. Raises `Error`, when it does not compile.
    """
    try:
        bundle = now()
        program = compile_(bundle)
    except Error as error:
        return Verdict(NEEDS_PIN, reason=f"the code that is registered now cannot be used: {error.message}")
    if not held.events or not held.events[0].payload:
        return Verdict(NEEDS_PIN, reason="its journal holds no data any more, so that nothing can be replayed")
    verdict = check_journal(held.events, bundle, program, held.row.host, config)
    if verdict.is_safe and bundle.hash == held.row.bundle_hash:
        return Verdict(SAFE, reason="its source is what is registered now")
    return verdict


def check_journal(
    journal: list[JournalEvent], bundle: Bundle, program: Program, host: str, config: Any = None
) -> Verdict:
    """Replay a journal on a program, and say whether it asks what is recorded."""
    payload = decode(journal[0].payload)
    try:
        check_rules(payload, journal)
    except Error as newer:
        return Verdict(NEEDS_PIN, reason=newer.message)
    live = replayable(payload, bundle, program, host, config)
    try:
        replay(live, journal)
    except Divergence as divergence:
        step = divergence.recorded.seq if divergence.recorded is not None else live.seq
        report = divergence_report(divergence, place_of(live))
        return Verdict(DIVERGES, step, "", report, live.driver.position)
    except CorruptJournalError as corrupt:
        return Verdict(NEEDS_PIN, corrupt.seq, f"{corrupt}; see `actorflow doctor`")
    finally:
        live.close()
    return Verdict(SAFE, reason="the code registered now repeats the journal")


def replay(live: LiveRun, journal: list[JournalEvent]) -> None:
    """Feed a run its whole journal.

    Raises:
        Divergence, CorruptJournalError: when the script and the journal do not agree.
    """
    if is_first_feed_open(journal):
        live.feed_again(journal)
        return
    for _ in live.replay(journal):
        pass


def standing_of(held: OpenRun, bundle: Bundle, program: Program) -> Told:
    """Return where the script of an open run stands, from a replay; nothing when it does not go."""
    if held.row.last_seq > LONGEST or not held.events or not held.events[0].payload:
        return Told()
    live = replayable(decode(held.events[0].payload), bundle, program, held.row.host)
    try:
        replay(live, held.events)
        return Told(tasks=live.machine.waits(), handlers=handlers(live, HANDLE))
    except (Divergence, CorruptJournalError):
        return Told()
    finally:
        live.close()


def place_of(live: LiveRun) -> str:
    """Return the `file:line` where the main task of a run stands, or ""."""
    waits = live.machine.waits()
    return waits[0].partition("  ")[0] if waits else ""


class Drivers(NamedTuple):
    """The drivers of a replay: that of a run which is not judged, and that of one which is."""

    plain: type[JournalDriver] = JournalDriver
    guarded: type[GuardedDriver] = GuardedDriver


_STRICTLY: Final = Drivers()


def replayable(  # noqa: PLR0913 - a run, and how it is replayed
    payload: Mapping[str, Any],
    bundle: Bundle,
    program: Program,
    host: str,
    config: Any = None,
    *,
    kind: type[LiveRun] = LiveRun,
    drivers: Drivers = _STRICTLY,
) -> LiveRun:
    """Return a run that has done nothing yet and can only be replayed, from the payload of its start event."""
    settings = settings_of(host, config)
    pid = str(Pid("local", host, payload["workflow_id"]))
    identity = identity_of(payload, bundle.id, pid, host, settings.task_queue or host, "local")
    limits = settings.limits.under(written_limits(bundle.options))
    return kind(payload["run_id"], program, _driver(identity, payload, limits.values, drivers), limits)


def _driver(identity: Identity, payload: Mapping[str, Any], limits: Limits, drivers: Drivers) -> JournalDriver:
    context = identity.context
    if (ACTOR in context and SCOPE in context) or STRICT in context:
        return drivers.guarded(identity, payload["run_id"], payload["seed"], limits, _NOWHERE, _NO_GUARD)
    return drivers.plain(identity, payload["run_id"], payload["seed"], limits, _NOWHERE)
