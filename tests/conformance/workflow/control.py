"""What the tests of control share: an operator on the one store of a rig."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from actorflow.node.node import Node
from actorflow.run.turn import ChangeRun, Committed, RunRow
from actorflow.store.operator import Operator
from actorflow.store.port import Reader
from actorflow.store.view import find
from hosts.workflow.host import WorkflowHost
from tests.conformance.workflow.durable import WORKFLOWS, engine_of

T = TypeVar("T")


class OneStore:
    """The store of a node as an operator sees it."""

    def __init__(self, node: Node) -> None:
        self.writer = engine_of(node).writer

    def opened(self) -> list[str]:
        return [""]

    async def read(self, _database: str, read: Callable[[Reader], T]) -> T:
        return await self.writer.read(read)

    async def locate(self, reference: str) -> tuple[str, RunRow]:
        return "", await self.writer.read(lambda reader: find(reader, reference))

    def is_shared(self, _database: str) -> bool:
        return self.writer.shared

    async def commit(self, _database: str, item: Any) -> Committed:
        return await self.writer.write(item)


def operator_of(node: Node) -> Operator:
    """Return an operator whose changes the engine of the node commits."""
    host = node.hosts[WORKFLOWS]
    assert isinstance(host, WorkflowHost)

    def commit(_row: RunRow, change: ChangeRun) -> Awaitable[Committed]:
        return host.change(change)

    stores: Any = OneStore(node)
    return Operator(stores, node.clock, commit)
