"""Tokens of durable runs: set and read by scripts, kept with their provenance, and read from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import Error
from actorflow.store.token import shown, tokens
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until

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


GOES_ON_LUA = """
local function main(turn)
  if turn == 1 then
    workflow.tokens.set("amount", 2, {step = "first"})
    return process.upgrade("", 2)
  end
  local found = workflow.tokens.get("amount")
  workflow.tokens.set("amount", 3)
  process.inbox():receive()
  return found
end
"""
GOES_ON_PYTHON = """
from actorflow.script import process, workflow

async def main(turn):
    if turn == 1:
        await workflow.tokens.set("amount", 2, step="first")
        await process.upgrade("", 2)
    found = await workflow.tokens.get("amount")
    await workflow.tokens.set("amount", 3)
    await process.inbox().receive()
    return found
"""


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_tokens_go_over_to_the_run_that_a_run_continues_as(place: Place, language: str) -> None:
    place.lua("lua", GOES_ON_LUA)
    place.python("py", GOES_ON_PYTHON)
    options = {"workflow.id": "one", "workflow.tokens": {"amount": 1, "kept": "yes"}}
    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=FLOWS, args=[1], options=options)
        await until(lambda: len(tokens(reader(node), "one")) == 3)
    async with place.node() as node:
        lines = [(line["key"], line["value"], line["source"], line["step"]) for line in await node.tokens(pid)]
        assert lines == [("kept", "yes", "input", ""), ("amount", 2, "step", "first"), ("amount", 3, "step", "")]
        made = await node.fork("one", args=[2])
        assert [line["value"] for line in await node.tokens(made["pid"])] == ["yes", 2, 3]
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == 2
        await node.runs.change("delete-data", "one")
        await until(lambda: tokens(reader(node), "one") == [])


CHAINED = """
local function main(turn)
  if turn == 1 then
    workflow.tokens.set("amount", 2)
    return process.upgrade("", 2)
  end
  local found = workflow.tokens.get("amount")
  workflow.tokens.set("amount", 3)
  if workflow.info().attempt == 1 then error("once more") end
  return {found, #workflow.tokens.history("amount")}
end
"""


async def test_the_next_run_of_a_chain_begins_with_the_tokens_its_predecessor_began_with(place: Place) -> None:
    place.lua("lua", CHAINED)
    options = {"workflow.id": "one", "workflow.retry_policy": {"initial_interval": 1}, "workflow.tokens": {"amount": 1}}
    async with place.node() as node:
        pid = await node.spawn("app:lua", host=FLOWS, args=[1], options=options)
        assert await node.wait(pid, timeout=20) == [2, 2]
