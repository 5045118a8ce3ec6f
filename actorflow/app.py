"""The composition root: builds a node from a registry directory and a data directory, and runs it.

The only file that knows every part. Hosts are found through the kinds that are installed, never imported by name.
"""

from __future__ import annotations

import os
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow import collecting
from actorflow.bundle import Bundle
from actorflow.duration import SECOND
from actorflow.errors import INVALID, Error, invalid
from actorflow.language.lua import LuaLanguage
from actorflow.language.python import PythonLanguage
from actorflow.node.control import ControlServer
from actorflow.node.control_verb import node_verbs
from actorflow.node.data import DataDirectory, data_path
from actorflow.node.hook_verb import hook_verbs
from actorflow.node.limit import slices_of
from actorflow.node.node import LogSink, Node
from actorflow.node.program import Language
from actorflow.node.registered_service import CODE, follow, judge, services_of
from actorflow.node.remote_verb import remote_verbs
from actorflow.node.schedule_verb import schedule_verbs
from actorflow.node.service import Change, Supervisor
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.ports import NO_SLICES, Program
from actorflow.registry.fault import Fault
from actorflow.registry.live import LiveRegistry
from actorflow.registry.load import open_registry
from actorflow.registry.registry import Entry, Registry
from actorflow.resource.install import install
from actorflow.run.turn import ChangeRun, Committed, RunRow
from actorflow.run.verdict import Verdict
from actorflow.store.judging import judge_of
from actorflow.store.moving import moves_of
from actorflow.store.operator import Changing, Operator
from actorflow.store.operator_verb import operator_verbs
from actorflow.store.read import SqlReader, sampled
from actorflow.store.run_verb import run_verbs
from actorflow.store.stores import Stores
from actorflow.store.why import Told
from actorflow.supervision.state import Service, State

if TYPE_CHECKING:
    from actorflow.store.capsule import Capsule

BOOT_SECONDS: Final = 30.0
"""How long a boot waits for its services; what is not up by then goes on in the background."""
_FUNCTIONS: Final = "hosts.function:FunctionHost"
_CHECK_RUN: Final = "hosts.workflow.checking:check_run"
_DEBUGGER: Final = "hosts.workflow.debugging:Debugger"
_JOIN: Final = "actorflow.mesh.joining:join"
_MOMENT: Final = "hosts.workflow.moment:moment"
_FUNCTIONS_ID: Final = "#functions"
_MODULES: Final = {"lua": LuaLanguage.modules, "py": PythonLanguage.modules}
_PLAIN_PYTHON: Final = frozenset({"function.py", "library.py"})
"""Kinds whose code is ordinary Python, held to no rules of scripts."""
_FIRST_STEPS: Final = SECOND
"""Nanoseconds that services have for their first steps, such as taking a name, before the boot counts as over."""
_SCRIPTS: Final = CODE | {"process.lua", "process.py", "workflow.lua", "workflow.py"}


class RegistryFaulty(Error):
    """The registry cannot be used as a whole: nothing starts. `faults` has everything that is wrong with it."""

    def __init__(self, directory: Path, faults: Sequence[Fault]) -> None:
        """Collect the faults of file scope."""
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__(f"registry {directory}: nothing was started, {count}:\n{lines}", INVALID, retryable=False)


@dataclass(frozen=True)
class Booted:
    """A node that runs, with what it was put together from."""

    node: Node
    registry: LiveRegistry
    supervisor: Supervisor
    stores: Stores
    data: DataDirectory
    starting: list[str]
    """Services that were not up when the boot stopped waiting."""


def languages(notices: NoticeSink = drop) -> dict[str, Language]:
    """Return the languages of scripts by the last part of their kinds."""
    return {"lua": LuaLanguage(notices), "py": PythonLanguage(notices)}


def read_registry(directory: Path, overrides: Sequence[str] = ()) -> Registry:
    """Load the registry in a directory.

    Raises:
        RegistryFaulty: when it has faults of file scope.
    """
    return live_registry(directory, overrides).snapshot


def live_registry(directory: Path, overrides: Sequence[str] = ()) -> LiveRegistry:
    """Load the registry in a directory, and what the files beside it say; raises as `read_registry`."""
    registry = open_registry(directory, overrides=overrides, environment=os.environ, modules=_MODULES)
    if registry.fatal:
        raise RegistryFaulty(directory, registry.fatal)
    return registry


@asynccontextmanager
async def open(  # noqa: A001 - `actorflow.open` is what applications write
    directory: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    notices: NoticeSink = drop,
) -> AsyncIterator[Node]:
    """Boot the registry in `directory` for the block, and give its node; at the end everything is stopped.

    Args:
        directory: the registry.
        data: the data directory, else ACTORFLOW_DATA, else `.actorflow` in the registry's directory.
        overrides: `ns:entry:path=value`, as with `-o` on the command line.
        notices: takes what is not an error, faults of single entries among it.

    Raises:
        Error: kind Invalid, when the registry as a whole or the data directory cannot be used; kind Unavailable, when
            another node uses the data directory.
    """
    changed = _failures_to(notices)
    async with boot(Path(directory), data=data, overrides=overrides, notices=notices, changed=changed) as booted:
        yield booted.node


def _failures_to(notices: NoticeSink) -> Change:
    """Return what notices each failure of a service, with its cause: an application has no other view of it."""

    def changed(_before: Service, after: Service) -> None:
        if after.state in {State.FAILED, State.EXITED} and after.failure is not None:
            notices(Notice("service-failed", after.failure.message, after.spec.id))

    return changed


@asynccontextmanager
async def boot(  # noqa: PLR0913 - what a composition root is told
    directory: Path,
    *,
    data: str | os.PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    notices: NoticeSink = drop,
    log: LogSink | None = None,
    changed: Change | None = None,
) -> AsyncIterator[Booted]:
    """Do what `open` does, and give all parts; `changed` is told of every change of state of a service."""
    check_hosts()
    with collecting.seldom(), ExitStack() as stack:
        registry = live_registry(directory, overrides)
        claimed = stack.enter_context(DataDirectory.claim(data_path(directory, data, os.environ)))
        sinks: dict[str, Any] = {"notices": notices, **({"log": log} if log else {})}
        node = Node(registry, languages(notices), name=registry.node.name, boot=claimed.next_boot(), **sinks)
        stores = Stores(claimed.path, registry)
        node.open_store, node.open_shared = stores.serve, stores.shared
        node.environment, node.data = registry.environment, claimed.path
        node.guard.strict = registry.strict
        registry.verify = partial(_verify, node)
        registry.judge = partial(judge, node)
        registry.listen(node.revised)
        async with _unhurried() as scope, node.open():
            node.on_close(stores.close)
            supervisor = await _prepare(node, registry, stores, claimed, changed)
            if registry.node.listen:
                await pkgutil.resolve_name(_JOIN)(node, registry.node, directory)
            try:
                with scope:
                    node.booting = True
                    starting = await supervisor.start(BOOT_SECONDS)
                    node.after(_FIRST_STEPS, partial(setattr, node, "booting", False))  # noqa: FBT003
                    yield Booted(node, registry, supervisor, stores, claimed, starting)
            finally:
                await supervisor.stop()


@asynccontextmanager
async def _unhurried() -> AsyncIterator[trio.CancelScope]:
    """Keep cancellation from what is inside, so that it can stop in order: only the scope it gives is cancelled."""
    raised: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            with trio.CancelScope(shield=True):
                scope = trio.CancelScope()
                nursery.start_soon(_pass_on, scope)
                try:
                    yield scope
                except BaseException as error:  # noqa: BLE001 - raised below, not wrapped in a group by the nursery
                    raised = error
                nursery.cancel_scope.cancel()
    finally:
        if raised is not None:
            raise raised


async def _pass_on(scope: trio.CancelScope) -> None:
    try:
        await trio.sleep_forever()
    finally:
        scope.cancel()


async def _prepare(
    node: Node, registry: LiveRegistry, stores: Stores, data: DataDirectory, changed: Change | None
) -> Supervisor:
    """Make everything that serves before the first service does."""
    install(node)
    functions = pkgutil.resolve_name(_FUNCTIONS)(_FUNCTIONS_ID, {}, node)
    await functions.start()
    supervisor = Supervisor(node, services_of(node, registry), **({"changed": changed} if changed else {}))
    node.on_revision(partial(follow, node, supervisor))
    node.settled = supervisor.settled
    node.services = supervisor.report
    node.runs = operator = Operator(stores, node.clock, partial(_commit, node), judge_of(stores, languages))
    verbs = node_verbs(node, supervisor) | schedule_verbs(node) | hook_verbs(node)
    verbs |= run_verbs(stores, served=True, look=partial(_told, node), watched=partial(moves_of, node.hosts))
    verbs = remote_verbs(node, verbs | operator_verbs(operator))
    await node.nursery.start(ControlServer(data.control_path(), verbs).serve)
    return supervisor


def _commit(node: Node, row: RunRow, change: ChangeRun) -> Awaitable[Committed] | None:
    """Have the host of a run commit a change of it, if that host runs here."""
    host: object = node.hosts.get(row.host)
    if not isinstance(host, Changing) or not host.serves:
        return None
    return host.change(change)


def _verify(node: Node, entry: Entry, registry: Registry) -> None:
    """Try the code of an entry that is about to change; raises `Error` when it does not compile."""
    if entry.kind in _PLAIN_PYTHON:
        source = getattr(entry.config, "source", None)
        try:
            compile(source or "", entry.origin.file or entry.id, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise invalid(f"{entry.id}: {error}") from None
    else:
        durable = entry.kind.startswith("workflow.")
        node.programs.compiled(registry.bundle(entry.id), durable=durable)


def uncompiled(booted: Booted) -> Iterator[tuple[str, Error]]:
    """Yield the id and fault of each script that does not compile, though nothing else is wrong with its entry.

    What compiles is kept: its first process or call need not wait for it.
    """
    registry = booted.registry.snapshot
    for entry in registry:
        if entry.kind not in _SCRIPTS or entry.broken or not getattr(entry.config, "source", None):
            continue
        try:
            _verify(booted.node, entry, registry)
        except Error as error:
            if error.kind == INVALID:
                yield entry.id, error


async def _told(node: Node, reference: str) -> Told:
    """Return what a node knows of a run beside its store."""
    try:
        host = await node.durable_host(reference)
    except Error:  # no host that runs has it
        return Told(hosted=False)
    told: Told = await host.told(reference)
    return told


def check_runs(
    directory: Path,
    registry: Registry,
    *,
    data: str | os.PathLike[str] | None = None,
    sample: int | None = None,
) -> Iterator[tuple[RunRow, Verdict]]:
    """Replay open runs of the stores under a data directory on the code of a registry, and yield what comes of each.

    Nothing is performed or written; a node may be running. A directory without stores has no runs.

    Args:
        directory: where the registry is, for the default data directory.
        registry: what is registered now.
        data: the data directory, else ACTORFLOW_DATA, else `.actorflow` in `directory`.
        sample: how many runs of each host are replayed at most, spread over all of them; None for all.

    Raises:
        Error: when a store cannot be read.
    """
    check = pkgutil.resolve_name(_CHECK_RUN)
    compilers = languages()

    def compiled(bundle: Bundle) -> Program:
        return compilers[bundle.language].compile(bundle, durable=True)

    for database in Stores(data_path(directory, data, os.environ), registry).databases().values():
        with closing(SqlReader(database)) as reader:
            for host in registry.find("workflow.host"):
                for row in sampled(reader, host.id, sample):
                    bundle = partial(registry.bundle, row.entry)
                    yield row, check(reader.load(row.run), host.config, bundle, compiled)


def debugger_of(capsule: Capsule) -> Any:
    """Return a debugger of a run; nothing is performed or written.

    Raises:
        Error: when the data of the run are deleted, or its source does not compile.
    """
    check_hosts()
    from actorflow.store.capsule_file import capped  # noqa: PLC0415 - a node reads no capsules

    compilers, slices = languages(), NO_SLICES if capsule.foreign else slices_of(capsule.limits)

    def compiled(bundle: Bundle) -> Program:
        language = compilers.get(bundle.language)
        if language is None:
            raise invalid(f"{bundle.id}: got a source of kind {bundle.kind!r}, expected Lua or Python")
        return language.compile(capped(bundle) if capsule.foreign else bundle, durable=True, slices=slices)

    return pkgutil.resolve_name(_DEBUGGER)(capsule, compiled)


def verdict_of(capsule: Capsule) -> Verdict:
    """Replay a run and say whether its source repeats the journal.

    Raises:
        Error: as `debugger_of`.
    """
    debugger = debugger_of(capsule)
    try:
        verdict: Verdict = debugger.verdict()
    finally:
        debugger.close()
    return verdict


def moment_of(debugger: Any) -> dict[str, Any]:
    """Return everything there is to see where a debugger stands."""
    seen: dict[str, Any] = pkgutil.resolve_name(_MOMENT)(debugger)
    return seen


def check_hosts() -> None:
    """Do nothing if the package `hosts` is the one that came with this one.

    Raises:
        Error: kind Invalid, naming the package that is in its place.
    """
    expected = Path(__file__).resolve().parent.parent / "hosts"
    found = util.find_spec("hosts")
    place = Path(found.origin).resolve().parent if found is not None and found.origin else None
    if place is not None and place != expected:
        advice = "rename it, or start actorflow where it is not on the import path"
        raise invalid(f"the package `hosts` at {place} hides actorflow's own at {expected}: {advice}")
    if place is None:
        raise invalid(f"the package `hosts` is missing, expected at {expected}: install actorflow again")
