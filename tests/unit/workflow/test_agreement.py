"""Which rules new runs of a shared host begin under, seen by one node."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from actorflow.run.document import PutDocument
from actorflow.store.memory import MemoryStore
from actorflow.store.owning import NodeRow
from hosts.workflow.agreement import KIND, UNSAID, agree

NEW = UNSAID + 2
"""The newest rule that this node knows."""


class Writer:
    """A writer of a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    async def read(self, read: Any) -> Any:
        return read(self.store.reader())

    async def write(self, item: PutDocument) -> Any:
        return self.store.commit([item])[0]


def host() -> Any:
    return SimpleNamespace(id="app:flows", rules=UNSAID, known_rules=NEW)


def row(node: str, rules: int) -> NodeRow:
    return NodeRow(node, 1, json.dumps({"name": node, "hosts": ["app:flows"], "rules": rules}))


async def agreed(writer: Writer, *looks: list[NodeRow]) -> int:
    """Return the rule that a node takes which sees these one after another."""
    made, left = host(), list(looks)

    async def look() -> list[NodeRow]:
        return left.pop(0)

    await agree(made, writer, look)  # type: ignore[arg-type] # all that it uses of one
    rules: int = made.rules
    return rules


def written(writer: Writer) -> bool:
    return writer.store.reader().document(KIND, host().id) is not None


async def test_the_newest_rule_that_all_know_is_taken_once_it_is_written() -> None:
    writer, nodes = Writer(), [row("old", NEW - 1), row("new", NEW)]
    assert (await agreed(writer, nodes, nodes), written(writer)) == (NEW - 1, True)


async def test_who_joined_before_the_rule_was_written_is_heeded() -> None:
    new = row("new", NEW)
    assert await agreed(Writer(), [new], [new, row("old", UNSAID)]) == UNSAID


async def test_a_node_that_is_taken_for_dead_takes_no_newer_rule() -> None:
    writer = Writer()
    assert (await agreed(writer, []), written(writer)) == (UNSAID, False)
    assert await agreed(writer, [row("new", NEW)], []) == UNSAID
