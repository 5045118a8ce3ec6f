"""Who may query and update runs: policies are asked when an actor asks, and not when the application itself does."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

import actorflow
from actorflow.errors import Error
from tests.conformance.hosts.place import FLOWS, Place

CLERK = {"id": "clerk", "meta": {"level": 1}}
SOURCE = """
local function main()
  local total = 0
  workflow.set_query("total", function() return total end)
  workflow.on_update("add", function(n)
    total = total + n
    return total
  end)
  process.inbox():receive()
end
"""
SOME = {
    "actions": ["workflow.query", "workflow.update"],
    "resources": ["total", "add", "state"],
    "effect": "allow",
    "conditions": [{"field": "meta.workflow_id", "operator": "eq", "value": "open"}],
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.entries["some"] = {"kind": "security.policy", "policy": SOME}
    made.lua("flow", SOURCE)
    return made


async def test_policies_say_who_may_query_and_update(place: Place) -> None:
    async with place.node() as node:
        for name in ("open", "closed"):
            await node.spawn("app:flow", host=FLOWS, options={"workflow.id": name})
        who: Any = {"actor": CLERK, "scope": ["app:some"]}
        run_id = (await node.runs.show("open"))["run_id"]
        for run in ("open", run_id, "{local@app:flows|open}"):
            assert await node.query(run, "state", **who) is not None
        assert await node.update("open", "add", 2, **who) == 2
        assert await node.query("open", "total", **who) == 2
        refused = [("closed", "query", "total"), ("closed", "update", "add"), ("open", "query", "where")]
        async with actorflow.Client(place.path / ".actorflow") as client:
            assert await client.query("open", "total", **who) == 2
            for asked, (run, ask, name) in itertools.product((node, client), refused):
                with pytest.raises(Error, match=f"workflow.{ask} on '{name}' by 'clerk'") as caught:
                    await getattr(asked, ask)(run, name, 1, **who)
                assert caught.value.kind == "PermissionDenied"
        assert await node.query("closed", "total") == 0, "nothing was done, and the application itself may ask"
        node.guard.strict = True
        assert await node.query("closed", "total") == 0
        with pytest.raises(Error, match="this node is strict"):
            await node.query("closed", "total", actor=CLERK)


async def test_who_asks_has_to_be_an_actor_in_a_scope(place: Place) -> None:
    async with place.node() as node:
        await node.spawn("app:flow", host=FLOWS, options={"workflow.id": "open"})
        with pytest.raises(Error, match="not an actor"):
            await node.query("open", "total", actor={"name": "clerk"}, scope=[])
        with pytest.raises(Error, match="not a scope"):
            await node.update("open", "add", 1, actor=CLERK, scope="app:some")
