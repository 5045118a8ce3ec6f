"""`actorflow run debug` in both languages: forward and back over a run of a hundred steps, with and without a node."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actorflow.app import debugger_of, moment_of
from actorflow.cli.capsule import fetched
from actorflow.cli.place import Place
from tests.acceptance.conftest import _project
from tests.acceptance.project import Project, Running

INDEX = """
version: "1.0"
namespace: app
entries:
  - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: lua, kind: workflow.lua, modules: [workflow, channel, time, funcs], source: file://order.lua}
  - {name: py, kind: workflow.py, method: main, source: file://order.py}
  - name: echo
    kind: function.py
    source: |
      def main(value):
          return value
"""
LUA = """
local workflow = require("workflow")
local shop = {name = "corner", 1, 2}

local function hostile()
  local refuse = function() error("looked at") end
  local odd = setmetatable({inner = 1}, {__tostring = refuse, __index = refuse, __pairs = refuse, __len = refuse})
  odd.itself = odd
  return odd
end

return function(item)
  local ch, odd, long = channel.new(1), hostile(), string.rep("x", 5000)
  coroutine.spawn(function()
    local mine = "in the other task"
    ch:send("first")
    ch:send({second = true})
  end)
  local sum = shop[1] - 1
  for i = 1, 100 do
    local got = coroutine.wrap(function(n) return funcs.call("app:echo", n) end)(i)
    sum = sum + got
  end
  local last = workflow.step("last", "app:echo", item)
  local inbox = process.inbox()
  time.sleep("1h")
  return sum
end
"""
PYTHON = """
from actorflow.script import channel, funcs, process, time, workflow


class Odd:
    def __init__(self):
        self.inner = 1
        self.itself = self

    def __repr__(self):
        raise AssertionError("looked at")

    @property
    def price(self):
        raise AssertionError("looked at")


async def called(n):
    return await funcs.call("app:echo", n)


async def main(item):
    shop = {"name": "corner"}
    ch, odd, long = channel.new(1), Odd(), "x" * 5000

    async def other():
        mine = "in the other task"
        await ch.send("first")
        await ch.send({"second": True})

    await process.start(other)
    total = 0
    for i in range(1, 101):
        total += await called(i)
    last = await workflow.step("last", "app:echo", item)
    inbox = process.inbox()
    await time.sleep(3600)
    return total
"""
RUNS = {"lua": "app:lua/1", "py": "app:py/1"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with one run in each language, which has made its steps and waits; its node runs."""
    for made in _project(tmp_path_factory.mktemp("debugged")):
        made.write("_index.yaml", INDEX)
        made.write("order.lua", LUA)
        made.write("order.py", PYTHON)
        node = made.up()
        for language in RUNS:
            _prepare(made, node, language)
        yield made


def _prepare(made: Project, node: Running, language: str) -> None:
    run = RUNS[language]

    def has(events: int) -> bool:
        return bool(node.client.request("run.show", {"run": run})["events"] == events)

    made.inside("spawn", f"app:{language}", "fig", "--host", "app:workflows", "--key", "1")
    node.until(lambda: has(204) or None)
    made.inside("send", f"{{local@app:workflows|{run}}}", "hello", "there")
    node.until(lambda: has(205) or None)


def test_a_run_is_looked_at_beside_its_node(project: Project) -> None:
    for run in RUNS.values():
        before = history(project, run)
        seen = project.inside("run", "debug", run, "--at", "204", "--json").json
        assert (seen["step"], seen["steps"], seen["seq"]) == (102, 103, 204)
        assert seen["fed"]["answers"].startswith("step last: call app:echo")
        assert [event["kind"] for event in seen["records"]] == ["TimerStarted"]
        main, other = seen["tasks"]
        assert main["waits"].startswith("timer due at ")
        assert "sleep(" in main["source"]
        assert main["place"].endswith((".lua:25", ".py:36"))
        assert other["frames"][0]["locals"]["mine"].strip("\"'") == "in the other task"
        (channel,) = [one for one in seen["channels"] if one["name"] == "ch"]
        assert channel["buffer"][0].strip("\"'") == "first"
        assert channel["senders"][0]["task"] == 2
        assert "second" in channel["senders"][0]["item"]
        assert seen["inbox"] == []
        debugger = debugger_of(fetched(Place.of(project.path, None), run))
        assert debugger.goto(103)
        assert moment_of(debugger)["inbox"][0]["topic"] == "hello"
        assert history(project, run) == before, "looking changes nothing"


def history(project: Project, run: str) -> Any:
    return Place.of(project.path, None).ask("run.history", {"run": run})


def test_commands_go_forward_and_back(project: Project) -> None:
    for run in RUNS.values():
        done = project.inside("run", "debug", run, "--commands", "n;n 2;p i;b;p i;s last;n;p last;g 4;l")
        assert done.code == 0, done.err
        lines = done.out.splitlines()
        assert [line for line in lines if line.startswith(("i =", "last ="))][:2] == ["i = 3", "i = 2"]
        assert [line.split(" · ")[0] for line in lines if line.startswith("step ")] == [
            f"step {step} of 103" for step in (1, 3, 2, 101, 102, 2)
        ]
        assert any(line.startswith("> ") for line in lines), "the line where a task stands is marked"
        assert "echo" in done.out
    wrong = project.inside("run", "debug", RUNS["lua"], "--commands", "n;p itm")
    assert wrong.code == 3
    assert "did you mean 'item'" in wrong.err
    assert project.inside("run", "debug", RUNS["lua"], "--commands", "nxt").code == 2


@pytest.fixture(scope="module")
def stopped(project: Project) -> Path:
    """The same project, whose node has stopped."""
    for process in project.processes:
        process.terminate()
        process.wait(30)
    return project.path


@pytest.mark.parametrize("run", RUNS.values())
def test_a_hundred_steps_forward_and_back_without_a_node(stopped: Path, run: str) -> None:
    capsule = fetched(Place.of(stopped, None), run)
    debugger = debugger_of(capsule)
    forward = []
    while debugger.forward():
        forward.append(_shape(moment_of(debugger)))
    assert len(forward) == debugger.position == 103
    assert not debugger.fault
    back = [_shape(moment_of(debugger))]
    began = time.thread_time()
    slowest = 0.0
    for _ in range(102):
        since = time.thread_time()
        assert debugger.back()
        slowest = max(slowest, time.thread_time() - since)
        back.append(_shape(moment_of(debugger)))
    assert back[::-1] == forward, "a step is the same from both sides"
    assert slowest < 0.5, f"{slowest:.3f} s for one of {time.thread_time() - began:.1f} s"
    assert debugger.back()
    assert moment_of(debugger)["tasks"] == []
    assert not debugger.back()
    debugger.close()


@pytest.mark.parametrize("run", RUNS.values())
def test_looking_runs_no_code_of_the_script(stopped: Path, run: str) -> None:
    debugger = debugger_of(fetched(Place.of(stopped, None), run))
    debugger.forward()
    (main, *_), odd = moment_of(debugger)["tasks"], "odd"
    found = {name: text for frame in main["frames"] for name, text in frame["locals"].items()}
    assert "<itself>" in found[odd]
    assert "inner" in found[odd]
    assert "looked at" not in found[odd]
    assert len(found["long"]) < 300
    assert "corner" in found["shop"]
    debugger.close()


def _shape(seen: dict[str, Any]) -> Any:
    tasks = [
        (task["place"], task["waits"], [sorted(frame["locals"].items()) for frame in task["frames"]])
        for task in seen["tasks"]
    ]
    return seen["seq"], tasks, seen["channels"], seen["inbox"], seen["requests"]
