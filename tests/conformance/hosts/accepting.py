"""Scripts whose old and new code differ after some point, and what a store holds of runs of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import trio

from actorflow.app import read_registry
from actorflow.node.node import Node
from actorflow.store.read import SqlReader
from actorflow.testing.invariant import violations
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

LANGUAGES = ("lua", "py")
LUA = """
local funcs, workflow, time = require("funcs"), require("workflow"), require("time")
local mark = "{mark}"
local function note(kind) return funcs.call("app:note", kind .. "-" .. mark) end
local function receive() return process.inbox():receive():payload():data() end
local kinds = {}
function kinds.start()
  note("start")
  return {mark, receive()}
end
function kinds.middle()
  local first = funcs.call("app:double", 1)
  note("middle")
  return {first, receive(), mark}
end
function kinds.late()
  if mark == "old" then funcs.call("app:slow") else note("late") end
  return {receive(), mark}
end
function kinds.timer(span)
  local due = time.after(span)
  funcs.call("app:double", 1)
  note("timer")
  local picked = channel.select{due:case_receive(), process.inbox():case_receive()}
  return {picked.channel == due, receive(), mark}
end
function kinds.things()
  workflow.attrs({search = {n = 1}, memo = {m = "kept"}})
  funcs.call("app:double", 1)
  if mark == "old" then
    workflow.attrs({search = {n = 2, more = true}, memo = {m = "dropped"}})
    process.registry.register("lua-name")
    coroutine.spawn(function() workflow.approval("look") end)
    coroutine.spawn(function() workflow.wait_for("", "nobody", "completed") end)
    coroutine.spawn(function() time.sleep("24h") end)
    process.spawn("app:child_lua", "app:flows")
  else
    note("things")
  end
  return {receive(), mark}
end
function kinds.asked()
  funcs.call("app:double", 1)
  if mark == "new" then note("asked") end
  local answer = workflow.approval("look")
  return {answer.data, answer.by, receive(), mark}
end
local function main(kind, ...) return kinds[kind](...) end
"""
PYTHON = """
from actorflow.script import channel, funcs, process, time, workflow

MARK = "{mark}"


async def note(kind):
    return await funcs.call("app:note", kind + "-" + MARK)


async def receive():
    return (await process.inbox().receive()).payload


async def start():
    await note("start")
    return [MARK, await receive()]


async def middle():
    first = await funcs.call("app:double", 1)
    await note("middle")
    return [first, await receive(), MARK]


async def late():
    if MARK == "old":
        await funcs.call("app:slow")
    else:
        await note("late")
    return [await receive(), MARK]


async def timer(span):
    due = time.after(span)
    await funcs.call("app:double", 1)
    await note("timer")
    picked = await channel.select(due, process.inbox())
    return [picked.channel is due, await receive(), MARK]


async def things():
    workflow.attrs(search={"n": 1}, memo={"m": "kept"})
    await funcs.call("app:double", 1)
    if MARK == "old":
        workflow.attrs(search={"n": 2, "more": True}, memo={"m": "dropped"})
        await process.registry.register("py-name")
        await process.start(ask)
        await process.start(watch)
        await process.start(time.sleep, 86400)
        await process.spawn("app:child_py", "app:flows")
    else:
        await note("things")
    return [await receive(), MARK]


async def asked():
    await funcs.call("app:double", 1)
    if MARK == "new":
        await note("asked")
    answer = await workflow.approval("look")
    return [answer["data"], answer["by"], await receive(), MARK]


async def ask():
    await workflow.approval("look")


async def watch():
    await workflow.wait_for("", "nobody", "completed")


async def main(kind, *args):
    kinds = {"start": start, "middle": middle, "late": late, "timer": timer, "things": things, "asked": asked}
    return await kinds[kind](*args)
"""
CHILD = {
    "lua": "local function main() return process.inbox():receive():payload():data() end",
    "py": (
        "from actorflow.script import process\n\n\n"
        "async def main():\n    return (await process.inbox().receive()).payload\n"
    ),
}


def made(place: Place) -> Place:
    """Write the old code, and the functions that it calls."""
    noted, gate = place.path / "noted", place.path / "gate"
    source = f"def main(text):\n    with open({str(noted)!r}, 'a') as out:\n        out.write(text + ' ')\n"
    slow = (
        f"import os\nimport trio\n\n\nasync def main():\n    while not os.path.exists({str(gate)!r}):\n"
        "        await trio.sleep(0.005)\n"
    )
    place.python("double", "async def main(x):\n    return 2 * x\n", kind="function")
    place.python("note", source, kind="function", run="thread")
    place.python("slow", slow, kind="function")
    place.lua("child_lua", CHILD["lua"])
    place.python("child_py", CHILD["py"])
    written(place, "old")
    return place


def written(place: Place, mark: str) -> None:
    """Write the code of one side."""
    place.lua("flow_lua", LUA.replace("{mark}", mark))
    place.python("flow_py", PYTHON.replace("{mark}", mark))
    place.save()


def registered(place: Place, language: str) -> dict[str, Any]:
    """Return the source that the files have now, as an accept or repin takes it."""
    bundle = read_registry(place.path).bundle(f"app:flow_{language}")
    return {"source": bundle.hash, "bundle": bundle.data}


async def begun(
    node: Node, kind: str, language: str, *args: Any, waits: str = "inbox", after: str = "", **options: Any
) -> str:
    """Start a run, and pause it when it waits for this, `after` such an event; returns its workflow id."""
    given = {"workflow.id": f"{kind}-{language}", **options}
    name = given["workflow.id"]
    pid = await node.spawn(f"app:flow_{language}", host=FLOWS, args=[kind, *args], options=given)
    await until(lambda: any(info.pid == pid and waits in str(info.waits) for info in node.processes()))
    with trio.fail_after(20):
        while after and after not in await kinds(node, name):  # noqa: ASYNC110 - a store has no events
            await trio.sleep(0.005)
    await node.runs.change("pause", name)
    return name


def pid_of(name: str) -> str:
    return f"{{local@{FLOWS}|{name}}}"


async def ended(node: Node, name: str) -> Any:
    return await node.wait(pid_of(name), timeout=20)


async def read(node: Node, name: str, what: Callable[[Any, Any], Any]) -> Any:
    """Return what a store says of a run: `what` gets its reader and the row."""
    stores = node.runs._stores  # noqa: SLF001 - what is written is the point
    database, row = await stores.locate(name)
    return await stores.read(database, lambda reader: what(reader, row))


async def kinds(node: Node, name: str) -> list[str]:
    return [event.kind for event in await read(node, name, lambda reader, row: reader.journal(row.run))]


def wrong(node: Node) -> list[str]:
    """Return the laws that do not hold in the default store of a node."""
    database = node.runs._stores.databases()[""]  # noqa: SLF001
    with closing(SqlReader(database)) as reader:
        return [str(violation) for violation in violations(reader, quiet=False)]


def noted(place: Place) -> list[str]:
    """Return what the calls of `app:note` were given, over all runs."""
    file = place.path / "noted"
    return file.read_text().split() if file.exists() else []
