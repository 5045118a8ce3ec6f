"""Dying at every commit of starts that queue, replace, wait, time out, retry and part: every run ends as it would have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actorflow.store.crash import STATUS, VARIABLE
from tests.acceptance.project import COMMAND, Project
from tests.crash.rig import dies_instead, keep_laws
from tests.crash.starting import STARTS
from tests.stalls import stalled

DAILY = 1
CHAIN = 3
"""Most runs that one start makes."""
CONFLICT = 4
"""The exit code of a start that is refused."""
FEWEST = len(STARTS)
"""Commits that no life does without: it starts one after another."""


def live(place: Path, crash_at: str = "") -> int:
    environment = {**os.environ, VARIABLE: crash_at}
    command = [sys.executable, "-m", "tests.crash.starting", str(place)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, STATUS}, done.stderr
    return done.returncode


def seen(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "seen.json").read_text())
    return found


@pytest.mark.parametrize("share", ["slice", pytest.param("all", marks=pytest.mark.slow)])
def test_every_commit_may_be_the_last(tmp_path: Path, seed: int, share: str) -> None:
    assert live(tmp_path / "whole") == 0
    whole = seen(tmp_path / "whole")
    assert whole["faults"] == []
    expected = Counter(map(tuple, whole["ends"]))
    points = [f"{number}:{when}" for number in range(1, whole["commits"] + 1) for when in ("before", "after")]
    if share == "slice":
        points = Random(seed).sample(points, DAILY)
    for point in points:
        place = tmp_path / point.replace(":", "-")
        if live(place, point) == 0:
            point = dies_instead(point, seen(place)["commits"], FEWEST)  # noqa: PLW2901 - what is died at
            place = tmp_path / f"{place.name}-instead"
            assert live(place, point) == STATUS, f"{point}: every life has {FEWEST} commits"
        assert live(place) == 0, point
        keep_laws(place, data=".actorflow")
        found = seen(place)
        ends = Counter(map(tuple, found["ends"]))
        assert (found["faults"], set(ends)) == ([], set(expected)), point
        more = ends - expected  # a start that was not acknowledged is asked for again: at most one run more
        assert not expected - ends, point
        assert sum(more.values()) <= CHAIN, f"{point}: {more}"


@pytest.mark.slow
def test_one_of_50_processes_gets_a_key(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("_index.yaml", INDEX)
    project.write(
        "flows.py", "from actorflow.script import process\n\nasync def wait():\n    await process.inbox().receive()\n"
    )
    node = project.up()
    try:
        policies = ["reject", "return_existing", "skip", "queue", "allow"] * 10
        racers = [race(tmp_path, policy) for policy in policies]
        ended = [
            (policy, racer.communicate()[0], racer.returncode) for policy, racer in zip(policies, racers, strict=True)
        ]
        answers = [(policy, json.loads(out)) for policy, out, code in ended if code == 0]
        (winner,) = {
            answer["run_id"] for _, answer in answers if "~" not in answer["pid"] and answer["how"] == "started"
        }
        for policy, answer in answers:
            if answer["run_id"] == winner:
                continue
            assert policy in {"queue", "allow"}, answer
            assert "~" in answer["pid"], answer
            assert answer["how"] == {"queue": "queued", "allow": "started"}[policy], answer
        assert {(policy, code) for policy, _, code in ended if code} == {("reject", CONFLICT)}
        beside = [answer for _, answer in answers if "~" in answer["pid"]]
        assert len(node.client.runs(prefix="app:wait/k")) == 1 + len(beside)
    finally:
        node.process.kill()
        node.process.wait()


INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: wait, kind: workflow.py, source: file://flows.py, method: wait}
"""


def race(place: Path, policy: str) -> subprocess.Popen[str]:
    command = [
        *stalled(COMMAND),
        "spawn",
        "app:wait",
        "--host",
        "app:flows",
        "--key",
        "k",
        "--on-conflict",
        policy,
        "--json",
    ]
    return subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


RACER = """
import json, sys
from actorflow.errors import Error
from actorflow.node.control_client import ControlClient

client = ControlClient(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    options = {"workflow.key": "k", "workflow.on_conflict": sys.argv[2]}
    print(json.dumps(client.start("app:wait", "app:flows", options=options)))
except Error as error:
    print(json.dumps({"how": error.kind, "run_id": "", "pid": ""}))
"""
RACERS = 50
OUTCOMES = {
    "reject": ("AlreadyExists", ["waiting"]),
    "return_existing": ("existing", ["waiting"]),
    "skip": ("skipped", ["waiting"]),
    "queue": ("queued", ["waiting", *["created"] * (RACERS - 1)]),
    "allow": ("started", ["waiting"] * RACERS),
    "replace": ("replaced", ["waiting", *["cancelled"] * (RACERS - 1)]),
}
"""What each policy says to those who come later, and the states of all runs there are then."""


@pytest.mark.slow
@pytest.mark.parametrize("policy", OUTCOMES)
def test_50_processes_race_for_a_key_under_each_policy(tmp_path: Path, policy: str) -> None:
    project = Project(tmp_path)
    project.write("_index.yaml", INDEX)
    project.write(
        "flows.py", "from actorflow.script import process\n\nasync def wait():\n    await process.inbox().receive()\n"
    )
    node = project.up()
    later, states = OUTCOMES[policy]
    command = [sys.executable, "-c", RACER, str(tmp_path / ".actorflow"), policy]
    pipe: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen(command, **pipe) for _ in range(RACERS)]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        answers = [json.loads(racer.communicate()[0]) for racer in racers]
        assert Counter(answer["how"] for answer in answers) == Counter(["started", *[later] * (RACERS - 1)])
        (winner,) = (answer for answer in answers if answer["how"] == "started" and "~" not in answer["pid"])
        if policy in {"return_existing", "skip"}:
            assert {answer["run_id"] for answer in answers} == {winner["run_id"]}
        node.until(lambda: Counter(run["state"] for run in node.client.runs(prefix="app:wait/k")) == Counter(states))
        assert len({answer["run_id"] for answer in answers if answer["run_id"]}) == max(len(states), 1)
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()
        node.process.kill()
        node.process.wait()
