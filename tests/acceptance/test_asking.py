"""`actorflow run query`, `run update` and `approve` on a running node."""

from __future__ import annotations

import pytest

from tests.acceptance.project import Project

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
"""


@pytest.fixture(scope="module")
def served(shared_project: Project) -> Project:
    shared_project.write("_index.yaml", INDEX)
    shared_project.write("order.py", ORDER)
    shared_project.up()
    return shared_project


def test_a_run_is_queried_from_the_command_line(served: Project) -> None:
    assert served.run("spawn", "app:order", "--host", "app:flows", "--id", "one").code == 0
    assert served.run("send", "{local@app:flows|one}", "add", '"pen"').code == 0
    assert served.run("run", "query", "one", "items", "--json").json == ["pen"]
    assert served.run("run", "query", "{local@app:flows|one}", "seq").out.strip() == "2"
    unknown = served.run("run", "query", "one", "item")
    assert (unknown.code, "did you mean 'items'" in unknown.err) == (3, True)
    assert served.run("run", "query", "two", "items").code == 3


def test_a_run_is_updated_from_the_command_line(served: Project) -> None:
    assert served.run("spawn", "app:order", "--host", "app:flows", "--id", "two").code == 0
    rejected = served.run("run", "update", "two", "clear")
    assert (rejected.code, "rejected" in rejected.err) == (1, True)
    assert served.run("send", "{local@app:flows|two}", "add", '"pen"').code == 0
    assert served.run("run", "update", "two", "clear", "--id", "first", "--json").json == "cleared"
    assert served.run("run", "update", "two", "clear", "--id", "first", "--wait", "accepted").code == 0
    assert served.run("run", "query", "two", "items", "--json").json == []
