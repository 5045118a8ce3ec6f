"""`actorflow run fork` in both languages: by step, with other code, input and results, in bulk, over a kill."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.project import Project, Running

LUA = """
      local workflow = require("workflow")
      return function(item)
        local stock = workflow.step("reserve", "app:do", {"reserve", item})
        local note = workflow.step("note", function() return "for " .. item end)
        local paid, err = workflow.step("charge", "app:do", {"charge", item})
        if err then return nil, err end
        return {stock, note, paid}
      end
"""
PYTHON = """
      from actorflow.script import workflow
      async def main(item):
          stock = await workflow.step("reserve", "app:do", ["reserve", item])
          async def say():
              return "for " + item
          note = await workflow.step("note", say)
          paid = await workflow.step("charge", "app:do", ["charge", item])
          return [stock, note, paid]
"""
INDEX = """
version: "1.0"
namespace: app
entries:
  - {{name: workflows, kind: workflow.host, lifecycle: {{auto_start: true}}}}
  - name: order
    kind: workflow.{language}
    {modules}
    source: |{script}
  - name: do
    kind: function.py
    source: |
      from actorflow.script import errors
      def main(given):
          what, item = given
          with open("{calls}", "a") as file:
              file.write(what + "\\n")
          if what == "charge" and item == "broken":
              raise errors.Rejected("no funds")
          return what + " " + item
"""


def write(project: Project, language: str, script: str) -> Path:
    calls = project.path / "calls"
    modules = "modules: [workflow]" if language == "lua" else "method: main"
    index = INDEX.format(language=language, modules=modules, script=script, calls=calls)
    project.write("_index.yaml", index)
    return calls


def result(node: Running, project: Project, run: str) -> object:
    return node.until(lambda: project.inside("run", "show", run, "--json").json["result"])


@pytest.mark.parametrize(("language", "script"), [("lua", LUA), ("py", PYTHON)])
def test_a_run_is_forked_at_a_step(project: Project, language: str, script: str) -> None:
    calls = write(project, language, script)
    node = project.up()
    ended = project.inside("spawn", "app:order", "broken", "--host", "app:workflows", "--key", "1", "--wait")
    assert ended.code == 5, ended
    assert calls.read_text().split() == ["reserve", "charge"]
    made = project.inside("run", "fork", "app:order/1", "--from", "charge", "--arg", '"pear"', "--json").json
    assert made["pid"] == "{local@app:workflows|app:order/1/fork-1}"
    assert result(node, project, "app:order/1/fork-1") == ["reserve broken", "for broken", "charge pear"]
    assert calls.read_text().split() == ["reserve", "charge", "charge"]
    shown = project.inside("run", "show", "app:order/1/fork-1", "--json").json
    assert shown["forked_from"]["workflow_id"] == "app:order/1"
    dry = project.inside("run", "fork", "app:order/1", "--from", "charge", "--dry-run")
    assert (dry.code, dry.out.strip()) == (
        0,
        "{local@app:workflows|app:order/1/fork-2}  would keep 5 of 5 events of app:order/1",
    )
    assert project.inside("run", "fork", "--state", "failed", "--from", "chrage", "--dry-run").code == 4
    assert len(project.inside("runs", "--json").json) == 2, "a dry run starts nothing"
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait()
    write(project, language, script.replace("note, paid", 'note, paid, "new"'))
    node = project.up()
    lines = project.inside(
        "run", "fork", "--state", "failed", "--source", "registered", "--arg", '"fig"', "--json"
    ).json
    assert [line["pid"] for line in lines] == ["{local@app:workflows|app:order/1/fork-2}"]
    forked = result(node, project, "app:order/1/fork-2")
    assert forked == ["reserve broken", "for broken", "charge fig", "new"], "what comes before the step is kept"
    assert project.inside("doctor").code == 0


def test_a_step_is_given_another_result(project: Project) -> None:
    write(project, "lua", LUA)
    node = project.up()
    project.inside("spawn", "app:order", "fig", "--host", "app:workflows", "--key", "1", "--wait")
    edited = ("--result", 'reserve="edited"', "--result", 'note="noted"')
    project.inside("run", "fork", "app:order/1", "--from", "charge", *edited)
    assert result(node, project, "app:order/1/fork-1") == ["edited", "noted", "charge fig"]
    wrong = project.inside("run", "fork", "app:order/1", "--from", "chrage")
    assert wrong.code == 3
    assert "its steps are charge, note, reserve" in wrong.err
