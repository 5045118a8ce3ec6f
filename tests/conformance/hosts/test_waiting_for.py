"""`workflow.wait_for` and `workflow.suspend`, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for

LUA = """
local function main(key, state, limit)
  local reached, err = workflow.wait_for("app:order", key, state, {timeout = limit})
  if err then return err:kind() end
  return {reached.workflow_id, reached.state}
end
"""
PYTHON = """
from actorflow.script import workflow
from actorflow.script.errors import Error

async def main(key, state, limit=None):
    try:
        reached = await workflow.wait_for("app:order", key, state, timeout=limit and limit / 1000)
    except TimeoutError:
        return "Timeout"
    except Error as error:
        return error.kind
    return [reached["workflow_id"], reached["state"]]
"""
ENTRIES = ["app:lua", "app:py"]
KEY = {"workflow.id": "app:order/7"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    made.lua("order", "local function main() return process.inbox():receive():topic() end")
    made.lua("suspended", "local function main() return workflow.suspend('papers are missing') end")
    return made


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_run_waits_for_the_end_of_another_over_restarts(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, args=["7", "completed"])
        await waiting_for(node, pid)
        order = await node.spawn("app:order", host=FLOWS, options=KEY)
    async with place.node() as node:
        await node.send(order, "go")
        assert await node.wait(pid, timeout=20) == ["app:order/7", "completed"]
        again = await node.exec(entry, host=FLOWS, args=["7", "completed"], timeout=20)
        assert again == ["app:order/7", "completed"], "the past is looked at first"
        assert await node.exec(entry, host=FLOWS, args=["7", "created"], timeout=20) == ["app:order/7", "created"]
        assert await node.exec(entry, host=FLOWS, args=["7", "cancelled"], timeout=20) == "Conflict"


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_run_gives_up_waiting_and_hears_when_it_is_in_vain(place: Place, entry: str) -> None:
    async with place.node() as node:
        assert await node.exec(entry, host=FLOWS, args=["7", "completed", 5], timeout=20) == "Timeout"
        order = await node.spawn("app:order", host=FLOWS, options=KEY)
        pid = await node.spawn(entry, host=FLOWS, args=["7", "completed"])
        await waiting_for(node, pid)
        await node.terminate(order)
        assert await node.wait(pid, timeout=20) == "Conflict"
        for wrong in (["", "completed"], ["7", "complete"]):
            assert await node.exec(entry, host=FLOWS, args=wrong, timeout=20) == "Invalid"
        assert await node.exec(entry, host=ACTORS, args=["7", "completed"], timeout=20) == "Invalid"


async def test_a_suspended_run_waits_until_it_is_woken(place: Place) -> None:
    async with place.node() as node:
        pid = await node.spawn("app:suspended", host=FLOWS, options={"workflow.id": "one"})
        await waiting_for(node, pid)
    async with place.node() as node:
        assert (await node.query("one", "state"))["state"] == "waiting"  # type: ignore[index]
        await node.wake("one", {"papers": True})
        assert await node.wait(pid, timeout=20) == {"papers": True}
        with pytest.raises(Error, match="not suspended"):
            await node.wake("one")
