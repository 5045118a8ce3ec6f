"""Lock keys: runs that share one never overlap, and the others do not hold them up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.store.view import show, why
from tests.conformance.hosts.place import FLOWS, Place, waiting_for
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until

NOTE = """
def main(path, line):
    with open(path, "a") as file:
        file.write(line + "\\n")
"""
LUA = """
local function main(order)
  funcs.call("app:note", order.path, "begin " .. order.name)
  if order.fail then error("failed on purpose") end
  if order.wait then process.inbox():receive() end
  funcs.call("app:note", order.path, "end " .. order.name)
  return order.name
end
"""
PYTHON = """
from actorflow.script import funcs, process

async def main(order):
    await funcs.call("app:note", order["path"], "begin " + order["name"])
    if order.get("fail"):
        raise ValueError("failed on purpose")
    if order.get("wait"):
        await process.inbox().receive()
    await funcs.call("app:note", order["path"], "end " + order["name"])
    return order["name"]
"""

ONCE = """
import os
from actorflow.script.errors import Rejected

def main(flag):
    if not os.path.exists(flag):
        open(flag, "w").close()
        raise Rejected("not yet")
"""
SHAKY = """
local function main(order)
  local _, err = workflow.step("take", "app:once", order.flag)
  if err then return nil, err end
  funcs.call("app:note", order.path, "begin " .. order.name)
  process.inbox():receive()
end
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("note", NOTE, "function")
    made.lua("lua", LUA, "workflow", lock_key="account-{account}")
    made.python("py", PYTHON, "workflow", lock_key="account-{account}")
    return made


async def begun(node: Node, place: Place, name: str, entry: str = "app:lua", **order: Any) -> str:
    given = {"path": str(place.path / "effects"), "name": name, "account": 1, **order}
    return await node.spawn(entry, host=FLOWS, args=[given], options={"workflow.id": name})


def lines(place: Place) -> list[str]:
    path = place.path / "effects"
    return path.read_text().splitlines() if path.exists() else []


def reasons(node: Node, pid: str) -> list[str]:
    found: list[str] = why(reader(node), pid, served=True)["reasons"]
    return found


async def test_runs_of_one_lock_key_follow_each_other_in_order(place: Place) -> None:
    async with place.node() as node:
        first = await begun(node, place, "first", wait=True)
        await until(lambda: lines(place) == ["begin first"])
        others = [await begun(node, place, name, "app:py") for name in ("second", "third")]
        assert await node.wait(await begun(node, place, "elsewhere", account=2), timeout=20) == "elsewhere"
        for pid in others:
            assert show(reader(node), pid)["state"] == "created"
            assert reasons(node, pid) == ["created: waits for lock account-1"]
        await node.send(first, "go")
        for pid, name in zip([first, *others], ["first", "second", "third"], strict=True):
            assert await node.wait(pid, timeout=20) == name
    mine = [line for line in lines(place) if not line.endswith("elsewhere")]
    assert mine == [f"{what} {name}" for name in ("first", "second", "third") for what in ("begin", "end")]


@pytest.mark.parametrize("how", ["terminate", "cancel", "fail"])
async def test_a_lock_is_free_however_its_holder_ends(place: Place, how: str) -> None:
    async with place.node() as node:
        first = await begun(node, place, "first", wait=True, fail=how == "fail")
        await until(lambda: lines(place) == ["begin first"])
        second = await begun(node, place, "second")
        if how == "terminate":
            await node.terminate(first)
        elif how == "cancel":
            await waiting_for(node, first)
            await node.cancel(first, "enough")
        assert await node.wait(second, timeout=20) == "second"


async def test_a_lock_outlives_restarts_and_a_waiting_run_that_ends_is_passed_over(place: Place) -> None:
    async with place.node() as node:
        first = await begun(node, place, "first", wait=True)
        await until(lambda: lines(place) == ["begin first"])
        second = await begun(node, place, "second")
        third = await begun(node, place, "third", "app:py")
    async with place.node() as node:
        await node.terminate(second)
        await node.send(first, "go")
        assert await node.wait(third, timeout=20) == "third"
        with pytest.raises(Error):
            await node.wait(second, timeout=20)
    assert lines(place) == ["begin first", "end first", "begin third", "end third"]


async def test_the_start_may_name_the_lock(place: Place) -> None:
    place.lua("free", LUA)
    order = {"path": str(place.path / "effects"), "name": "free", "wait": True, "id": "x"}
    options = {"workflow.lock_key": "by-{id}"}
    async with place.node() as node:
        pids = [await node.spawn("app:free", host=FLOWS, args=[order], options=options) for _ in range(2)]
        await until(lambda: lines(place) == ["begin free"])
        await trio.sleep(0.05)
        assert lines(place) == ["begin free"]
        assert reasons(node, pids[1]) == ["created: waits for lock by-x"]


async def test_a_retried_run_takes_its_lock_again(place: Place) -> None:
    place.python("once", ONCE, "function")
    place.lua("shaky", SHAKY, "workflow", lock_key="account-{account}")
    flag = str(place.path / "flag")
    async with place.node() as node:
        failed = await begun(node, place, "failed", "app:shaky", flag=flag)
        with pytest.raises(Error):
            await node.wait(failed, timeout=20)
        holder = await begun(node, place, "holder", wait=True)
        await until(lambda: lines(place) == ["begin holder"])
        with pytest.raises(Error, match="lock key") as caught:
            await node.runs.change("retry", "failed")
        assert caught.value.kind in {"AlreadyExists", "Conflict"}
        await node.send(holder, "go")
        await node.wait(holder, timeout=20)
        await node.runs.change("retry", "failed", since="take")
        await until(lambda: "begin failed" in lines(place))
        waiting = await begun(node, place, "waiting")
        assert reasons(node, waiting) == ["created: waits for lock account-1"]
        await node.send(failed, "go")
        assert await node.wait(waiting, timeout=20) == "waiting"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workflow.lock_key": "{nothing}"}, "at {nothing}"),
        ({"workflow.lock_key": "{1.id}"}, "at {1.id}"),
        ({"workflow.lock_key": 5}, "workflow.lock_key"),
        ({"workflow.lock_keys": []}, "a list of lock keys"),
        ({"workflow.lock_keys": ["a", 5]}, "workflow.lock_keys[1]"),
        ({"workflow.lock_key": "a", "workflow.lock_scope": "execution"}, "per_key"),
        ({"workflow.lock_keys": ["{nothing}"]}, "at {nothing}"),
        ({"workflow.id": "@lock/a"}, "lock keys"),
    ],
)
async def test_a_wrong_lock_key_says_what_is_expected(place: Place, options: dict[str, Any], said: str) -> None:
    place.lua("free", LUA)
    async with place.node() as node:
        with pytest.raises(Error) as caught:
            await node.spawn("app:free", host=FLOWS, args=[{"name": "x"}], options=options)
    assert caught.value.kind == "Invalid"
    assert said in caught.value.message
