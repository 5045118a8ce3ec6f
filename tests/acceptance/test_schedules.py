"""Schedules as a user has them: an entry, the verbs, a kill in between."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.acceptance.project import PATIENCE, Project

NIGHT: Final = (datetime.now(UTC).hour + 12) % 24
"""An hour that is not near, whenever the tests run."""
INDEX = f"""
version: "1.0"
namespace: app
entries:
  - {{name: workflows, kind: workflow.host, lifecycle: {{auto_start: true}}}}
  - name: tick
    kind: workflow.lua
    modules: [ctx]
    source: |
      local ctx = require("ctx")
      return function(what) return what .. " " .. ctx.get("schedule").slot end
  - name: count
    kind: function.py
    source: |
      def main(path):
          with open(path, "a") as file:
              file.write("x")
  - {{name: often, kind: workflow.schedule, workflow: tick, host: workflows, every: 1s, input: [tick]}}
  - {{name: nightly, kind: workflow.schedule, call: count, host: workflows, cron: "30 {NIGHT} * * *", input: [PATH]}}
  - {{name: wrong, kind: workflow.schedule, call: tick, host: workflows, cron: "0 3 * *"}}
  - {{name: both, kind: workflow.schedule, call: tick, host: workflows, cron: "@daily", every: 5s}}
"""


def _until(project: Project, least: int) -> list[dict[str, object]]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        runs = project.inside("runs", "--entry", "app:tick", "--state", "completed", "--json").json
        if len(runs) >= least:
            return list(runs)
        time.sleep(0.1)
    raise AssertionError(f"fewer than {least} runs")


def test_a_schedule_starts_runs_through_a_kill(project: Project) -> None:
    project.write("_index.yaml", INDEX.replace("PATH", str(project.path / "calls")))
    node = project.up()
    before = _until(project, 2)
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait()
    node = project.up()
    runs = _until(project, len(before) + 2)
    slots = [project.inside("run", "show", str(run["run_id"]), "--json").json["result"] for run in runs]
    assert len(set(slots)) == len(slots), "one run for a slot"
    lines = {line["id"]: line for line in project.inside("schedules", "--json").json}
    assert {name: line["times"] for name, line in lines.items()} == {
        "app:often": "@every 1s UTC",
        "app:nightly": f"30 {NIGHT} * * * UTC",
    }
    assert lines["app:often"]["starts"] >= len(runs) - 1
    assert lines["app:nightly"]["next_start"].endswith(f"T{NIGHT:02}:30:00.000Z")


def test_a_schedule_is_moved_by_hand(project: Project) -> None:
    calls = project.path / "calls"
    project.write("_index.yaml", INDEX.replace("PATH", str(calls)))
    node = project.up()
    assert project.inside("schedule", "pause", "app:often", "--reason", "maintenance", "--json").json["paused"] is True
    count = project.inside("schedules", "--json").json[1]["starts"]
    pid = project.inside("schedule", "trigger", "app:nightly").out.strip()
    assert node.client.request("wait", {"pid": pid, "timeout": PATIENCE}) is None
    assert calls.read_text() == "x"
    window = ("--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z")
    (pid,) = project.inside("schedule", "backfill", "app:nightly", *window).out.split()
    assert node.client.request("wait", {"pid": pid, "timeout": PATIENCE}) is None
    assert calls.read_text() == "xx"
    assert "nothing was started" in project.inside("schedule", "backfill", "app:nightly", *window).out
    shown = project.inside("schedules", "--json").json[1]
    assert (shown["paused"], shown["reason"], shown["starts"]) == (True, "maintenance", count)
    assert project.inside("schedule", "resume", "app:often", "--json").json["paused"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("schedule", "pause", "app:none"), 3, "app:none"),
        (("schedule", "trigger", "app:tick"), 2, "app:tick"),
        (("schedule", "backfill", "app:nightly", "--from", "yesterday", "--to", "now"), 2, "an instant such as"),
    ],
)
def test_wrong_words(shared_project: Project, arguments: tuple[str, ...], code: int, text: str) -> None:
    if not (shared_project.path / "_index.yaml").exists():
        shared_project.write("_index.yaml", INDEX)
        shared_project.up()
    ended = shared_project.inside(*arguments)
    assert (ended.code, text in ended.err) == (code, True), ended


def test_faults_of_a_schedule(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    checked = project.inside("check", ".")
    assert checked.code == 1
    assert "Wrong number of fields" in checked.out + checked.err
    assert "either `cron` or `every`" in checked.out + checked.err
