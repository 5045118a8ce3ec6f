"""The engines of a node: one for each database that its workflow hosts name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from actorflow.errors import Error
from actorflow.names import STORE
from hosts.workflow.engine import Engine
from hosts.workflow.wakeup import watch

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from hosts.workflow.host import WorkflowHost


_KEY: Final = "hosts.workflow.engines"


@dataclass(slots=True)
class _Serving:
    engine: Engine
    scope: trio.CancelScope
    ended: trio.Event


def engines_of(node: Node) -> Engines:
    """Return the engines of a node, the same object for all its workflow hosts."""
    engines: Engines = node.resources.setdefault(_KEY, Engines(node))
    return engines


class Engines:
    """Engines by database name: the id of a `db.sql.*` entry, "memory", or "" for the default store of the node."""

    def __init__(self, node: Node) -> None:
        """Make an empty set; the boot number of the node is the fencing token of its engines."""
        self._node = node
        self._serving: dict[str, _Serving] = {}
        self._turns: dict[str, trio.Lock] = {}

    async def join(self, host: WorkflowHost) -> Engine:
        """Return the engine of a host's database, opened; a second host of it joins the first's."""
        database = host.settings.database
        async with self._turn(database):  # hosts start at the same time: the second waits for what the first opens
            serving = self._serving.get(database)
            if serving is None:
                writer = await self._node.open_store(database)
                writer.rows = host.settings.group_rows
                engine = Engine(self._node, writer, STORE, self._node.boot)
                serving = self._serving[database] = _Serving(engine, trio.CancelScope(), trio.Event())
                await self._node.nursery.start(self._serve, serving)
                watch(engine)
                if engine.ownership is not None:
                    engine.start_soon(engine.ownership.serve)
            serving.engine.hosts[host.id] = host
            return serving.engine

    def _turn(self, database: str) -> trio.Lock:
        return self._turns.setdefault(database, trio.Lock())

    async def leave(self, host: WorkflowHost, engine: Engine, grace: float) -> None:
        """Let go of a host's runs; with the last host of a database its engine ends and its store is closed."""
        async with self._turn(host.settings.database):
            await self._leave(host, engine, grace)

    async def _leave(self, host: WorkflowHost, engine: Engine, grace: float) -> None:
        if engine.ownership is not None:
            with suppress(Error):  # the others find out by themselves
                await engine.ownership.leave(host, grace)
        if len(engine.hosts) > 1:
            engine.hosts.pop(host.id, None)
            engine.release(host)
            return
        await engine.drain(grace)
        with suppress(Error):  # the next node looks twice at what this one was doing: it does no harm
            await engine.suspects.end()
        engine.hosts.clear()
        for database, serving in list(self._serving.items()):
            if serving.engine is engine:
                del self._serving[database]
                serving.scope.cancel()
                await serving.ended.wait()
                engine.shut()
                await engine.writer.close()

    async def _serve(self, serving: _Serving, task_status: trio.TaskStatus[None]) -> None:
        try:
            with serving.scope:
                await serving.engine.serve(task_status)
        finally:
            serving.ended.set()
