"""A rig on a database that stays: what the tests of recovery share."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import trio

from actorflow.machine.op import Op
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.run.turn import RunRow
from actorflow.store.dialect import Sqlite
from actorflow.store.port import Reader
from actorflow.store.sql import SqlStore
from tests.conformance.workflow.durable import Durable, engine_of

Ops = Generator[tuple[Any, ...], Any, Any]

PATIENCE = 30
SLOW = """
import os, trio
async def main(path):
    while not os.path.exists(path):
        await trio.sleep(0.005)
    return "slow"
"""


def sqlite_rig(path: Path, config: dict[str, Any] | None = None) -> Durable:
    rig = Durable(lambda: SqlStore(Sqlite(path)), config)
    rig.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    rig.registry.add_python("app:slow", SLOW)
    return rig


def parked(number: int) -> Ops:
    """Call, wait for a signal, call."""
    inbox = yield (Op.INBOX,)
    doubled = yield (Op.CALL, "app:double", (number,), {})
    message, _ = yield (Op.RECEIVE, inbox)
    return [doubled, (yield (Op.CALL, "app:double", (message.value,), {}))]


async def read_until(node: Node, read: Callable[[Reader], Any]) -> Any:
    """Read the store until the answer is true, and return it."""
    with trio.fail_after(PATIENCE):
        while not (found := await engine_of(node).writer.read(read)):  # noqa: ASYNC110 - a store has no events
            await trio.sleep(0.005)
    return found


async def reach(node: Node, workflow_id: str, state: str, events: int = 0) -> RunRow:
    """Wait until a run is in this state, with at least so many events in its journal."""

    def read(store: Reader) -> RunRow | None:
        row = store.find(workflow_id)
        return row if row is not None and row.state == state and row.last_seq >= events else None

    row: RunRow = await read_until(node, read)
    return row


def paused(notices: list[Notice]) -> list[Notice]:
    return [notice for notice in notices if notice.code == "run-paused"]
