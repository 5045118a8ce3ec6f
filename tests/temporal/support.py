"""What the tests on Temporal share: a node on the server of the session, and its ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import actorflow
from actorflow.node.node import Node
from actorflow.notice import Notice

REGISTRY = Path(__file__).parent / "registry"
HOST = "app:worker"
CLIENT = "app:client"


@asynccontextmanager
async def on(server: str, data: Path, *overrides: str, queue: str = "", notices: Any = None) -> AsyncIterator[Node]:
    """Open the registry of these tests on a server, with a task queue of its own."""
    given = [f"app:client:address={server}", f"app:worker:task_queue={queue or data.name}", *overrides]
    heard: list[Notice] = []
    async with actorflow.open(REGISTRY, data=data, overrides=given, notices=notices or heard.append) as node:
        yield node


def lines(ledger: Path) -> list[str]:
    """Return the effects that functions have had, in order, without their keys."""
    return [line.rsplit(" ", 2)[0] for line in ledger.read_text().splitlines()] if ledger.exists() else []
