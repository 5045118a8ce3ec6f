"""Tokens of durable runs: set and read by scripts, kept with their provenance, and read from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import Error
from actorflow.store.token import shown
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for
from tests.conformance.hosts.test_steps import reader

LUA = """
local function main()
  local first = workflow.tokens.get("amount")
  workflow.tokens.set("amount", 12.5, {step = "quote"})
  workflow.tokens.set("parts", {{id = 1}, {id = 2}})
  process.inbox():receive()
  local sources = {}
  for _, entry in ipairs(workflow.tokens.history("amount")) do sources[#sources + 1] = entry.source .. entry.step end
  local _, err = workflow.tokens.set("", 1)
  local all = workflow.tokens.all()
  return {first, all.amount, #all.parts, sources, workflow.tokens.get("nothing") == nil, err:kind()}
end
"""
PYTHON = """
from actorflow.script import process, workflow
from actorflow.script.errors import Error

async def main():
    first = await workflow.tokens.get("amount")
    await workflow.tokens.set("amount", 12.5, step="quote")
    await workflow.tokens.set("parts", [{"id": 1}, {"id": 2}])
    await process.inbox().receive()
    sources = [entry["source"] + entry["step"] for entry in await workflow.tokens.history("amount")]
    try:
        await workflow.tokens.set("", 1)
    except Error as error:
        kind = error.kind
    found = await workflow.tokens.all()
    nothing = await workflow.tokens.get("nothing", "none") == "none"
    return [first, found["amount"], len(found["parts"]), sources, nothing, kind]
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    return made


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_tokens_are_kept_with_where_they_came_from(place: Place, language: str) -> None:
    options = {"workflow.id": "one", "workflow.tokens": {"amount": 10}}
    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=FLOWS, options=options)
        await waiting_for(node, pid)
    async with place.node() as node:
        lines = [(line["key"], line["value"], line["source"], line["step"]) for line in await node.tokens(pid)]
        assert lines == [
            ("amount", 10, "input", ""),
            ("amount", 12.5, "step", "quote"),
            ("parts", [{"id": 1}, {"id": 2}], "step", ""),
        ]
        assert shown(reader(node), "one")["tokens"] == {"amount": 12.5, "parts": [{"id": 1}, {"id": 2}]}
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == [10, 12.5, 2, ["input", "stepquote"], True, "Invalid"]


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_actors_have_no_tokens(place: Place, language: str) -> None:
    place.lua("lua", "local function main() return workflow.tokens.get('a') end")
    async with place.node() as node:
        with pytest.raises(Error) as caught:
            await node.exec(f"app:{language}", host=ACTORS, timeout=20)
    assert caught.value.kind == "Invalid"
    assert "inside a workflow only" in caught.value.message


async def test_tokens_of_a_start_have_text_keys(place: Place) -> None:
    async with place.node() as node:
        with pytest.raises(Error, match=r"workflow\.tokens"):
            await node.spawn("app:py", host=FLOWS, options={"workflow.tokens": {"": 1}})
        with pytest.raises(Error, match=r"there is no|no run|NotFound|not found"):
            await node.tokens("nobody")
