"""`actorflow run query`, `run update` and `approve` on a running node."""

from __future__ import annotations

import signal

import pytest

from actorflow.node.control_client import ControlClient
from tests.acceptance.project import Project, Running

INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: order, kind: workflow.py, source: file://order.py}
"""
ORDER = """
from actorflow.script import process, workflow

async def main():
    items = []
    workflow.set_query("items", lambda: items)
    await workflow.on_update("clear", lambda: items.clear() or "cleared", validate=lambda: bool(items))
    async for message in process.inbox():
        items.append(message.payload)
        if message.topic == "end":
            answer = await workflow.approval("order", schema={"type": "integer"}, reason="check it", expiry="1h")
            return [answer["data"], answer["by"]]
"""


@pytest.fixture(scope="module")
def served(shared_project: Project) -> Project:
    shared_project.write("_index.yaml", INDEX)
    shared_project.write("order.py", ORDER)
    shared_project.up()
    return shared_project


def took(project: Project, run: str, events: int) -> None:
    """Wait until a run has taken in what it was sent: queries and validators see its last commit."""
    running = Running(project, project.processes[-1])
    running.until(lambda: project.inside("run", "query", run, "seq").out.strip() == str(events))


def test_a_run_is_queried_from_the_command_line(served: Project) -> None:
    assert served.inside("spawn", "app:order", "--host", "app:flows", "--id", "one").code == 0
    assert served.inside("send", "{local@app:flows|one}", "add", '"pen"').code == 0
    took(served, "one", 2)
    assert served.inside("run", "query", "one", "items", "--json").json == ["pen"]
    assert served.inside("run", "query", "{local@app:flows|one}", "seq").out.strip() == "2"
    unknown = served.inside("run", "query", "one", "item")
    assert (unknown.code, "did you mean 'items'" in unknown.err) == (3, True)
    assert served.inside("run", "query", "two", "items").code == 3


def test_a_run_is_updated_from_the_command_line(served: Project) -> None:
    assert served.inside("spawn", "app:order", "--host", "app:flows", "--id", "two").code == 0
    rejected = served.inside("run", "update", "two", "clear")
    assert (rejected.code, "rejected" in rejected.err) == (1, True)
    assert served.inside("send", "{local@app:flows|two}", "add", '"pen"').code == 0
    took(served, "two", 2)
    assert served.inside("run", "update", "two", "clear", "--id", "first", "--json").json == "cleared"
    assert served.inside("run", "update", "two", "clear", "--id", "first", "--wait", "accepted").code == 0
    assert served.inside("run", "query", "two", "items", "--json").json == []


def test_a_run_is_approved_from_the_command_line(served: Project) -> None:
    assert served.inside("spawn", "app:order", "--host", "app:flows", "--id", "three").code == 0
    assert served.inside("send", "{local@app:flows|three}", "end", "1").code == 0
    client = ControlClient(served.path / ".actorflow")
    Running(served, served.processes[-1]).until(client.approvals)
    (line,) = served.inside("approvals", "--json").json
    assert (line["workflow_id"], line["name"], line["reason"]) == ("three", "order", "check it")
    made = client.fork("three", dry_run=True)
    assert (made["pid"], made["run_id"]) == ("{local@app:flows|three/fork-1}", "")
    assert client.runs(prefix="three/") == []
    wrong = served.inside("approve", "three", "order", "much")
    assert (wrong.code, "approval 'order'" in wrong.err) == (1, True)
    elsewhere = served.inside("approve", "three", "order", "7", "--data", "nowhere")
    assert (elsewhere.code, "nowhere: nothing has run there" in elsewhere.err) == (3, True), "it is no value"
    assert served.inside("approve", "three", "order", "7", "--by", "ann", "--data", ".actorflow").code == 0
    assert served.inside("approve", "three", "order", "8", "--by", "bob", "--data-directory", ".actorflow").code == 4
    assert served.inside("approvals", "three").out == ""
    assert served.inside("approvals", "three", "--all", "--json").json[0]["by"] == "ann"
    assert client.wait("{local@app:flows|three}") == client.wait("three") == [7, "ann"]


@pytest.mark.slow
def test_an_approval_is_stored_for_the_next_node(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    project.write("order.py", ORDER)
    running = project.up()
    assert project.inside("spawn", "app:order", "--host", "app:flows", "--id", "one").code == 0
    assert project.inside("send", "{local@app:flows|one}", "end", "1").code == 0
    running.until(running.client.approvals)
    running.end(signal.SIGKILL)
    (line,) = project.inside("approvals", "--json").json
    assert line["name"] == "order"
    older = project.inside("approve", "one", "order", "--data", "7", "--by", "ann")
    assert (older.code, "write the value 7 after the name" in older.err) == (0, True)
    again = project.inside("approve", "one", "order", "8", "--by", "bob")
    assert (again.code, "by ann" in again.err) == (4, True)
    assert project.up().client.wait("{local@app:flows|one}") == [7, "ann"]


@pytest.mark.slow
def test_runs_are_queried_and_updated_where_no_node_runs(project: Project) -> None:
    project.write("_index.yaml", INDEX)
    project.write("order.py", ORDER)
    assert project.inside("run", "query", "one", "items").code == 3
    running = project.up()
    assert project.inside("spawn", "app:order", "--host", "app:flows", "--id", "one").code == 0
    assert project.inside("send", "{local@app:flows|one}", "add", '"pen"').code == 0
    took(project, "one", 2)
    assert running.end(signal.SIGTERM) == 0
    project.write("order.py", "raise SystemExit('not what the run is pinned to')")
    assert project.inside("run", "query", "one", "items", "--json").json == ["pen"]
    assert project.inside("run", "query", "one", "seq").out.strip() == "2"
    unknown = project.inside("run", "query", "one", "item")
    assert (unknown.code, "did you mean 'items'" in unknown.err) == (3, True)
    assert project.inside("run", "query", "one", "items", "--actor", "me").code == 6
    project.write("order.py", ORDER)
    assert project.inside("run", "update", "two", "clear").code == 3
    assert project.inside("run", "update", "one", "clear", "--json").json == "cleared"
    rejected = project.inside("run", "update", "one", "clear")
    assert (rejected.code, "rejected" in rejected.err) == (1, True)
    assert project.inside("run", "query", "one", "items", "--json").json == []
