"""Starting a run: from a spawn request to what the store commits, with the script's first steps already taken.

The first feed happens before the commit, so that a run whose first steps are calls costs one commit to start. Nothing
of it takes effect before the commit; if the start is refused, the machine is thrown away.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha1
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode, encode
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.node.limit import written_limits
from actorflow.ports import Identity, SpawnRequest
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.event import kind_of
from actorflow.run.identity import QUEUE, REJECT, REUSE, aside
from actorflow.run.lock import key_of, lock_ids
from actorflow.run.turn import DEFAULT_QUEUE, Delivery, StartRun
from actorflow.store.attribute import memo_names
from hosts.workflow.driver import JournalDriver, Record
from hosts.workflow.entropy import VARIANT
from hosts.workflow.guarded import STRICT, GuardedDriver
from hosts.workflow.live import Fact, Fed, LiveRun
from hosts.workflow.option import PLAIN, start_options
from hosts.workflow.start_payload import encoded_start, start_payload
from hosts.workflow.start_terms import FIRST_ATTEMPT, TELLING, Waits, bounded, terms_of, told_of

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.ports import Program
    from actorflow.run.event import JournalEvent
    from actorflow.value import Limits
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.option import StartOptions
    from hosts.workflow.start_terms import Link, Terms

_KIND: Final = itemgetter(0)
"""The kind of a record."""
_TIMER: Final = events.TIMER_STARTED
_FOLDED: Final = events.CALLS | {_TIMER}
_NOTHING: Final[Mapping[str, Any]] = {}
_BESIDE_FIRST: Final = frozenset({events.NAMES_CARRIED, events.RUN_REPINNED, events.RUN_CANCELLED, events.RUN_FAILED})
_RUNS: Final = uuid.UUID("9b1c6f0e-6c0f-5d1e-9f3a-2f6d0a4b7c11")


@dataclass(slots=True)
class PreparedStart:
    """A start ready to be committed.

    Attributes:
        start: what the store commits. live: the run, first feed done. host: whose it is.
        records: the calls that the first feed asked for, to be made after the commit.
        rest: events and records of the first feed that did not fit the start and make the first turn, or None.
        request: what was asked. on_conflict: what to do when the workflow id is held. inherited: options of its parent.
    """

    start: StartRun
    live: LiveRun
    host: WorkflowHost
    records: list[Record]
    rest: tuple[list[JournalEvent], list[Record]] | None
    request: SpawnRequest
    on_conflict: str = REJECT
    inherited: Mapping[str, Any] = field(default_factory=dict)


def child_run_id(parent_run_id: str, ref: int) -> str:
    """Return the run id of the child that request `ref` of a run starts: the same however often it is asked."""
    return str(uuid.uuid5(_RUNS, f"{parent_run_id}/{ref}"))


def invocation_id(run_id: str, ref: int) -> str:
    """Return the idempotency key of a call, the same for all its attempts: the UUID version 5 of `ref` in the run.

    Computed by hand (RFC 9562 §5.5): `uuid.uuid5` costs a tenth of a whole step.
    """
    hashed = sha1(bytes.fromhex(run_id.replace("-", "")) + b"%d" % ref, usedforsecurity=False).hexdigest()
    variant = VARIANT[hashed[16]]
    return f"{hashed[:8]}-{hashed[8:12]}-5{hashed[13:16]}-{variant}{hashed[17:20]}-{hashed[20:32]}"


def prepare(  # noqa: PLR0913 - a start, who its parent is, and what it follows
    host: WorkflowHost,
    request: SpawnRequest,
    run_id: str,
    *,
    parent_run: int = 0,
    parent_ref: int = 0,
    parent_id: str = "",
    beside: bool = False,
    link: Link | None = None,
    inherited: Mapping[str, Any] = _NOTHING,
) -> PreparedStart:
    """Compile and pin a new run, and take its first steps unless it waits with them.

    With `beside` an open run holds the workflow id: it goes beside that, or waits behind it, under an id of its own.
    `link` is what it takes over from the run of its chain that it follows, `inherited` the options of its parent.

    Raises:
        Error: NotFound or Invalid, when the entry does not exist, is broken, or an option is wrong.
    """
    options, bundle, program = _options(host, request, inherited)
    engine, request = host.engine, secured(host, request)
    workflow_id = link.workflow_id if link is not None else options.workflow_id
    if not workflow_id:
        workflow_id = f"{parent_id}/{parent_ref}" if parent_id else engine.entropy.uuid(engine.clock.now())
    key = link.key if link is not None else ""
    if beside:
        key, workflow_id = workflow_id, aside(workflow_id, run_id)
    queued = key if link is not None or options.on_conflict == QUEUE else ""
    locks = lock_ids(options.locks or bundle.options.get("lock_keys", ()), request.args)
    payload = start_payload(request, bundle, host, workflow_id, run_id)
    if locks:
        payload["locks"] = locks
    if queued:
        payload["queued"] = queued
    queue, terms = queue_of(options.queue, bundle), None
    if options is not PLAIN or queued or locks or link is not None or host.settings.queues is not None:
        waits = Waits(_awaited(queued, locks), host.settings.unserved(queue), link)
        terms = terms_of(options, engine.clock.now(), waits)
    if terms is not None:
        payload.update(terms.payload)
    prepared = begin_run(host, request, bundle, program, payload)
    prepared.on_conflict, prepared.inherited, start = options.on_conflict, inherited, prepared.start
    start.parent_run, start.parent_ref = parent_run, parent_ref
    start.queue, start.priority = queue, options.priority or 0
    start.on_conflict, start.reuse = options.on_conflict, options.reuse if link is None else REUSE
    start.messages = [
        message_delivery(workflow_id, topic, request.parent, payloads, start.at, host)
        for topic, payloads in request.messages
    ]
    if parent_run:
        start.close = options.close
    if terms is not None:
        start.key, start.locks = queued, locks
        start.attributes = {**options.search, **memo_names(options.memo)}
        _hold(start, terms)
    return prepared


def _hold(start: StartRun, terms: Terms) -> None:
    """Let a start wait as its terms say."""
    start.timers, start.reason, start.ready = [*start.timers, *terms.timers], terms.reason, terms.ready
    if terms.held:
        start.state = states.CREATED


def _options(
    host: WorkflowHost, request: SpawnRequest, inherited: Mapping[str, Any]
) -> tuple[StartOptions, Bundle, Program]:
    """Return what a request asks for, with what it has of its parent; and the source and program that it runs."""
    options = start_options(request, host.engine.programs.notice_once, host.engine.store_name)
    if options.priority is None and inherited.get("priority"):
        options = replace(options, priority=inherited["priority"], bare=False)
    bundle, program = host.engine.programs.of(request.entry, host.settings.slices)
    if options.task_timeout:
        program = host.engine.programs.pinned(*bounded(bundle, host.settings.slices, options.task_timeout))
    return options, bundle, program


def queue_of(named: str, bundle: Bundle) -> str:
    """Return the queue of a run whose start names one, or not."""
    return named or str(bundle.options.get("queue") or DEFAULT_QUEUE)


def _awaited(queued: str, locks: Sequence[str]) -> str:
    """Say what a start waits for, "" for nothing."""
    parts = ["its workflow id to be free"] if queued else []
    if locks:
        parts.append("lock " + ", ".join(map(key_of, locks)))
    return " and ".join(parts)


def begin_run(  # noqa: PLR0913, PLR0917 - the parts of a start
    host: WorkflowHost,
    request: SpawnRequest,
    bundle: Bundle,
    program: Program,
    payload: Mapping[str, Any],
    limits: Limits | None = None,
) -> PreparedStart:
    """Take the first steps of a run whose start event has this payload; `limits` bound it, else those of the run.

    Raises:
        Error: kind Invalid, when the payload is too large.
    """
    now = host.engine.clock.now()
    workflow_id = payload["workflow_id"]
    live = new_live(host, program, bundle, workflow_id, payload)
    data = encoded_start(payload, limits or live.limits.values)
    fed = live.feed(Fact(events.RUN_STARTED, 0, request.entry, data, now))
    journal, records, rest, timers = fold(live, fed)
    start = StartRun(
        run_id=payload["run_id"],
        workflow_id=workflow_id,
        entry=request.entry,
        host=host.id,
        bundle_hash=bundle.hash,
        bundle=bundle.data,
        events=journal,
        at=now,
        parent=request.parent,
        lease=host.lease,
        near=host.near,
        state=states.RUNNING if records or rest else states.WAITING,
        timers=timers,
        node=host.engine.store_name,
        strict=str(bundle.options.get("strict") or ""),
    )
    return PreparedStart(start, live, host, records, rest, request)


def new_live(
    host: WorkflowHost, program: Program, bundle: Bundle, workflow_id: str, payload: Mapping[str, Any]
) -> LiveRun:
    """Return a run that has done nothing yet, from the payload of its start event."""
    run_id = payload["run_id"]
    store = host.engine.store_name
    identity = identity_of(payload, bundle.id, host.pid_of(workflow_id), host.id, host.task_queue, store)
    limits = host.settings.limits
    if "limits" in bundle.options:
        limits = limits.under(written_limits(bundle.options))
    return LiveRun(run_id, program, driver_of(host, identity, payload["seed"], limits.values), limits)


def identity_of(  # noqa: PLR0913, PLR0917 - what a run is called by
    payload: Mapping[str, Any], entry: str, pid: str, host: str, task_queue: str, store: str
) -> Identity:
    """Return who a run is, from the payload of its start event."""
    return Identity(
        pid=pid,
        entry=entry,
        host=host,
        context=payload["context"],
        durable=True,
        parent=payload["parent"],
        workflow={
            "workflow_id": payload["workflow_id"],
            "run_id": payload["run_id"],
            "workflow_type": payload.get("type", entry),
            "task_queue": task_queue,
            "namespace": store,
            **(FIRST_ATTEMPT if payload.keys().isdisjoint(TELLING) else told_of(payload)),
        },
    )


def driver_of(host: WorkflowHost, identity: Identity, seed: bytes, limits: Limits) -> JournalDriver:
    """Return the driver of a run: one that judges when the run has an actor and a scope, or began on a strict node."""
    context, run_id = identity.context, str(identity.workflow["run_id"])
    if context and ((ACTOR in context and SCOPE in context) or STRICT in context):
        return GuardedDriver(identity, run_id, seed, limits, host.engine.operator, host.engine.node.guard)
    return JournalDriver(identity, run_id, seed, limits, host.engine.operator)


def secured(host: WorkflowHost, request: SpawnRequest) -> SpawnRequest:
    """Return a request with the actor and scope that the entry has of its own, and marked on a strict node."""
    guard = host.engine.node.guard
    own = guard.own(request.entry)
    if not own and not guard.strict:
        return request
    context = {**request.context, **own}
    if guard.strict and (ACTOR not in context or SCOPE not in context):
        context[STRICT] = True
    return replace(request, context=context)


def message_delivery(  # noqa: PLR0913, PLR0917 - the parts of a message
    workflow_id: str, topic: str, sender: str, payloads: tuple[Any, ...], at: int, host: WorkflowHost
) -> Delivery:
    """Return the delivery of a message to a run."""
    payload = encode([sender, list(payloads)], host.limits.around(2))  # its list, and the sender beside it
    return Delivery(workflow_id, events.MESSAGE_RECEIVED, topic, sender, payload, at)


def fold(
    live: LiveRun, fed: Fed
) -> tuple[list[JournalEvent], list[Record], tuple[list[JournalEvent], list[Record]] | None, Sequence[tuple[int, int]]]:
    """Put the first feed into the start if it only called functions and set timers, which are returned last.

    Else all but the start event is kept for a turn. A start that sleeps is one commit and one row in place of two.
    """
    if not live.begun or (live.outcome is None and events.CALLS.issuperset(map(_KIND, fed.records))):
        return fed.events, fed.records, None, ()
    if live.outcome is None and live.driver.described is None and _FOLDED.issuperset(map(_KIND, fed.records)):
        timers = [(made.ref, made.at + int(decode(made.payload))) for made in fed.events if made.kind == _TIMER]
        return fed.events, [record for record in fed.records if record.kind != _TIMER], None, timers
    kept = 2 if fed.records and fed.records[0].kind == events.NAMES_CARRIED else 1
    return fed.events[:kept], [], (fed.events[kept:], fed.records), ()


def is_first_feed_open(journal: list[JournalEvent]) -> bool:
    """Tell whether a journal is what `fold` kept of the first feed: what the script asked then is not in it yet.

    Nor will it ever be in that of a run which was ended from outside before its first turn.
    """
    return _BESIDE_FIRST.issuperset(map(kind_of, journal[1:]))
