"""Histories of an earlier release replay: they were exported from a server, with the names of workers and queues replaced.

A release that changes what a run asks Temporal for, or in which order, must keep to the old way for these.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.app import languages, read_registry
from actorflow.errors import NONDETERMINISM, Error
from actorflow.node.node import Node
from hosts.temporal.replaying import replay
from tests.temporal.support import HOST, REGISTRY

VECTORS = Path(__file__).parent.parent / "vectors" / "temporal"


@pytest.mark.parametrize(("name", "asked"), [("versioned", "app:reserve"), ("family", "app:child")])
async def test_a_history_of_an_earlier_release_replays(name: str, asked: str) -> None:
    history = (VECTORS / f"{name}.json").read_text()
    node = Node(read_registry(REGISTRY), languages())
    async with node.open():
        assert (await replay(node, HOST, history))["events"] > 10
        with pytest.raises(Error) as caught:
            await replay(node, HOST, history.replace(f'"{asked}"', '"app:another"'))
    assert caught.value.kind == NONDETERMINISM
