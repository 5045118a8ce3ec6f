"""Rebuilding a run from the store: its row, its pinned source, and a replay of its journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from actorflow.bundle import Bundle
from actorflow.codec import decode, encode
from actorflow.errors import Error, invalid, not_found
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import CALLS, is_sound, kind_of, source_of
from actorflow.run.lease import FENCED
from actorflow.run.rule import check_rules
from actorflow.run.turn import NEVER, RELEASE
from actorflow.store.port import RunFilter
from hosts.workflow.driver import Divergence
from hosts.workflow.live import CorruptJournalError, Fact
from hosts.workflow.start import is_first_feed_open, new_live
from hosts.workflow.start_terms import bounded

if TYPE_CHECKING:
    from actorflow.run.turn import OpenRun, RunRow
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.live import LiveRun
    from hosts.workflow.resident import Resident

_FACTS_PER_CHECKPOINT = 100
_BUNDLES = 64


class Given(NamedTuple):
    """A run as it was read, and the inbox rows among its facts that were known before that."""

    found: OpenRun
    before: frozenset[int]


def known_rows(resident: Resident) -> frozenset[int]:
    """Return the inbox rows that are known of a run."""
    return frozenset([fact.row for fact in resident.facts if fact.row])


def revive(engine: Engine, resident: Resident, given: Given) -> RunRow | None:
    """Do what `load` does with a run that was read, if it merely waits: without a step of the loop, nor rare questions.

    That is all there is to do for each of a hundred thousand that sleep and are due in one moment. None when there may
    be more to do: then nothing has happened, and `load` does it.

    Raises:
        Divergence, CorruptJournalError: as `load`, which finds them again.
    """
    found, row = given.found, given.found.row
    host, bundle = engine.hosts.get(row.host), engine.programs.bundles.get(row.bundle_hash)
    if (
        row.state != states.WAITING
        or host is None
        or bundle is None
        or given.before
        or found.inbox
        or found.calls
        or row.lease == FENCED
        or not host.owns(row.run)
        or is_first_feed_open(found.events)
    ):
        return None
    _know(engine, resident, row)
    resident.lease = host.token(resident.run)
    live, payload = _opened(engine, host, bundle, found)
    resident.live, resident.called, resident.attempts = live, {}, {}
    for _ in live.replay(found.events, payload):
        pass
    if not live.begun:
        live.close()
        resident.live = None
        return None
    if len(resident.facts) > 1 or not all(_is_kept(live, fact) for fact in resident.facts):
        _join_inbox(resident, found, given.before)
    resident.used = engine.clock.monotonic()
    return row


async def load(engine: Engine, resident: Resident, given: Given | None = None) -> RunRow:
    """Read a run, unless it is `given`, and rebuild its machine; returns its row.

    A run that gets no turns now, has ended, or whose host does not run gets no machine. Facts in its inbox join the
    others.

    Raises:
        Divergence, CorruptJournalError: when the journal and the script do not agree.
        Error: when the store cannot be read now, or the run's source is missing.
    """
    if given is None:
        before = known_rows(resident)  # as it is now, before the store is read
        given = Given(await _read(engine, resident), before)
    found, before = given
    _know(engine, resident, found.row)
    row = found.row
    if resident.host is None or row.state in states.STILL | states.TERMINAL or row.lease == FENCED:
        return row
    resident.lease = resident.host.token(resident.run)  # not the row's: who was fenced off must stay so
    await _rebuild(engine, resident, found)
    resident.called = _called(resident, found)
    resident.attempts = {call.ref: call for call in found.calls}
    if resident.called:
        resident.attempts |= engine.calls.rows(resident.run, resident.called)
    _join_inbox(resident, found, before)
    waits = row.state == states.PENDING and await _waits(engine, found)
    _begin(engine, resident, found, waits=waits)
    if row.state == states.PENDING:  # it may come from a pause: nobody was told when its timers were due
        resident.pending = resident.live is not None
        for ref, due in found.timers:
            if ref != RELEASE or resident.live is None:  # else it begins now: to be told so, it is read again
                engine.timers.add(due, resident.run, ref)
    resident.used = engine.clock.monotonic()
    return row


async def _read(engine: Engine, resident: Resident) -> OpenRun:
    """Read a run; one of which only the row can be read is known well enough to be paused."""
    try:
        found: OpenRun = await engine.writer.read(lambda store: store.load(resident.run, lazy=True))
    except Exception as error:
        if not isinstance(error, Error) or error.retryable is False:
            await _read_row(engine, resident)
        raise
    return found


async def _read_row(engine: Engine, resident: Resident) -> None:
    """Read the row of a run alone."""
    newest = await engine.writer.read(lambda store: store.runs(RunFilter(), 1, resident.run + 1))
    if newest and newest[0].run == resident.run:
        _know(engine, resident, newest[0])
        resident.lease = resident.host.token(resident.run) if resident.host is not None else resident.lease


def _know(engine: Engine, resident: Resident, row: RunRow) -> None:
    resident.revision, resident.lease, resident.workflow_id = row.revision, row.lease, row.workflow_id
    resident.parent_run, resident.parent_ref = row.parent_run, row.parent_ref
    host = engine.hosts.get(row.host)
    resident.host = host if host is not None and host.owns(row.run) else None


async def _rebuild(engine: Engine, resident: Resident, found: OpenRun) -> None:
    row, journal = found.row, found.events
    if resident.host is None:
        return
    bundle = engine.programs.bundles.get(row.bundle_hash) or await pinned_bundle(engine, row)
    live, payload = _opened(engine, resident.host, bundle, found)
    resident.live = live
    if is_first_feed_open(journal):
        fed = live.feed_again(journal)
        resident.start = (fed.events, fed.records) if fed.events else None
        return
    try:
        for count, _ in enumerate(live.replay(journal, payload)):
            if count % _FACTS_PER_CHECKPOINT == _FACTS_PER_CHECKPOINT - 1:
                await trio.lowlevel.checkpoint()
    except Divergence as divergence:
        divergence.began = payload["source"]
        raise


def _opened(engine: Engine, host: WorkflowHost, bundle: Bundle, found: OpenRun) -> tuple[LiveRun, Mapping[str, Any]]:
    """Return the machine of a run, to which nothing is replayed yet, and the payload of its start event."""
    _check_ends(found)
    payload = decode(found.events[0].payload)
    _check_identity(found, payload)
    check_rules(payload, found.events, host.known_rules)
    slices = host.settings.slices
    if "options" in payload:
        bundle, slices = bounded(bundle, slices, payload["options"].get("task_timeout", 0))
    program = engine.programs.pinned(bundle, slices)
    return new_live(host, program, bundle, found.row.workflow_id, payload), payload


async def _waits(engine: Engine, found: OpenRun) -> bool:
    """Tell whether a pending run waits for ids or lock keys: only then may it have been resumed before it had them."""
    payload = decode(found.events[0].payload)
    if "locks" not in payload and "queued" not in payload:
        return False
    return bool(await engine.writer.read(lambda store: store.wanted(found.row.run)))


def _begin(engine: Engine, resident: Resident, found: OpenRun, *, waits: bool) -> None:
    """Let a run that has waited with its first steps take them, unless it was resumed before it may."""
    live = resident.live
    if live is None or (live.begun and not waits):
        return
    now = engine.clock.now()
    due = dict(found.timers).get(RELEASE, 0)
    if waits or now < due < NEVER:
        live.close()
        resident.live = None  # its timer, which is set again, or the store brings it back
        return
    others = [fact for fact in resident.facts if fact.kind != events.RUN_RELEASED]  # it may have been read before
    resident.facts = [Fact(events.RUN_RELEASED, 0, "", encode(None), now), *others]


async def pinned_bundle(engine: Engine, row: RunRow) -> Bundle:
    """Return the source that a run is pinned to; the sources of the runs read lately are kept.

    Raises:
        Error: when it is not in the store, or is not what the run was started with.
    """
    kept = engine.programs.bundles
    if row.bundle_hash not in kept:
        data = await engine.writer.read(lambda store: store.bundle(row.bundle_hash))
        if data is None:
            raise not_found(f"the source {row.bundle_hash[:12]} of run {row.workflow_id!r} is not in the store")
        kept[row.bundle_hash] = _sound_bundle(row, data)
        if len(kept) > _BUNDLES:
            kept.popitem(last=False)
    return kept[row.bundle_hash]


def _check_ends(found: OpenRun) -> None:
    """Do nothing if the journal begins and ends as it must; what comes after its start is checked by the replay.

    Raises:
        CorruptJournalError: when it does not.
    """
    row, journal = found.row, found.events
    if not journal or journal[0].seq != 1 or not is_sound(b"", row.run_id.encode(), journal[0]):
        raise CorruptJournalError(1)
    if (journal[-1].seq, journal[-1].checksum) != (row.last_seq, row.last_checksum):
        raise CorruptJournalError(row.last_seq)


def _called(resident: Resident, found: OpenRun) -> dict[int, int]:
    if resident.live is None or CALLS.isdisjoint(map(kind_of, found.events)):
        return {}
    open_calls = resident.live.driver.open
    return {event.ref: event.at for event in found.events if event.kind in CALLS and event.ref in open_calls}


def _sound_bundle(row: RunRow, data: bytes) -> Bundle:
    """Return the run's source; raises `Error` when what is stored is not what the run was started with."""
    try:
        bundle = Bundle.from_bytes(data)
        sound = bundle.hash == row.bundle_hash
    except Exception as error:
        raise invalid(f"corrupt: the source {row.bundle_hash[:12]} of run {row.workflow_id!r}: {error}") from error
    if not sound:
        raise invalid(f"corrupt: the source {row.bundle_hash[:12]} of run {row.workflow_id!r} is not what it was")
    return bundle


def _check_identity(found: OpenRun, started: Mapping[str, Any]) -> None:
    """Do nothing if the row says of the run what its start event says.

    Raises:
        CorruptJournalError: when it does not.
    """
    row, source = found.row, source_of(started["source"], found.events)
    said = (row.run_id, row.workflow_id, row.bundle_hash, row.parent)
    if said != (started["run_id"], started["workflow_id"], source, started["parent"]):
        raise CorruptJournalError(1)


def _join_inbox(resident: Resident, found: OpenRun, before: frozenset[int]) -> None:
    """Put what the inbox holds before the answers that wait already, each row once.

    A row that was known `before` the inbox was read and is not in it was consumed by a commit of unknown outcome; one
    that became known since then came too late to be in it.
    """
    live = resident.live
    others = [fact for fact in resident.facts if not fact.row and live is not None and _is_kept(live, fact)]
    if not found.inbox and not any(before):
        resident.facts = others + [fact for fact in resident.facts if fact.row]
        return
    stored = [Fact(row.kind, row.ref, row.target, row.payload, row.at, row.id) for row in found.inbox]
    if stored:
        resident.last_row = max(resident.last_row, stored[-1].row)
    rows = {fact.row for fact in stored}
    late = [fact for fact in resident.facts if fact.row not in rows and fact.row not in before and fact.row]
    resident.facts = stored + others + late


def _is_kept(live: LiveRun, fact: Fact) -> bool:
    return live.wants(fact) or live.is_lost(fact)
