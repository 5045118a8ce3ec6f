"""A node with a workflow host whose scripts are generators; it can be stopped hard and opened again on its store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from actorflow.clock import Clock
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.run.rule import NEWEST
from actorflow.store.port import Store
from actorflow.store.writer import open_writer
from hosts.function import FunctionHost
from hosts.process import ProcessHost
from hosts.workflow.engine import Engine
from hosts.workflow.host import WorkflowHost
from tests.conformance.process.rig import HOST, Entry, FakeLanguage, FakeRegistry
from tests.unit.machine.scripted import Script

WORKFLOWS = "app:workflows"


class Durable:
    """What survives a restart in a test: the registry and the store."""

    def __init__(self, make_store: Any, config: dict[str, Any] | None = None) -> None:
        self.make_store = make_store
        self.config = config or {}
        self.registry = FakeRegistry()
        self.registry.entries[WORKFLOWS] = Entry("workflow.host")
        self.notices: list[Notice] = []
        self.logs: list[str] = []
        self.boots = 0
        self.clock: Clock | None = None

    def add(self, entry_id: str, script: Script, kind: str = "workflow.test", **meta: Any) -> str:
        self.registry.add(entry_id, script, kind, **meta)
        return entry_id

    @asynccontextmanager
    async def node(self, rules: int = NEWEST) -> AsyncIterator[Node]:
        """Open a node; `rules` are those that its release knows."""
        self.boots += 1
        language = FakeLanguage(self.registry)
        node = Node(
            self.registry,
            {"test": language, "lua": language},
            boot=self.boots,
            clock=self.clock,
            notices=self.notices.append,
            log=lambda _level, text, _fields: self.logs.append(text),
        )

        async def open_store(_database: str) -> Any:
            store: Store = self.make_store()
            return open_writer(store)

        node.open_store = open_store
        async with node.open():
            functions = FunctionHost("app:functions", {}, node)
            await functions.start()
            await node.start_host(ProcessHost(HOST, {}, node))
            host = WorkflowHost(WORKFLOWS, self.config, node)
            host.known_rules = host.rules = rules
            await node.start_host(host)
            yield node


def engine_of(node: Node) -> Engine:
    """Return the engine behind the workflow host of a node."""
    host = node.hosts[WORKFLOWS]
    assert isinstance(host, WorkflowHost)
    return host.engine
