"""`actorflow run tokens`, and the steps that `run history` shows, without a node."""

from __future__ import annotations

import json
import signal

from tests.acceptance.project import Project

FLOW = """
from actorflow.script import process, workflow

async def main():
    await workflow.tokens.set("amount", 1)
    await workflow.tokens.set("amount", await workflow.step("two", lambda: 2), step="two")
    await process.inbox().receive()
"""
INDEX = {
    "namespace": "app",
    "entries": [
        {"name": "flows", "kind": "workflow.host", "lifecycle": {"auto_start": True}},
        {"name": "flow", "kind": "workflow.py", "source": "file://flow.py"},
    ],
}


def test_tokens_and_steps_are_shown(project: Project) -> None:
    project.write("_index.yaml", json.dumps(INDEX))
    project.write("flow.py", FLOW)
    node = project.up()
    node.client.spawn("app:flow", "app:flows", [], options={"workflow.id": "one"})
    node.until(lambda: node.state("one") == "waiting")
    assert [line["value"] for line in node.client.tokens("one")] == [1, 2]
    assert [(line["key"], line["value"]) for line in project.inside("run", "tokens", "one", "--json").json] == [
        ("amount", 2)
    ]
    lines = project.inside("run", "tokens", "one", "--history", "--json").json
    assert [(line["value"], line["source"], line["step"]) for line in lines] == [(1, "step", ""), (2, "step", "two")]
    assert project.inside("run", "show", "one", "--json").json["tokens"] == {"amount": 2}
    steps = [line["step"] for line in project.inside("run", "history", "one", "--json").json]
    assert "two" in steps
    assert project.inside("run", "tokens", "nobody").code == 3
    node.end(signal.SIGTERM)
