"""Nodes with process hosts that form a mesh over the memory network; each can be killed and started again."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from actorflow.errors import UNAVAILABLE, Error, Failure
from actorflow.machine.op import Op
from actorflow.mesh.cluster import Cluster
from actorflow.mesh.meeting import Peer
from actorflow.mesh.memory import MemoryNetwork
from actorflow.mesh.mesh import Mesh
from actorflow.ports import SpawnRequest
from actorflow.resource import global_name, pg
from actorflow.store.memory import MemoryStore
from tests.conformance.process.rig import HOST, Entry, Rig, child
from tests.unit.machine.scripted import Script
from tests.unit.mesh.guest import until


class Citizen(Rig):
    """A rig that is one node of a mesh."""

    mesh: Mesh

    def __init__(self, boot: int, name: str) -> None:
        super().__init__(boot, name=name)
        for module in (pg, global_name):
            module.install(self.node)
        self.registry.entries["app:groups"] = Entry("pg.scope")

    def script(self, entry_id: str, script: Script) -> str:
        return self.add(entry_id, script)

    async def start(self, entry: str, *args: Any, host: str = HOST) -> str:
        return await self.node.spawn(entry, host=host, args=args)


class SharedStore:
    """A store as one of several nodes uses it, without threads; it fails while the node is cut off from it."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.failing = False
        self.closed = False

    async def read(self, read: Callable[[Any], Any]) -> Any:
        await self._reach()
        return read(self.store.reader())

    async def write(self, item: Any) -> Any:
        await self._reach()
        (answer,) = self.store.commit([item])
        return answer

    async def own(self, change: Callable[[Any], Any]) -> Any:
        await self._reach()
        return change(self.store.ownership)

    async def beat(self, node: str) -> Any:
        await self._reach()
        return self.store.pulse().beat(node)

    async def close(self) -> None:
        self.closed = True

    async def _reach(self) -> None:
        await trio.sleep(0.001)
        if self.failing:
            raise Error("the database does not answer", UNAVAILABLE, retryable=True)


class Society:
    """The nodes by name; `shared` opens what they keep names in, by default the same memory."""

    def __init__(self, nursery: trio.Nursery, seed: int, shared: Callable[[], Any] | None = None) -> None:
        self.network = MemoryNetwork(seed)
        self.nursery = nursery
        self.seed = seed
        self.scripts: dict[str, Script] = {}
        self.nodes: dict[str, Citizen] = {}
        self._scopes: dict[str, trio.CancelScope] = {}
        self._over: dict[str, trio.Event] = {}
        self.store = MemoryStore()
        self.stores: dict[str, SharedStore] = {}
        self.shared = shared

    async def start(self, name: str, boot: int = 1) -> Citizen:
        citizen = self.nodes[name] = Citizen(boot, name)
        store = self.stores[name] = SharedStore(self.store)

        async def open_shared(_database: str) -> Any:
            return self.shared() if self.shared is not None else store

        citizen.node.open_shared = open_shared
        for entry, script in self.scripts.items():
            citizen.script(entry, script)
        draw = random.Random(f"{self.seed}{name}{boot}").randbytes

        def join(mesh: Mesh) -> Cluster:
            me, transport = Peer(name, boot, ""), self.network.transport(name)
            return Cluster(
                me, transport, "a secret", seeds=["mem://a"], guest=mesh, draw=draw, notices=citizen.notices.append
            )

        citizen.mesh = Mesh(citizen.node, join, "app:db")
        self._scopes[name], self._over[name] = trio.CancelScope(), trio.Event()
        await self.nursery.start(self._live, citizen, self._scopes[name], self._over[name])
        return citizen

    async def _live(
        self,
        citizen: Citizen,
        scope: trio.CancelScope,
        over: trio.Event,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        with scope:
            async with citizen.node.open():
                await citizen.mesh.open()
                await citizen.node.nursery.start(citizen.mesh.serve)
                await citizen.node.start_host(citizen.host)
                await citizen.node.start_host(citizen.other)
                await citizen.functions.start()
                task_status.started()
                await trio.sleep_forever()
        over.set()

    async def kill(self, name: str) -> None:
        """End a node of which nobody hears any more, not even a good-bye."""
        for other in self.nodes:
            self.network.cut(name, other)
        self.stores[name].failing = True
        await self.stop(name)

    async def stop(self, name: str) -> None:
        self._scopes[name].cancel()
        await self._over[name].wait()

    async def all_up(self) -> None:
        """Return when everybody knows everybody and what they run."""
        names = set(self.nodes)
        await until(lambda: all({*one.mesh.cluster.up(), name} == names for name, one in self.nodes.items()))


@asynccontextmanager
async def society(
    *names: str, seed: int = 0, scripts: dict[str, Script] | None = None, shared: Callable[[], Any] | None = None
) -> AsyncIterator[Society]:
    async with trio.open_nursery() as nursery:
        made = Society(nursery, seed, shared)
        made.scripts = scripts or {}
        for name in names:
            await made.start(name)
        await made.all_up()
        yield made
        for name in made.nodes:
            await made.stop(name)
        nursery.cancel_scope.cancel()


# ---- scripts --------------------------------------------------------------------------------------------------------


def collector(count: int) -> Any:
    """Return the payloads of so many messages, with their senders."""
    inbox = yield (Op.INBOX,)
    got = []
    for _ in range(count):
        message, _ = yield (Op.RECEIVE, inbox)
        got.append([message.sender, message.payload])
    return got


def sender(dest: str, count: int) -> Any:
    """Send numbers to somebody; the answer is what went wrong."""
    try:
        for number in range(count):
            yield (Op.SEND_MESSAGE, dest, "number", (number,))
    except Error as error:
        return error.failure
    return None


def watcher(entry: str, host: str, how: str, then: str = "ok") -> Any:
    """Spawn a child `how`, tell it how to end, and return the events that come of it."""
    yield (Op.SET_OPTION, "trap_links", True)
    events = yield (Op.EVENTS,)
    pid = yield (Op.SPAWN, SpawnRequest(entry, host, monitor="monitor" in how, link="link" in how))
    if then:
        yield (Op.SEND_MESSAGE, pid, then, ())
    event, _ = yield (Op.RECEIVE, events)
    return [event["kind"], event["from"] == pid, event["result"]["value"], event["result"]["error"]]


def relating(verb: str, pid: str, trap: bool = True) -> Any:  # noqa: FBT001, FBT002 - the argument of a script
    """Monitor or link somebody, then return the event that comes of it, or why it could not be."""
    yield (Op.SET_OPTION, "trap_links", trap)
    events = yield (Op.EVENTS,)
    try:
        yield (Op.CONTROL, verb, pid, None)
    except Error as error:
        return error.failure
    event, _ = yield (Op.RECEIVE, events)
    return [event["kind"], event["result"]["value"], event["result"]["error"]]


def boom() -> Failure:
    return Failure("boom", "Conflict")


def named(*names: tuple[str, int]) -> Any:
    """Take names, each in its scope, then end as a message tells."""
    for name, scope in names:
        yield (Op.PERFORM, "process.registry.register", (name, "", scope))
    return (yield from child())


def joining(group: str) -> Any:
    """Become a member of a group, then end as a message tells."""
    yield (Op.PERFORM, "pg.join", ("app:groups", group))
    return (yield from child())


def performing(operation: str, *args: Any) -> Any:
    """Ask for an operation, and answer with its result or why it was refused."""
    try:
        return (yield (Op.PERFORM, operation, args))
    except Error as error:
        return error.failure


SCRIPTS: dict[str, Script] = {
    "app:child": child,
    "app:collector": collector,
    "app:sender": sender,
    "app:watcher": watcher,
    "app:relating": relating,
    "app:named": named,
    "app:joining": joining,
    "app:performing": performing,
}
