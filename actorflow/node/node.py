"""The node: what hosts share, and the front that applications and the command line use.

It never imports a host: hosts are given to it, made elsewhere from the registry's kinds.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import trio

from actorflow.clock import Clock, SystemClock
from actorflow.errors import UNAVAILABLE, Error
from actorflow.hosting import Functions, Host
from actorflow.message import EXIT, LINK_DOWN, exit_event
from actorflow.node.asking import Asking
from actorflow.node.asyncio_bridge import AsyncioThread
from actorflow.node.calls import Calls
from actorflow.node.directory import Directory
from actorflow.node.elsewhere import Mesh
from actorflow.node.event_bus import EventBus
from actorflow.node.front import Front
from actorflow.node.guard import Guard
from actorflow.node.links import NOBODY, Links
from actorflow.node.metrics import LEVEL, Metrics
from actorflow.node.operation import Operations
from actorflow.node.program import Language, Programs, Registry
from actorflow.node.resource import Resources
from actorflow.node.router import Router
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.ports import Outcome
from actorflow.registry.change import Revision
from actorflow.registry.environment import Environment
from actorflow.supervision.report import ServiceReport
from actorflow.value import DEFAULT_LIMITS, Limits, Value, copy_value

LogSink = Callable[[str, str, Mapping[str, Value]], None]
"""Takes a script's log line: level, text, fields (`pid` and `entry` among them)."""

StoreOpener = Callable[[str], Awaitable[Any]]
"""Opens a store by the id of its `db.sql.*` entry, "memory", or "" for the default, and returns its writer."""

_BOOT_SHIFT: Final = 44
"""Bits of a process id below the boot number: a million spawns a second for half a year."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""The context and options of those who have none: shared, for a parked process costs bytes."""
STOP_GRACE: Final = 10.0
"""Seconds that hosts get to stop when the node closes."""


async def no_store(database: str) -> Any:
    """Refuse to open a store: the default of a node that was put together without one."""
    raise Error(f"this node has no stores: cannot open {database or 'the default database'!r}", UNAVAILABLE)


async def _settled(_ids: Collection[str]) -> None:
    """Wait for no service: the default of a node that was put together without any."""


def _silent(_level: str, _text: str, _fields: Mapping[str, Value]) -> None:
    """Take a log line and forget it."""


class Node(Front, Asking):
    """One node.

    Attributes:
        name: node part of the PIDs of its actors. boot: how often it has started; makes their ids unique.
        registry, programs, clock, limits, notices, log: what every host shares.
        hosts: running hosts by id. functions: what runs registered functions, or None.
        directory, links, router, calls: names, who is told of exits, routing, function calls.
        nursery: where hosts and functions run; only while the node is open.
        operations: what else scripts can do, by name. running: the running resources, by id.
        bus: what happens on the node, for who subscribes. metrics: what scripts count and measure.
        services: what its supervisor reports; set by the composition root.
        leaving, exit_code: set when a script has asked the node to stop: whoever serves it does so.
        asyncio: the one thread for asyncio code; starts when first used.
        resources: what hosts of one kind share on this node, by a name of their own.
        environment: the variables that entries declare; set by the composition root, as is `data`, the data directory.
        open_store: opens the store that a durable host names; open_shared: one that all nodes use, as `store.apart`;
            both set by the composition root.
        guard: judges what scripts that run as an actor may do.
        booting: whether its services are being started for the first time, or were a moment ago.
        settled: waits until it is known how the starts of services went; set by the composition root.
        mesh: the other nodes; set by the composition root, None on a node that is alone.
        runs: what an operator does to durable runs (`store.operator.Operator`): `await node.runs.change("pause", run)`;
            set by the composition root, None on a node without stores.
    """

    def __init__(  # noqa: PLR0913 - the parts a composition root puts together
        self,
        registry: Registry,
        languages: Mapping[str, Language],
        *,
        name: str = "local",
        boot: int = 0,
        clock: Clock | None = None,
        limits: Limits = DEFAULT_LIMITS,
        notices: NoticeSink = drop,
        log: LogSink = _silent,
    ) -> None:
        """Put a node together; it does nothing before `open`."""
        self.name = name
        self.boot = boot
        self.registry = registry
        self.programs = Programs(registry, languages)
        self.clock = clock or SystemClock()
        self.limits = limits
        self.notices = notices
        self.log = log
        self.hosts: dict[str, Host] = {}
        self.functions: Functions | None = None
        self.directory = Directory()
        self.links = Links()
        self.router = Router(self)
        self.calls = Calls(self)
        self.bus = EventBus(notices)
        self.metrics = Metrics(notices)
        self.services: Callable[[], list[ServiceReport]] = list
        self.leaving = trio.Event()
        self.exit_code = 0
        self.operations = Operations(self)
        self.running = Resources(registry)
        self.asyncio = AsyncioThread()
        self.resources: dict[str, Any] = {}
        self.guard = Guard(registry)
        self.environment = Environment(Path(), {})
        self.data: Path | None = None
        self.open_store: StoreOpener = no_store
        self.open_shared: StoreOpener = no_store
        self.booting = False
        self.settled: Callable[[Collection[str]], Awaitable[None]] = _settled
        self.runs: Any = None
        self.mesh: Mesh | None = None
        self._nursery: trio.Nursery | None = None
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._listeners: list[Callable[[Revision], None]] = []
        self._ids = itertools.count((boot << _BOOT_SHIFT) + 1)

    # ---- life --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Be open for the block; at its end the hosts that still run are stopped, last started first."""
        raised: BaseException | None = None
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                try:
                    yield self
                except BaseException as error:  # noqa: BLE001 - raised below, not wrapped in a group by the nursery
                    raised = error
                with trio.CancelScope(shield=True):
                    await self._close()
                nursery.cancel_scope.cancel()
        finally:
            self._nursery = None
            await self.asyncio.stop()
        if raised is not None:
            raise raised

    async def _close(self) -> None:
        for host_id in list(reversed(self.hosts)):
            await self.stop_host(host_id, STOP_GRACE)
        while self._closing:
            await self._closing.pop()()

    @property
    def nursery(self) -> trio.Nursery:
        """The nursery of the open node."""
        if self._nursery is None:
            raise RuntimeError("the node is not open: use `async with node.open():`")
        return self._nursery

    async def start_host(self, host: Host) -> None:
        """Start a host and route to it; raises its `Error` when it cannot serve.

        It is routed to from the beginning: the runs that a durable host takes over act while it starts.
        """
        self.hosts[host.id] = host
        try:
            await host.start()
        except BaseException:
            if self.hosts.get(host.id) is host:
                del self.hosts[host.id]
            raise

    async def stop_host(self, host_id: str, grace: float) -> None:
        """Stop a host, giving its processes at most `grace` seconds; one that is not running is nothing."""
        host = self.hosts.get(host_id)
        if host is not None:
            try:
                await host.stop(grace)
            finally:
                if self.hosts.get(host_id) is host:  # else another one was started meanwhile
                    del self.hosts[host_id]

    def on_close(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run `action` when the node closes, after its hosts have stopped; the last one given runs first."""
        self._closing.append(action)

    def on_revision(self, listener: Callable[[Revision], None]) -> Callable[[], None]:
        """Tell `listener` whenever entries of the registry have changed; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def revised(self, revision: Revision) -> None:
        """Pass on that the registry has changed; what goes wrong in one listener does not keep it from the others."""
        self.guard.forget()
        for listener in tuple(self._listeners):
            try:
                listener(revision)
            except Exception as error:  # noqa: BLE001 - the change is made; see above
                self.notices(Notice("internal-error", f"after a change of the registry: {error!r}"))

    # ---- what hosts use ----------------------------------------------------------------------------------------

    def new_pid(self, host_part: str) -> str:
        """Return a PID that no process of this node has had or will have."""
        return f"{{{self.name}@{host_part}|0x{next(self._ids):05x}}}"

    def exited(self, pid: str, outcome: Outcome, *, durable: bool = False) -> None:
        """Tell everybody concerned that a process has ended; its host no longer knows it as alive.

        Names are freed first, then monitors get EXIT, then links LINK_DOWN if it failed; a durable run that went well
        gives linked processes a plain EXIT instead. `outcome` is already copied.
        """
        self.directory.release(pid)
        parting = self.links.part(pid)
        if parting is NOBODY:
            return
        at = self.clock.now()
        for watcher in parting.monitors:
            self.tell(watcher, exit_event(pid, at, copy_value(outcome.value), outcome.failure, EXIT))
        for peer in parting.links:
            if outcome.failure is not None or peer not in parting.monitors:
                self.tell_link(peer, pid, outcome, durable=durable)
        for watch in parting.watchers:
            watch(Outcome(copy_value(outcome.value), outcome.failure))

    def leave(self, code: int) -> None:
        """Ask whoever serves this node to stop, and to end with `code`; the first wish counts."""
        if not self.leaving.is_set():
            self.exit_code = code
            self.leaving.set()

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Take a note of a script: a log line, or with the level `metric` a measurement, whose name is `text`."""
        if level != LEVEL:
            self.log(level, text, fields)
            return
        try:
            self.metrics.record(fields.get("operation", ""), text, fields.get("value", 0), fields.get("labels"))
        except Error as error:
            self.notices(Notice("metric-refused", error.message, str(fields.get("pid", ""))))

    def tell(self, pid: str, event: Mapping[str, Value]) -> None:
        """Deliver an EXIT or LINK_DOWN event; a receiver that is gone is ignored."""
        try:
            host, pid = self.router.resolve(pid)
        except Error:
            return
        host.event(pid, event)

    def tell_link(self, peer: str, pid: str, outcome: Outcome, *, durable: bool) -> None:
        """Tell a linked process that `pid` has ended: LINK_DOWN after a failure, after a durable success EXIT."""
        if outcome.failure is None and not durable:
            return
        kind = EXIT if outcome.failure is None else LINK_DOWN
        self.tell(peer, exit_event(pid, self.clock.now(), copy_value(outcome.value), outcome.failure, kind))

    def after(self, delay: int, action: Callable[[], None]) -> Callable[[], None]:
        """Run `action` after `delay` nanoseconds; returns what prevents that."""
        scope = trio.CancelScope()
        self.nursery.start_soon(_later, scope, delay, action)
        return scope.cancel


async def _later(scope: trio.CancelScope, delay: int, action: Callable[[], None]) -> None:
    with scope:
        await trio.sleep(max(delay, 0) / 1e9)
        action()
