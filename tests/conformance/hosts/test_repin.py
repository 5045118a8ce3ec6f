"""Runs that are paused because script and journal differ go on with another source."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from typer.testing import CliRunner

from actorflow.app import read_registry
from actorflow.cli.run import app
from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import FLOWS, Place, waiting_for
from tests.conformance.process.rig import until

OLD = """
local funcs = require("funcs")
local function main()
  local first = funcs.call("app:double", 1)
  return {first, process.inbox():receive():payload():data(), "old"}
end
"""
NEW = OLD.replace('"old"', '"new"')
OTHER = OLD.replace('"app:double", 1', '"app:double", 2')


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("double", "async def main(x):\n    return 2 * x\n", kind="function")
    made.lua("flow", OLD)
    return made


async def begun(node: Node) -> str:
    pid = await node.spawn("app:flow", host=FLOWS, options={"workflow.id": "w"})
    await waiting_for(node, pid)
    await node.runs.change("pause", pid)
    return pid


def registered(place: Place) -> tuple[str, bytes]:
    place.save()
    bundle = read_registry(place.path).bundle("app:flow")
    return bundle.hash, bundle.data


async def test_a_run_goes_on_with_the_new_code_and_keeps_what_it_has(place: Place) -> None:
    async with place.node() as node:
        pid = await begun(node)
        await node.send(pid, "go", 7)
        place.lua("flow", NEW)
        done = await node.runs.repin(pid, *registered(place))
        assert (done["state"], done["to"]) == ("paused", "pending")
        assert await node.wait(pid, timeout=20) == [2, 7, "new"]


async def test_code_that_does_not_fit_pauses_it_again_and_the_old_source_helps(place: Place) -> None:
    async with place.node() as node:
        pid = await begun(node)
        old, _ = registered(place)
        place.lua("flow", OTHER)
        await node.runs.repin(pid, *registered(place))
        await until(lambda: any("nondeterminism" in notice.text for notice in place.notices))
        await node.runs.repin(pid, old)
        await node.send(pid, "go", 8)
        assert await node.wait(pid, timeout=20) == [2, 8, "old"]


async def test_what_cannot_be_is_refused_and_changes_nothing(place: Place) -> None:
    async with place.node() as node:
        pid = await begun(node)
        source, data = registered(place)
        with pytest.raises(Error, match="source 'beef': it is not stored"):
            await node.runs.repin(pid, "beef")
        with pytest.raises(Error, match="are not those of source"):
            await node.runs.repin(pid, "beef", data)
        await node.runs.change("resume", pid)
        with pytest.raises(Error, match="cannot repin"):
            await node.runs.repin(pid, source)


async def test_the_verb_works_without_a_node(place: Place) -> None:
    async with place.node() as node:
        await begun(node)
    place.lua("flow", NEW)
    place.save()
    arguments = ["repin", "w", "--source", "registered", "-C", str(place.path)]
    result = await trio.to_thread.run_sync(CliRunner().invoke, app, arguments)
    assert "paused → pending" in result.output, result.output
    async with place.node() as node:
        await node.send("{local@app:flows|w}", "go", 9)
        assert await node.wait("{local@app:flows|w}", timeout=20) == [2, 9, "new"]
