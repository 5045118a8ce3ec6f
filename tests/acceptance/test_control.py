"""`actorflow run pause|resume|…`, without a node and with one."""

from __future__ import annotations

import re
import signal

import pytest

from tests.acceptance.project import Project
from tests.acceptance.registry import FILES, INDEX


@pytest.mark.slow
def test_runs_are_controlled_with_and_without_a_node(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    node = project.up()
    for name in ("one", "two", "three"):
        node.client.spawn("app:wait_py", "app:flows", [name], options={"workflow.id": name})
    node.until(lambda: all(node.state(name) == "waiting" for name in ("one", "two", "three")))
    done = node.client.change_run("pause", "one", reason="look", by="me")
    assert (done["state"], done["to"]) == ("waiting", "paused")
    assert node.client.request("run.show", {"run": "one"})["waits"] == ["look"]
    assert [line["to"] for line in node.client.change_runs("terminate", prefix="three")] == ["cancelled"]
    refused = project.inside("run", "retry", "three")
    assert refused.code == 4
    assert re.search(r"cannot retry 'three': it is cancelled, since \S+Z, and would be pending", refused.err)
    assert "what is: delete-data, purge" in refused.err
    assert node.end(signal.SIGKILL) == -signal.SIGKILL

    assert project.inside("send", "one", "approve", "5").code == 0
    seen = project.inside("runs", "--view", "workflowable", "--json").json
    assert {line["workflow_id"]: (line["state"], line["number"]) for line in seen} == {
        "one": ("Paused", 5),
        "two": ("Pending", 2),
        "three": ("Cancelled", 8),
    }
    assert project.inside("run", "show", "one", "--view", "pikku", "--json").json["wait"] == "suspended"
    assert project.inside("runs", "--view", "luna").code == 2
    would = project.inside("run", "resume", "--state", "paused", "--dry-run", "--json")
    assert [(line["state"], line["to"], line["dry_run"]) for line in would.json] == [("paused", "pending", True)]
    assert project.inside("run", "resume", "one").out == "{local@app:flows|one} was paused, is pending\n"
    assert project.inside("run", "pause", "nobody").code == 3
    assert project.inside("run", "pause").code == 2
    assert project.inside("run", "terminate", "two", "--reason", "enough").code == 0
    assert project.inside("run", "purge", "--entry", "app:wait_py", "--older-than", "1h").out == ""
    assert len(project.inside("run", "purge", "--entry", "app:wait_py", "--state", "cancelled", "--json").json) == 2

    node = project.up()
    node.until(lambda: node.state("one") == "completed")
    assert [line["workflow_id"] for line in node.client.request("runs", {})] == ["one"]
    node.end(signal.SIGTERM)


@pytest.mark.slow
def test_runs_are_released_with_and_without_a_node(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    node, options = project.up(), ["--option", "queue=nightly", "--hold", "app:wait_py", "x", "--host", "app:flows"]
    for name in ("one", "two", "three", "four"):
        assert project.inside("spawn", *options, "--id", name).err.startswith("held: run ")
    assert project.inside("spawn", *options, "--id", "late", "--delay", "1h").code == 0
    would = project.inside("run", "release", "--due", "--queue", "nightly", "--dry-run", "--json").json
    assert {line["pid"] for line in would} == {
        f"{{local@app:flows|{name}}}" for name in ("one", "two", "three", "four")
    }
    assert project.inside("run", "release", "one").out == "{local@app:flows|one} was created, is pending\n"
    node.until(lambda: node.state("one") == "waiting")
    both = project.inside("run", "release", "two", "one", "--json")
    assert (both.code, [line["to"] for line in both.json]) == (4, ["pending", ""])
    assert len(project.inside("runs", "--queue", "nightly", "--state", "created", "--json").json) == 3
    node.end(signal.SIGKILL)

    assert project.inside("run", "release", "--due", "--queue", "daily").out == ""
    assert len(project.inside("run", "release", "--due", "--json").json) == 2
    assert project.inside("run", "release").code == 2
    assert project.inside("run", "release", "late", "--due").code == 2
    assert project.inside("run", "release", "late", "--dry-run").code == 2
    assert project.inside("run", "release", "nobody").code == 3
    assert project.inside("run", "release", "three").code == 4
    assert project.inside("run", "show", "late", "--json").json["queue"] == "nightly"
    node = project.up()
    node.until(lambda: all(node.state(name) == "waiting" for name in ("one", "two", "three", "four")))
    assert node.state("late") == "created"
    node.end(signal.SIGTERM)
