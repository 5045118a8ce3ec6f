"""What a run that continues as new on Temporal leaves behind: updates without an answer, and its children."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.temporal.support import HOST, on


async def _unanswered(node: Node, pid: str) -> Error:
    """Update a run, let it go on without an answer, and return what the update fails with."""
    failed: list[Error] = []

    async def update() -> None:
        with pytest.raises(Error) as caught:
            await node.update(pid, "add", 1)
        failed.append(caught.value)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(update)
        with trio.fail_after(90):
            while await node.query(pid, "seq") < 2:  # noqa: ASYNC110 - its start and the update; the cluster tells nobody
                await trio.sleep(0.05)
        await node.send(pid, "go")
    return failed[0]


async def test_updates_without_an_answer_fail_when_a_run_goes_on_or_ends(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:going_on", host=HOST, args=["terminate"])
        error = await _unanswered(node, pid)
        assert "has continued as new without an answer to the update; send it again" in error.message
        assert (error.kind, error.retryable) == ("Conflict", True)
        await node.terminate(pid)
        error = await _unanswered(node, await node.spawn("app:ends_early", host=HOST))
        assert "has ended without an answer to the update" in error.message
        assert (error.kind, error.retryable) == ("Conflict", False)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["terminate", "abandon"])
async def test_children_stay_behind_when_their_parent_goes_on(server: str, tmp_path: Path, policy: str) -> None:
    async with on(server, tmp_path) as node:
        parent = await node.spawn("app:going_on", host=HOST, args=[policy])
        await _unanswered(node, parent)
        host: Any = node.hosts[HOST]
        await node.send(parent, "probe")
        child = f"{parent[:-1]}/1}}"
        if policy == "abandon":
            await node.wake(child, "woken")
            assert await node.wait(child, timeout=90) == "woken"
        else:
            with pytest.raises(Error, match="workflow terminated"):
                await node.wait(child, timeout=90)
        await node.send(parent, "end")
        assert await node.wait(parent, timeout=90) == [1, child, ["probe"]], "it does not hear of the child"
        assert [line["state"] for line in await host.chain(parent, 0)] == ["completed", "completed"]
