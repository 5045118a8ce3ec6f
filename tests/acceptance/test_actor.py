"""`--actor` and `--scope`: who asks from the command line, on a node with strict security and without a node."""

from __future__ import annotations

import json
import signal

import pytest

from tests.acceptance.project import Project, Running

INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: order, kind: workflow.py, source: file://order.py}
  - {name: outer, kind: function.lua, source: file://outer.lua, method: main, modules: [funcs]}
  - {name: inner, kind: function.py, source: file://inner.py}
  - name: clerks
    kind: security.policy
    policy:
      actions: [workflow.approve, workflow.query, workflow.update, funcs.call, process.spawn, process.host, "process.registry.*"]
      resources: "*"
      effect: allow
      conditions: [{field: actor.id, operator: eq, value: ann}]
"""
ORDER = """
from actorflow.script import workflow

async def main():
    workflow.set_query("total", lambda: 7)
    await workflow.on_update("add", lambda n: n + 1)
    answer = await workflow.approval("order", approvers=["ann", "boss"])
    return [answer["data"], answer["by"]]
"""
OUTER = """
local funcs = require("funcs")
local function main(x)
  return funcs.call("app:inner", x)
end
return {main = main}
"""
ANN = ("--actor", "ann", "--scope", "app:clerks")
BOB = ("--actor", '{"id": "bob", "meta": {"roles": ["boss"]}}', "--scope", "app:clerks")


def written(project: Project) -> Project:
    project.write("_index.yaml", INDEX)
    project.write("node.yaml", "security: {strict_mode: true}\n")
    project.write("order.py", ORDER)
    project.write("inner.py", "def main(x):\n    return x * 2\n")
    project.write("outer.lua", OUTER)
    return project


@pytest.fixture(scope="module")
def strict(shared_project: Project) -> Project:
    written(shared_project).up()
    return shared_project


def started(project: Project, name: str) -> str:
    done = project.inside("spawn", "app:order", "--host", "app:flows", "--id", name, *ANN)
    assert done.code == 0, done.err
    return done.out.strip()


def test_an_approval_on_a_strict_node_needs_an_actor_who_may(strict: Project) -> None:
    started(strict, "one")
    node = Running(strict, strict.processes[-1])
    node.until(node.client.approvals)  # one that is given before the script asks for it is early
    nobody = strict.inside("approve", "one", "order", "5")
    assert (nobody.code, "this node is strict" in nobody.err) == (1, True)
    other = strict.inside("approve", "one", "order", "5", *BOB)
    assert (other.code, "workflow.approve on 'order' by 'bob'" in other.err) == (1, True)
    disguised = strict.inside("approve", "one", "order", "5", "--by", "boss", *ANN)
    assert (disguised.code, "answers as itself" in disguised.err) == (1, True)
    done = strict.inside("approve", "one", "order", "5", *ANN, "--json")
    assert done.json == {"name": "order", "approved": True, "by": "ann", "early": False}
    assert strict.inside("run", "wait", "one", "--json").json["result"] == [5, "ann"]


def test_queries_and_updates_are_asked_by_an_actor(strict: Project) -> None:
    started(strict, "two")
    assert strict.inside("run", "query", "two", "total", *ANN).out == "7\n"
    assert strict.inside("run", "query", "two", "total").out == "7\n", "the application itself may"
    assert strict.inside("run", "update", "two", "add", "1", *ANN).out == "2\n"
    for verb, name in (("query", "total"), ("update", "add")):
        refused = strict.inside("run", verb, "two", name, "1", *BOB)
        assert (refused.code, f"workflow.{verb} on '{name}' by 'bob'" in refused.err) == (1, True)
        alone = strict.inside("run", verb, "two", name, "1", "--actor", "ann")
        assert (alone.code, "no actor and scope" in alone.err) == (1, True)


def test_calls_and_starts_run_as_the_actor_that_asks(strict: Project) -> None:
    assert "funcs.call on 'app:inner'" in strict.inside("call", "app:outer", "4").err
    assert strict.inside("call", "app:outer", "4", *ANN).out == "8\n"
    refused = strict.inside("call", "app:inner", "4", *BOB)
    assert (refused.code, "funcs.call on 'app:inner' by 'bob'" in refused.err) == (1, True)
    refused = strict.inside("spawn", "app:order", "--host", "app:flows", *BOB)
    assert (refused.code, "process.spawn on 'app:order' by 'bob'" in refused.err) == (1, True)
    wrong = strict.inside("call", "app:inner", "4", "--actor", '{"name": "ann"}')
    assert (wrong.code, "not an actor" in wrong.err) == (1, True)


@pytest.mark.slow
def test_without_a_node_the_same_policies_are_asked(project: Project) -> None:
    node = written(project).up()
    started(project, "one")
    node.until(node.client.approvals)
    assert node.end(signal.SIGKILL) == -signal.SIGKILL
    assert project.inside("call", "app:outer", "4", *ANN).out == "8\n"
    nobody = project.inside("approve", "one", "order", "5", "--by", "ann")
    assert (nobody.code, "this node is strict" in nobody.err) == (1, True)
    assert "by 'bob'" in project.inside("approve", "one", "order", "5", *BOB).err
    assert project.inside("approve", "one", "order", json.dumps({"n": 5}), *ANN).code == 0
    assert project.inside("approve", "one", "order", "5", *ANN).code == 4
    assert project.up().client.wait("{local@app:flows|one}") == [{"n": 5}, "ann"]
