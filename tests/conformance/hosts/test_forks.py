"""Forks of a run that another one has continued as and that was retried, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import FLOWS, Place, waiting_for

PYTHON = """
from actorflow.script import funcs, process, workflow
async def main(generation=1):
    if generation == 1:
        await process.registry.register("chain")
        _ = await process.inbox().receive()
        await workflow.continue_as_new(2)
    first = await process.listen("kept").receive()
    stock = await funcs.call("app:stock")
    await workflow.sleep("last", "1ms")
    return [first, stock]
"""
LUA = """
local funcs, workflow = require("funcs"), require("workflow")
local function main(generation)
  if generation ~= 2 then
    process.registry.register("chain")
    process.inbox():receive()
    workflow.continue_as_new(2)
  end
  local first = process.listen("kept"):receive()
  local stock, err = funcs.call("app:stock")
  if err then return nil, err end
  workflow.sleep("last", "1ms")
  return {first, stock}
end
"""


@pytest.mark.parametrize("language", ["py", "lua"])
async def test_a_fork_has_what_the_original_took_over(tmp_path: Path, language: str) -> None:
    place, mark = Place(tmp_path), tmp_path / "stock"
    place.python("stock", STOCK.replace("MARK", str(mark)), "function")
    entry = place.python("chain", PYTHON, "workflow") if language == "py" else place.lua("chain", LUA, "workflow")
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, options={"workflow.id": "c"})
        await waiting_for(node, pid)
        await node.send(pid, "on")
        await node.send(pid, "kept", "unread")
        with pytest.raises(Error, match="sold out"):
            await node.wait(pid, timeout=30)
        mark.touch()
        await node.runs.change("retry", "c")
        assert await node.wait(pid, timeout=30) == ["unread", "in stock"]
        made = await node.fork("c", since="last", results={"app:stock": "plenty"})
        assert await node.wait(made["pid"], timeout=30) == ["unread", "plenty"]


STOCK = """
from pathlib import Path
from actorflow.script import errors
def main():
    if not Path("MARK").exists():
        raise errors.Rejected("sold out")
    return "in stock"
"""
