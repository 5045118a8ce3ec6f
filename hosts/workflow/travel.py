"""Going back in a run: forks of it, asked for by name and started on its own host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from actorflow.bundle import Bundle
from actorflow.codec import decode, encode
from actorflow.errors import ALREADY_EXISTS, Error, invalid, not_found, unavailable
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.node.limit import written_limits
from actorflow.ports import Identity
from actorflow.run.draw import SEED_SIZE
from actorflow.run.rule import check_rules
from actorflow.run.state import DATA_DELETED, DELETE_REQUESTED, TERMINAL
from actorflow.run.turn import Committed, OpenRun, StartRun
from actorflow.store.port import Reader, RunFilter
from hosts.workflow.fork_point import fork_point
from hosts.workflow.forking import AlikeDriver, Fork, GuardedAlikeDriver, begun, forked
from hosts.workflow.guarded import STRICT
from hosts.workflow.live import LiveRun
from hosts.workflow.query import found_run
from hosts.workflow.start import identity_of

if TYPE_CHECKING:
    from actorflow.ports import Program
    from actorflow.value import Limits
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost

REGISTERED: Final = "registered"
_NAMES: Final = "/fork-"
_MOST: Final = 10_000
_TRIES: Final = 100


async def fork_run(  # noqa: PLR0913 - what may be other in a fork
    engine: Engine,
    reference: str,
    *,
    since: str = "",
    args: Sequence[Any] | None = None,
    results: Mapping[str, Any] | None = None,
    source: str = "",
    workflow_id: str = "",
    dry_run: bool = False,
) -> dict[str, Any]:
    """Start a fork of a run, and say which: `pid`, `run_id`, `kept` and `cut`, both in events.

    Args:
        engine: of the run's store.
        reference: the run: a PID, a workflow id or a run id.
        since: the step to begin with, see `forking.Fork`.
        args: other arguments.
        results: what steps are to have answered, by name or position.
        source: `registered` for the code registered now, the beginning of a stored source's hash, "" for the same.
        workflow_id: of the fork; `<id>/fork-n` when none is given.
        dry_run: start nothing; say which it would be, which has no `run_id` yet.

    Raises:
        Error: NotFound, Invalid, Conflict or AlreadyExists, saying what of this cannot be.
    """
    found = await found_run(engine, reference)
    host = engine.hosts.get(found.row.host)
    if host is None:
        raise unavailable(f"host is not running: {found.row.host!r}, the host of run {found.row.workflow_id!r}")
    if found.row.state in {DELETE_REQUESTED, DATA_DELETED} or not found.events[0].payload:
        raise not_found(f"run {found.row.workflow_id!r} cannot be forked: its data are deleted")
    bundle = await _source(engine, found, source)
    base = _root(found.row.workflow_id)
    number = await engine.writer.read(partial(_next_number, base)) if not workflow_id else 0
    for attempt in range(_TRIES):
        name = workflow_id or f"{base}{_NAMES}{number + attempt}"
        fork = Fork(name, since, args, results or {}, at=engine.clock.now())
        made = _made(host, found, fork, bundle)
        run_id = await _tried(engine, name) if dry_run else await _start(engine, made.start)
        if run_id is not None:
            return {"pid": host.pid_of(name), "run_id": run_id, "kept": made.kept, "cut": made.cut}
        if workflow_id:
            break
    raise Error(f"workflow {name!r} is already running; name another with --id", ALREADY_EXISTS, retryable=False)


async def _start(engine: Engine, start: StartRun) -> str | None:
    """Start a fork and return its run id, None when an open run holds its workflow id."""
    answer: Committed = await engine.writer.write(start)
    if not answer.accepted:
        return None
    if engine.owns(answer.run):
        engine.open_ids[start.workflow_id] = answer.run
    engine.enqueue(engine.resident(answer.run))  # read and replayed like a run that comes back
    return start.run_id


async def _tried(engine: Engine, workflow_id: str) -> str | None:
    """Return "" when a fork could have this workflow id, None when an open run holds it."""
    holder = await engine.writer.read(lambda store: store.find(workflow_id))
    return "" if holder is None or holder.state in TERMINAL else None


def _made(host: WorkflowHost, found: OpenRun, fork: Fork, bundle: Bundle) -> Any:
    engine = host.engine
    point = fork_point(found, fork.since, fork.results)
    seed = engine.entropy.take(SEED_SIZE)
    started = decode(found.events[0].payload)
    check_rules(started, found.events)
    payload = begun(started, fork, seed, bundle.hash, waited=point.waited)
    program = engine.programs.pinned(bundle, host.settings.slices)
    live = _live(host, bundle, program, payload)
    made = forked(found, fork, point, live, bundle, encode(payload, live.limits.values))
    made.start.locks = payload.get("locks", ())
    made.start.lease, made.start.node = host.lease, engine.store_name
    return made


def _live(host: WorkflowHost, bundle: Bundle, program: Program, payload: Mapping[str, Any]) -> LiveRun:
    pid, store = host.pid_of(payload["workflow_id"]), host.engine.store_name
    identity = identity_of(payload, bundle.id, pid, host.id, host.task_queue, store)
    limits = host.settings.limits.under(written_limits(bundle.options))
    return LiveRun(payload["run_id"], program, _driver(host, identity, payload, limits.values), limits)


def _driver(host: WorkflowHost, identity: Identity, payload: Mapping[str, Any], limits: Limits) -> Any:
    context, run_id, seed = identity.context, payload["run_id"], payload["seed"]
    operator = host.engine.operator
    if (ACTOR in context and SCOPE in context) or STRICT in context:
        return GuardedAlikeDriver(identity, run_id, seed, limits, operator, host.engine.node.guard)
    return AlikeDriver(identity, run_id, seed, limits, operator)


async def _source(engine: Engine, found: OpenRun, source: str) -> Bundle:
    """Return the source of a fork."""
    if source == REGISTERED:
        engine.node.programs.check_process(found.row.entry)
        return engine.node.registry.bundle(found.row.entry)
    wanted = source or found.row.bundle_hash
    data = await engine.writer.read(lambda store: store.bundle(wanted))
    if data is None:
        raise not_found(f"no source {wanted!r} is stored: expected `{REGISTERED}`, or the whole hash of a stored one")
    bundle = Bundle.from_bytes(data)
    if bundle.id != found.row.entry:
        raise invalid(f"source {wanted[:12]} is of {bundle.id}, expected one of {found.row.entry}")
    return bundle


def _root(workflow_id: str) -> str:
    """Return the id that forks of a run are numbered under: a fork of a fork is a fork of the original."""
    head, mark, number = workflow_id.rpartition(_NAMES)
    return head if mark and number.isdecimal() else workflow_id


def _next_number(workflow_id: str, store: Reader) -> int:
    prefix = f"{workflow_id}{_NAMES}"
    numbers = [row.workflow_id.removeprefix(prefix) for row in store.runs(RunFilter(prefix=prefix), _MOST)]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
