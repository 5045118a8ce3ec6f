"""Hooks as a user has them: called with every change they ask for, through failures, kills and dead letters."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.acceptance.project import Project

INDEX = """
version: "1.0"
namespace: app
entries:
  - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: other, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: good, kind: workflow.lua, source: "return function(n) return n end"}
  - {name: bad, kind: workflow.lua, source: "return function() return nil, 'no' end"}
  - name: tell
    kind: function.py
    source: |
      import json, os
      from actorflow.script import ctx
      def main(event):
          line = {**event, "key": ctx.invocation_id}
          with open("TOLD", "a") as file:
              file.write(json.dumps(line) + "\\n")
          if os.path.exists("REFUSE"):
              raise OSError("not now")
  - {name: ends, kind: workflow.hook, host: workflows, call: tell}
  - name: failures
    kind: workflow.hook
    on: [failed]
    host: workflows
    call: tell
    entry: ["app:b*"]
    retry: {initial_delay: 10ms, max_attempts: 2}
"""


def _write(project: Project) -> tuple[Path, Path]:
    told, refuse = project.path / "told", project.path / "refuse"
    project.write("_index.yaml", INDEX.replace("TOLD", str(told)).replace("REFUSE", str(refuse)))
    return told, refuse


def _lines(told: Path, hook: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []
    return [line for line in lines if line["hook"] == hook]


def test_each_change_is_told_at_least_once_through_a_kill(project: Project) -> None:
    told, refuse = _write(project)
    node = project.up()
    project.inside("spawn", "app:good", "1", "--host", "app:workflows", "--wait")
    project.inside("spawn", "app:good", "2", "--host", "app:other", "--wait")
    first = node.until(lambda: _lines(told, "app:ends"))
    assert [(line["state"], line["entry"], line["host"]) for line in first] == [
        ("completed", "app:good", "app:workflows")
    ]
    assert first[0]["key"] == first[0]["id"]
    refuse.touch()
    project.inside("spawn", "app:good", "3", "--host", "app:workflows", "--wait")
    node.until(lambda: len(_lines(told, "app:ends")) >= 2)
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait()
    refuse.unlink()
    refused = len(_lines(told, "app:ends"))
    node = project.up()
    node.until(lambda: len(_lines(told, "app:ends")) > refused)
    ids = [line["id"] for line in _lines(told, "app:ends")]
    assert len(set(ids)) == 2, "the same delivery keeps its id"
    nothing = {"app:ends": (0, 0), "app:failures": (0, 0)}
    node.until(
        lambda: (
            {line["id"]: (line["waiting"], line["behind"]) for line in project.inside("hooks", "--json").json}
            == nothing
        )
    )


def test_what_is_given_up_can_be_driven_again(project: Project) -> None:
    told, refuse = _write(project)
    node = project.up()
    refuse.touch()
    project.inside("spawn", "app:bad", "--host", "app:workflows", "--wait")
    (dead,) = node.until(lambda: project.inside("hook", "dead", "app:failures", "--json").json)
    assert (dead["state"], dead["attempts"], dead["failure"]["message"]) == ("failed", 2, "OSError: not now")
    assert [line["attempt"] for line in _lines(told, "app:failures")] == [1, 2]
    refuse.unlink()
    assert "1 deliveries" in project.inside("hook", "redrive", "app:failures").out
    node.until(lambda: len(_lines(told, "app:failures")) == 3)
    assert project.inside("hook", "dead", "app:failures", "--json").json == []


def test_faults_of_a_hook(project: Project) -> None:
    project.write(
        "_index.yaml",
        """
        version: "1.0"
        namespace: app
        entries:
          - {name: workflows, kind: workflow.host, lifecycle: {auto_start: true}}
          - {name: wrong, kind: workflow.hook, host: workflows, call: "app:wrong", on: [complete]}
          - {name: lost, kind: workflow.hook, host: workflows, call: "app:nothing", on: [failed]}
        """,
    )
    checked = project.inside("check", ".")
    assert checked.code == 1
    assert "app:nothing, which does not exist" in checked.out + checked.err
    assert "'completed'" in checked.out + checked.err
