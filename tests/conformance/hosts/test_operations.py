"""Operations of the node in durable runs: recorded, done once, tried again, and those that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import INVALID, NOT_FOUND, PERMISSION_DENIED, Error
from actorflow.node.node import Node
from actorflow.resource.queues import queues
from hosts.workflow.operation import RECORDED
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

LUA = """
    local events, queue = require("events"), require("queue")
    local function main()
      local sent = events.send("shop", "begun", "/1", {n = 1})
      local ok, err = queue.publish("app:tasks", {n = 2}, {colour = "red"})
      local missing, problem = queue.publish("app:none", 1)
      process.inbox():receive()
      events.send("shop", "ended", "/1")
      return {sent, ok, err == nil, missing == nil, problem:kind()}
    end
"""
PYTHON = """
    from actorflow.script import Error, events, process, queue

    async def main():
        await events.send("shop", "begun", "/1", {"n": 1})
        await queue.publish("app:tasks", {"n": 2}, {"colour": "red"})
        kind = ""
        try:
            await queue.publish("app:none", 1)
        except Error as error:
            kind = error.kind
        await process.inbox().receive()
        await events.send("shop", "ended", "/1")
        return [True, True, True, True, kind]
"""
REFUSED = """
    from actorflow.script import Error, process
    from actorflow.script.operation import perform

    async def main():
        kinds = []
        for name, args in (("events.subscribe", ["s"]), ("pg.join", ["s", "g"]), ("queue.message", []), ("nothing", [])):
            try:
                await perform(name, *args)
            except Error as error:
                kinds.append((error.kind, name in error.message))
        return kinds
"""


def place_with_queue(path: Path, **flows: Any) -> Place:
    place = Place(path, flows)
    place.entries["driver"] = {"kind": "queue.driver.memory"}
    options = {"driver_options": {"memory": {"max_length": 1}}}
    place.entries["tasks"] = {"kind": "queue.queue", "driver": "driver", **options}
    place.lua("lua", LUA)
    place.entries["lua"]["modules"] = ["events", "queue"]
    place.python("python", PYTHON)
    return place


def heard(node: Node) -> list[tuple[str, Any]]:
    kinds: list[tuple[str, Any]] = []
    node.bus.subscribe("shop", "**", lambda event: kinds.append((event["kind"], event["data"])))
    return kinds


@pytest.mark.parametrize("lang", ["lua", "python"])
async def test_a_recorded_operation_is_not_repeated_by_a_replay(tmp_path: Path, lang: str) -> None:
    place = place_with_queue(tmp_path, cache={"runs": 0})
    async with place.node() as node:
        kinds = heard(node)
        pid = await node.spawn(f"app:{lang}", host=FLOWS)
        await until(lambda: kinds and list(node.processes()) == [])
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == [True, True, True, True, NOT_FOUND]
        queue = queues(node).queue("app:tasks")
        assert queue.info()["messages"] == 1
        message = (await queue.take()).message
    assert kinds == [("begun", {"n": 1}), ("ended", None)]
    assert (message.body, message.headers) == ({"n": 2}, {"colour": "red"})


async def test_an_operation_that_was_under_way_is_done_again_after_a_restart(tmp_path: Path) -> None:
    place = place_with_queue(tmp_path, lifecycle={"auto_start": True, "stop_timeout": "100ms"})
    async with place.node() as node:
        queue = queues(node).queue("app:tasks")
        await queue.publish("in the way", {})
        pid = await node.spawn("app:python", host=FLOWS)
        await until(lambda: queue.info()["blocked"] == 1)
    async with place.node() as node:
        kinds = heard(node)
        queue = queues(node).queue("app:tasks")
        await until(lambda: queue.info()["ready"] == 1)
        await node.send(pid, "go")
        await node.wait(pid, timeout=20)
    assert kinds == [("ended", None)], "what was answered before is not asked for again"


async def test_a_run_that_is_terminated_gives_its_operation_up(tmp_path: Path) -> None:
    place = place_with_queue(tmp_path)
    async with place.node() as node:
        queue = queues(node).queue("app:tasks")
        await queue.publish("in the way", {})
        pid = await node.spawn("app:python", host=FLOWS)
        await until(lambda: queue.info()["blocked"] == 1)
        await node.terminate(pid)
        await until(lambda: queue.info()["blocked"] == 0)


async def test_a_failure_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    place = place_with_queue(tmp_path)
    asked: list[str] = []

    def fail_once(caller: Any, *_args: Any) -> bool:
        asked.append(caller.entry)
        if len(asked) == 1:
            raise Error("not yet", retryable=True)
        raise Error("never", PERMISSION_DENIED, retryable=False)

    place.python(
        "asks",
        """
        from actorflow.script import Error
        from actorflow.script.operation import perform

        async def main():
            try:
                await perform("env.get", "x")
            except Error as error:
                return error.kind
        """,
    )
    async with place.node() as node:
        node.operations._table.pop("env.get", None)  # noqa: SLF001 - in place of the node's own
        node.operations.add("env.get", fail_once)
        pid = await node.spawn("app:asks", host=FLOWS)
        assert await node.wait(pid, timeout=20) == PERMISSION_DENIED
    assert asked == ["app:asks", "app:asks"]


async def test_other_operations_are_refused_by_name(tmp_path: Path) -> None:
    place = place_with_queue(tmp_path)
    place.python("refused", REFUSED)
    async with place.node() as node:
        pid = await node.spawn("app:refused", host=FLOWS)
        assert await node.wait(pid, timeout=20) == [[INVALID, True]] * 4


async def test_what_is_recorded_exists(tmp_path: Path) -> None:
    async with Place(tmp_path).node() as node:
        assert [name for name in sorted(RECORDED) if name not in node.operations] == []


DATA = """
    local env, registry, sql, store = require("env"), require("registry"), require("sql"), require("store")
    local function main()
      local cache = store.get("app:cache")
      cache:set("count", (cache:get("count") or 0) + 1)
      local db = sql.get("app:db")
      db:execute("CREATE TABLE t (n INTEGER)")
      db:execute("INSERT INTO t VALUES (?)", {env.get("NUMBER")})
      process.inbox():receive()
      local entry = registry.get("app:cache")
      local rows = db:query("SELECT n FROM t")
      local _, refused = db:begin()
      return {cache:get("count"), #rows, rows[1].n, entry.kind, refused:kind()}
    end
"""


async def test_stores_databases_variables_and_the_registry_are_recorded(tmp_path: Path) -> None:
    place = Place(tmp_path, {"cache": {"runs": 0}})
    started = {"lifecycle": {"auto_start": True}}
    place.entries["cache"] = {"kind": "store.memory", **started}
    place.entries["db"] = {"kind": "db.sql.sqlite", "file": "app.db", **started}
    place.entries["variables"] = {"kind": "env.storage.memory", "values": {"number": "7"}}
    place.entries["number"] = {"kind": "env.variable", "variable": "NUMBER", "storage": "variables", "default": "7"}
    place.lua("data", DATA)
    place.entries["data"]["modules"] = ["env", "registry", "sql", "store"]
    async with place.node() as node:
        pid = await node.spawn("app:data", host=FLOWS)
        await until(lambda: list(node.processes()) == [])
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == [1, 1, 7, "store.memory", INVALID]
