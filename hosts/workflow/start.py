"""Starting a run: from a spawn request to what the store commits, with the script's first steps already taken.

The first feed happens before the commit, so that a run whose first steps are calls costs one commit to start. Nothing
of it takes effect before the commit; if the start is refused, the machine is thrown away.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha1
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import encode
from actorflow.errors import invalid
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.node.limit import written_limits
from actorflow.ports import Identity, SpawnRequest
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.draw import SEED_SIZE
from actorflow.run.event import FORMAT
from actorflow.run.turn import Delivery, StartRun
from hosts.workflow.driver import JournalDriver, Record
from hosts.workflow.entropy import VARIANT
from hosts.workflow.guarded import STRICT, GuardedDriver
from hosts.workflow.live import Fact, Fed, LiveRun

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.ports import Program
    from actorflow.run.event import JournalEvent
    from actorflow.value import Limits
    from hosts.workflow.entropy import Entropy
    from hosts.workflow.host import WorkflowHost

_RUNS: Final = uuid.UUID("9b1c6f0e-6c0f-5d1e-9f3a-2f6d0a4b7c11")
_USE_EXISTING: Final = frozenset({"use_existing", "return_existing"})
_FAIL: Final = frozenset({"fail", "reject"})


@dataclass(slots=True)
class PreparedStart:
    """A start ready to be committed.

    Attributes:
        start: what the store commits. live: the run, first feed done. host: whose it is.
        records: what the first feed asked, to be performed after the commit.
        rest: events and records of the first feed that did not fit the start and make the first turn, or None.
    """

    start: StartRun
    live: LiveRun
    host: WorkflowHost
    records: list[Record]
    rest: tuple[list[JournalEvent], list[Record]] | None


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


def prepare(  # noqa: PLR0913 - a start, and who its parent is
    host: WorkflowHost,
    request: SpawnRequest,
    run_id: str,
    *,
    parent_run: int = 0,
    parent_ref: int = 0,
    parent_id: str = "",
) -> PreparedStart:
    """Compile, pin and take the first steps of a new run.

    Raises:
        Error: NotFound or Invalid, when the entry does not exist, is broken, or an option is wrong.
    """
    bundle, program = host.engine.program_of(request.entry, host.settings.slices)
    request = secured(host, request)
    workflow_id, use_existing = _identity(request, parent_id, parent_ref, host.engine.entropy)
    payload = start_payload(request, bundle, host, workflow_id, run_id)
    prepared = begin_run(host, request, bundle, program, payload)
    start = prepared.start
    start.parent_run, start.parent_ref, start.use_existing = parent_run, parent_ref, use_existing
    start.messages = [
        message_delivery(workflow_id, topic, request.parent, payloads, start.at, host)
        for topic, payloads in request.messages
    ]
    return prepared


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
    data = encode(payload, limits or live.limits.values)
    fed = live.feed(Fact(events.RUN_STARTED, 0, request.entry, data, now))
    journal, records, rest = _fold(live, fed)
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
        state=states.RUNNING if records or rest else states.WAITING,
    )
    return PreparedStart(start, live, host, records, rest)


def new_live(
    host: WorkflowHost, program: Program, bundle: Bundle, workflow_id: str, payload: Mapping[str, Any]
) -> LiveRun:
    """Return a run that has done nothing yet, from the payload of its start event."""
    run_id = payload["run_id"]
    store = host.engine.store_name
    identity = identity_of(payload, bundle.id, host.pid_of(workflow_id), host.id, host.task_queue, store)
    limits = host.settings.limits.under(written_limits(bundle.options))
    return LiveRun(run_id, program, _driver(host, identity, payload["seed"], limits.values), limits)


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
            "workflow_type": entry,
            "task_queue": task_queue,
            "namespace": store,
            "attempt": 1,
        },
    )


def _driver(host: WorkflowHost, identity: Identity, seed: bytes, limits: Limits) -> JournalDriver:
    """Return the driver of a run: one that judges when the run has an actor and a scope, or began on a strict node."""
    context, run_id = identity.context, str(identity.workflow["run_id"])
    if (ACTOR in context and SCOPE in context) or STRICT in context:
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
    payload = encode([sender, list(payloads)], host.limits)
    return Delivery(workflow_id, events.MESSAGE_RECEIVED, topic, sender, payload, at)


def _fold(
    live: LiveRun, fed: Fed
) -> tuple[list[JournalEvent], list[Record], tuple[list[JournalEvent], list[Record]] | None]:
    """Put the first feed into the start if it only called functions, else keep all but the start event for a turn."""
    if live.outcome is None and all(record.kind in events.CALLS for record in fed.records):
        return fed.events, fed.records, None
    kept = 2 if fed.records and fed.records[0].kind == events.NAMES_CARRIED else 1
    return fed.events[:kept], [], (fed.events[kept:], fed.records)


def is_first_feed_open(journal: list[JournalEvent]) -> bool:
    """Tell whether a journal is what `_fold` kept of the first feed: what the script asked then is not in it yet."""
    return len(journal) == 1 or (len(journal) == 2 and journal[1].kind == events.NAMES_CARRIED)  # noqa: PLR2004


def start_payload(
    request: SpawnRequest, bundle: Bundle, host: WorkflowHost, workflow_id: str, run_id: str
) -> dict[str, Any]:
    """Return the payload of a run's start event."""
    return {
        "format": FORMAT,
        "workflow_id": workflow_id,
        "run_id": run_id,
        "host": host.id,
        "args": list(request.args),
        "context": dict(request.context),
        "parent": request.parent,
        "seed": host.engine.entropy.take(SEED_SIZE),
        "source": bundle.hash,
        "packages": _versions(bundle.options.get("packages") or ()),
    }


def _versions(packages: Any) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def _identity(request: SpawnRequest, parent_id: str, parent_ref: int, entropy: Entropy) -> tuple[str, bool]:
    """Return the workflow id, and whether an open run of that id is the answer."""
    explicit = option(request.options, "workflow.id") or request.name
    policy = option(request.options, "workflow.id_conflict_policy")
    if explicit is not None and explicit != "" and not isinstance(explicit, str):
        message = f"option workflow.id: got {explicit!r}, expected a non-empty text"
        raise invalid(message)
    use_existing = bool(explicit)
    if policy is not None:
        use_existing = _conflict(policy)
    if explicit:
        return explicit, use_existing
    return f"{parent_id}/{parent_ref}" if parent_id else entropy.uuid(), use_existing


def _conflict(policy: Any) -> bool:
    word = str(policy).lower()
    if word in _USE_EXISTING:
        return True
    if word in _FAIL:
        return False
    message = f"option workflow.id_conflict_policy: got {policy!r}, expected 'fail' or 'use_existing'"
    raise invalid(message)


def option(options: Mapping[str, Any], name: str) -> Any:
    """Return a start option by its dotted name: unprefixed, with the prefix `temporal.`, or in nested tables."""
    if not options:
        return None
    for key in (name, f"temporal.{name}"):
        if key in options:
            return options[key]
    for path in (name.split("."), ["temporal", *name.split(".")]):
        value: Any = options
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            return value
    return None
