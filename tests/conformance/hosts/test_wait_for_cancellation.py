"""`activity.wait_for_cancellation`: a script that cancels a call goes on when the function has really ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

FUTURE_LUA = """
local function main(id, path, wait)
  local calls = funcs.new():with_options({["activity.wait_for_cancellation"] = wait})
  local future = calls:async(id, path)
  process.inbox():receive()
  future:cancel()
  future:response():receive()
  funcs.call("app:note", path, "after")
  return future:is_canceled()
end
"""
FUTURE_PYTHON = """
from actorflow.script import errors, funcs, process

async def main(id, path, wait):
    future = funcs.new().with_options({"activity.wait_for_cancellation": wait}).async_(id, path)
    await process.inbox().receive()
    future.cancel()
    try:
        await future
        cancelled = False
    except errors.Error as error:
        cancelled = error.kind == "Canceled"
    await funcs.call("app:note", path, "after")
    return cancelled
"""
WAITING_LUA = """
local function main(id, path, wait)
  local calls = funcs.new():with_options({["activity.wait_for_cancellation"] = wait})
  local _, err = calls:call(id, path)
  funcs.call("app:note", path, "after")
  return err ~= nil and err:kind() == "Canceled"
end
"""
WAITING_PYTHON = """
from actorflow.script import errors, funcs

async def main(id, path, wait):
    try:
        await funcs.new().with_options({"activity.wait_for_cancellation": wait}).call(id, path)
    except errors.Cancelled:
        await funcs.call("app:note", path, "after")
        return True
"""
NOTE = """
def main(path, what):
    with open(path, "a") as file:
        file.write(what + " ")
"""
TRIO = """
import trio
from actorflow.script import errors

async def main(path):
    with open(path, "a") as file:
        file.write("begun ")
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.05)
        with open(path, "a") as file:
            file.write("ended ")
"""
HELD = """
import os, trio

async def main(path):
    with open(path, "a") as file:
        file.write("begun ")
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            while not os.path.exists(path + ".free"):
                await trio.sleep(0.001)
        with open(path, "a") as file:
            file.write("ended ")
"""
THREAD = """
import time
from actorflow.script import activity

def main(path):
    with open(path, "a") as file:
        file.write("begun ")
    while not activity.cancelled():
        time.sleep(0.001)
    time.sleep(0.05)
    with open(path, "a") as file:
        file.write("ended ")
"""
ASYNCIO = """
import asyncio

async def main(path):
    with open(path, "a") as file:
        file.write("begun ")
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0.05)
        with open(path, "a") as file:
            file.write("ended ")
"""
LUA = """
local function main(path)
  local _, err = funcs.call("app:note", path, "begun")
  if not err then _, err = funcs.call("app:never") end
  time.sleep("50ms")
  funcs.call("app:note", path, "ended")
  return nil, err
end
"""
WAYS = ["trio", "thread", "asyncio", "lua"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("future_lua", FUTURE_LUA)
    made.python("future_py", FUTURE_PYTHON)
    made.lua("waiting_lua", WAITING_LUA)
    made.python("waiting_py", WAITING_PYTHON)
    made.python("note", NOTE, "function")
    made.python("trio", TRIO, "function")
    made.python("held", HELD, "function")
    made.python("thread", THREAD, "function")
    made.python("asyncio", ASYNCIO, "function", run="asyncio")
    made.python("never", "import trio\nasync def main():\n    await trio.sleep_forever()\n", "function")
    made.lua("lua", LUA, "function")
    return made


def said(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


async def begun(node: Node, entry: str, function: str, path: Path, *, wait: Any = True) -> str:
    pid = await node.spawn(f"app:{entry}", host=FLOWS, args=[f"app:{function}", str(path), wait])
    await until(lambda: said(path) == ["begun"])
    return pid


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_a_cancelled_call_is_waited_for(place: Place, language: str) -> None:
    async with place.node() as node:
        for function in WAYS:
            path = place.path / f"future-{function}"
            pid = await begun(node, f"future_{language}", function, path)
            await node.send(pid, "go")
            cancelled = await node.wait(pid, timeout=20)
            assert said(path) == ["begun", "ended", "after"], function
            assert cancelled is (function != "thread"), "what ends by itself has its own result"
        flows: Any = node.hosts[FLOWS]
        assert not flows.engine.asked, "what was asked of them is over"


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_a_cancelled_run_waits_for_its_call(place: Place, language: str) -> None:
    async with place.node() as node:
        for function in WAYS:
            path = place.path / f"waiting-{function}"
            pid = await begun(node, f"waiting_{language}", function, path)
            await node.cancel(pid)
            assert await node.wait(pid, timeout=20) is True
            assert said(path) == ["begun", "ended", "after"], function
        path = place.path / "at-once"
        pid = await begun(node, f"waiting_{language}", "held", path, wait=False)
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) is True
        assert said(path) == ["begun", "after"], "without the option"
        path.with_name("at-once.free").touch()
        await until(lambda: said(path) == ["begun", "after", "ended"])


STUBBORN = """
from pathlib import Path
import trio

async def main(path):
    Path(path).write_text("begun ")
    with trio.CancelScope(shield=True):
        while not Path(path + ".free").exists():
            await trio.sleep(0.001)
"""
FAILING = """
def main(path):
    with open(path, "a") as file:
        file.write("begun ")
    raise ValueError("no")
"""


async def test_a_second_cancellation_gives_the_call_up(place: Place) -> None:
    place.python("trio", STUBBORN, "function")
    path = place.path / "twice"
    async with place.node() as node:
        pid = await begun(node, "waiting_lua", "trio", path)
        await node.cancel(pid)
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) is True
        path.with_name("twice.free").touch()


async def test_a_call_that_waits_for_its_next_attempt_ends_without_one(place: Place) -> None:
    place.python("trio", FAILING, "function")
    async with place.node() as node:
        path = place.path / "retry"
        pid = await begun(node, "future_lua", "trio", path)
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) is True
        assert said(path) == ["begun", "after"]


async def test_one_that_was_stopped_when_its_node_ended_is_not_begun_again(place: Place) -> None:
    path = place.path / "restart"
    async with place.node() as node:
        pid = await begun(node, "future_py", "thread", path)
        engine: Any = node.hosts[FLOWS]
        await node.send(pid, "go")
        await until(lambda: any(call.stopping for call in engine.engine.calls.all()))
    async with place.node() as node:
        assert await node.wait(pid, timeout=20) in {True, False}
        assert said(path).count("begun") == 1


async def test_options_that_mean_nothing_are_named(place: Place) -> None:
    place.lua(
        "options",
        """
        local function main(options)
          local _, err = funcs.new():with_options(options):call("app:note", "/dev/null", "x")
          return err and err:message() or "done"
        end
        """,
    )
    place.entries["note"]["meta"] = {"options": {"activity.wait_for_cancellation": True}}
    async with place.node() as node:
        options = {
            "activity.task_queue": "jobs",
            "temporal.activity.versioning_intent": "compatible",
            "activity": {"disable_eager_execution": True, "start_to_close_timout": "1s", "retry_policy": {}},
            "activity.summary": "shown",
        }
        for _ in range(2):
            assert await node.exec("app:options", host=FLOWS, args=[options], timeout=20) == "done"
        assert await node.exec("app:options", host=FLOWS, args=[{}], timeout=20) == "done"
        texts = sorted(notice.text for notice in place.notices if "option" in notice.code)
        assert [text.split(" of ")[0] for text in texts] == [
            "option activity.disable_eager_execution",
            "option activity.start_to_close_timout",
            "option activity.task_queue",
            "option activity.wait_for_cancellation",
            "option temporal.activity.versioning_intent",
        ]
        assert "did you mean 'activity.start_to_close_timeout'" in texts[1]
        with pytest.raises(Error, match="expected true or false"):
            raise Error(
                await node.exec("app:options", host=FLOWS, args=[{"activity.wait_for_cancellation": "yes"}], timeout=30)
            )
