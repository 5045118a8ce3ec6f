"""Answers of the server that are lost: what it has handed out with them is found missing, and handed out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.names import parse_pid
from tests.temporal.losing import Losing
from tests.temporal.support import HOST, lines, on

_COMPLETED = "/temporal.api.workflowservice.v1.WorkflowService/RespondWorkflowTaskCompleted"


@pytest.mark.slow
async def test_a_call_that_was_lost_with_an_answer_is_attempted_again(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger"
    monkeypatch.setenv("LEDGER", str(ledger))
    losing = Losing(_COMPLETED)
    async with losing.front(server) as address, on(address, tmp_path / "node", queue=tmp_path.name) as node:
        pid = await node.spawn("app:order", host=HOST, args=["lost"])
        with trio.fail_after(120):  # most of its time it waits for signs of life of an attempt that nobody makes
            while lines(ledger) != ["reserve lost"]:  # noqa: ASYNC110 - a function writes it
                await trio.sleep(0.1)
        assert losing.lost.is_set()
        await node.send(pid, "approve", {"by": "me"})
        result: Any = await node.wait(pid, timeout=90)
    assert result["status"] == "shipped"
    assert lines(ledger) == ["reserve lost", "ship lost"]


@pytest.mark.slow
async def test_an_attempt_that_goes_on_gives_signs_of_life(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:stuck", host=HOST)
        host: Any = node.hosts[HOST]

        async def signs() -> list[Any]:
            found = await host.connection.client.get_workflow_handle(parse_pid(pid).id).describe()
            return [call.last_heartbeat_time.ToNanoseconds() for call in found.raw_description.pending_activities]

        with trio.fail_after(90):
            while not any(await host.connection.run(signs)):  # noqa: ASYNC110 - the server has them
                await trio.sleep(0.1)
        await node.cancel(pid, "enough")
        assert await node.wait(pid, timeout=90) == "stopped: enough"
