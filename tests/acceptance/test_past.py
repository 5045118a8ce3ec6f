"""`run show --at` and `run timeline`: a run as it was at each event, and what it did when, in both languages."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trio

import actorflow
from actorflow.app import debugger_of, moment_of
from actorflow.cli.capsule import fetched
from actorflow.cli.going_back import bar, print_past, print_timeline
from actorflow.cli.output import plain
from actorflow.cli.place import Place
from actorflow.errors import NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.store.capsule import Capsule
from tests.acceptance.project import Project

INDEX = """
version: "1.0"
namespace: app
entries:
  - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: lua, kind: workflow.lua, modules: [workflow, time, funcs], source: file://order.lua}
  - {name: py, kind: workflow.py, method: main, source: file://order.py}
  - name: part
    kind: workflow.py
    method: main
    source: |
      async def main(value):
          return value
  - name: flaky
    kind: function.py
    source: |
      seen = []
      def main(value):
          seen.append(value)
          if seen.count(value) < 3:
              raise RuntimeError("not yet")
          return value
  - name: once
    kind: function.py
    source: |
      from actorflow.script import errors
      seen = []
      def main(value):
          seen.append(value)
          if seen.count(value) < 2:
              raise errors.Rejected("not the first time")
          return value
  - name: again_lua
    kind: workflow.lua
    modules: [funcs, time]
    source: |
      local funcs, time = require("funcs"), require("time")
      return function(item)
        local got, err = funcs.call("app:once", item)
        if err then error(err) end
        time.sleep("1h")
      end
  - name: again_py
    kind: workflow.py
    method: main
    source: |
      from actorflow.script import funcs, time
      async def main(item):
          got = await funcs.call("app:once", item)
          await time.sleep(3600)
  - name: broken
    kind: function.py
    source: |
      from actorflow.script import errors
      def main(value):
          raise errors.Rejected("never")
"""
LUA = """
local workflow = require("workflow")
return function(item)
  workflow.attrs({search = {item = item}, memo = {note = "begun"}})
  local version = workflow.version("tax", 1, 2)
  local got = workflow.step("flaky", "app:flaky", {item}, {retries = 5, delay = "1ms"})
  workflow.attrs({search = {item = "done"}})
  local made = process.exec("app:part", "app:workflows", item)
  local _, err = workflow.step("broken", "app:broken", {1}, {retries = 0})
  workflow.sleep("rest", "5ms")
  local message = process.inbox():receive()
  return {got, made, tostring(err), message:payload():data()}
end
"""
PYTHON = """
from actorflow.script import errors, process, workflow
async def main(item):
    workflow.attrs(search={"item": item}, memo={"note": "begun"})
    version = workflow.version("tax", 1, 2)
    got = await workflow.step("flaky", "app:flaky", [item], retries=5, delay="1ms")
    workflow.attrs(search={"item": "done"})
    made = await process.exec("app:part", "app:workflows", item)
    try:
        await workflow.step("broken", "app:broken", [1], retries=0)
    except errors.Error as error:
        err = str(error)
    await workflow.sleep("rest", "5ms")
    message = await process.inbox().receive()
    return [got, made, err, message.payload]
"""


async def made(directory: Path) -> None:
    """Run one of each language up to where it waits for its message, which comes, and end."""
    async with actorflow.open(directory) as node:
        for language in ("lua", "py"):
            pid = await node.spawn(
                f"app:{language}", host="app:workflows", args=[language], options={"workflow.id": language}
            )
            await node.send(pid, "go", {"ahead": True})
            await node.wait(pid, timeout=20)
            await retried_and_terminated(node, language)


async def retried_and_terminated(node: Node, language: str) -> None:
    """Run one that fails, is retried, goes on to sleep, and is terminated."""
    run = f"again_{language}"
    pid = await node.spawn(f"app:{run}", host="app:workflows", args=[language], options={"workflow.id": run})
    with pytest.raises(Error, match="not the first time"):
        await node.wait(pid, timeout=20)
    await node.runs.change("retry", run)
    while (await node.query(run, "seq")) < 7:  # noqa: ASYNC110 - a commit on its way
        await trio.sleep(0.01)
    await node.runs.change("terminate", run)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project whose runs have ended, without a node."""
    project = Project(tmp_path_factory.mktemp("past"))
    for name, text in (("_index.yaml", INDEX), ("order.lua", LUA), ("order.py", PYTHON)):
        project.write(name, text)
    trio.run(made, project.path)
    return Place.of(project.path, None)


@cache
def kept(place: Place, run: str) -> Capsule:
    return fetched(place, run)


def at(place: Place, run: str, seq: int, capsys: pytest.CaptureFixture[str]) -> Any:
    print_past(kept(place, run), seq, as_json=True)
    return json.loads(capsys.readouterr().out)


def event(place: Place, run: str, kind: str) -> int:
    return next(found.seq for found in kept(place, run).held.events if found.kind == kind)


@pytest.mark.parametrize("run", ["lua", "py"])
def test_a_run_is_shown_as_it_was(place: Place, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = at(place, run, 1, capsys)
    assert (first["state"], first["args"], first["result"], first["steps"]) == ("pending", [run], None, [])
    called = at(place, run, event(place, run, "FunctionCalled"), capsys)
    assert called["search_attributes"] == {"item": run}
    assert called["memo"] == {"note": "begun"}
    assert called["versions"] == {"tax": 2}
    assert [request["name"] for request in called["requests"]] == ["flaky"]
    assert called["tasks"][0]["waits"].startswith("step flaky: call app:flaky")
    child = at(place, run, event(place, run, "ProcessSpawned"), capsys)
    assert child["search_attributes"] == {"item": "done"}
    assert [step["name"] for step in child["steps"] if step["kind"] == "step"] == ["flaky"]
    timer = at(place, run, event(place, run, "TimerStarted"), capsys)
    assert timer["timers"][0]["what"].startswith("step rest: timer due at ")
    assert timer["state"] == "waiting"
    last = at(place, run, len(kept(place, run).held.events), capsys)
    assert last["state"] == "completed"
    assert last["result"][0] == [run]
    assert not last["requests"]
    assert not last["fault"]


@pytest.mark.parametrize("run", ["lua", "py"])
def test_a_timeline_has_a_line_for_everything(place: Place, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_timeline(kept(place, run), as_json=True)
    lines = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
    assert (lines["flaky"]["kind"], lines["flaky"]["attempts"], lines["flaky"]["outcome"]) == ("step", 3, "completed")
    assert lines["flaky"]["duration"] > 0.002
    assert lines["broken"]["outcome"] == "failed: never"
    assert (lines["app:part"]["kind"], lines["app:part"]["outcome"]) == ("child", "completed")
    assert (lines["rest"]["kind"], lines["rest"]["outcome"]) == ("timer", "fired")
    assert (lines["go"]["kind"], lines["go"]["outcome"]) == ("signal", "received")


@pytest.mark.parametrize("run", ["again_lua", "again_py"])
def test_what_a_retry_took_back_is_shown_as_it_was_then(
    place: Place, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsule = kept(place, run)
    failed = event(place, run, "RunFailed")
    then = at(place, run, failed, capsys)
    assert (then["state"], then["fault"]) == ("failed", "")
    assert then["error"]["message"].endswith("not the first time")
    assert [step["outcome"] for step in then["steps"]] == ["failed: not the first time"]
    after = at(place, run, len(capsule.held.events), capsys)
    assert (after["state"], after["fault"]) == (capsule.held.row.state, ""), "it was terminated while it slept"
    debugger = debugger_of(capsule)
    while debugger.forward():
        assert "not the first time" not in json.dumps(plain(moment_of(debugger)["fed"]))
    assert not debugger.fault, "what was taken back is not gone through"
    assert moment_of(debugger)["ended"]["error"].kind
    assert moment_of(debugger)["tasks"][0]["waits"].startswith("timer due at "), "as it was ended from outside"
    debugger.close()


def test_bars_lie_where_their_lines_do() -> None:
    assert bar({"start": 0, "end": 50}, 0, 100, 40) == "━" * 21
    assert bar({"start": 50, "end": 100}, 0, 100, 40) == " " * 20 + "━" * 20
    assert bar({"start": 100, "end": None}, 0, 100, 40) == " " * 39 + "━"


def test_an_event_that_is_not_there_is_not_found(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Error, match="has no event 999: expected 1 to") as caught:
        at(place, "lua", 999, capsys)
    assert caught.value.kind == NOT_FOUND


def test_the_verbs_print_it(place: Place) -> None:
    project = Project(place.directory)
    shown = project.inside("run", "show", "py", "--at", "2")
    assert "state              " in shown.out
    assert "waits:" in shown.out
    table = project.inside("run", "timeline", "lua").out.splitlines()
    assert table[0].split() == ["seq", "kind", "name", "start", "duration", "attempts", "outcome"]
    assert any("failed: never" in line for line in table)
