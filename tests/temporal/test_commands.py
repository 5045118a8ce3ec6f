"""The command line on runs of a Temporal cluster: what operators see, and what they may do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.app import read_registry
from actorflow.cli.codec_endpoint import server as codec
from actorflow.errors import Error
from actorflow.store.stores import Stores
from hosts.temporal.worker import TemporalWorker
from hosts.workflow.host import WorkflowHost
from tests.acceptance.conftest import project  # noqa: F401 - its fixture
from tests.acceptance.project import PATIENCE, Project, Running
from tests.temporal.support import HOST, REGISTRY, on

_OF_A_STORE = {"change", "unhandled"}
"""What only a host with a store of ours has; who asks for it looks for it first."""


def test_a_worker_answers_whatever_a_durable_host_is_asked() -> None:
    asked = {name for name, what in vars(WorkflowHost).items() if iscoroutinefunction(what) and name[0] != "_"}
    assert len(asked) > 10
    assert {name for name in asked if not hasattr(TemporalWorker, name)} <= _OF_A_STORE


async def test_who_looks_for_a_run_without_a_node_hears_where_those_of_a_cluster_are(tmp_path: Path) -> None:
    stores = Stores(tmp_path, read_registry(REGISTRY))
    with pytest.raises(Error, match=r"no run 'o1': .* runs on a temporal.worker are seen while a node runs"):
        await stores.locate("o1")


def up(project: Project, server: str) -> Running:  # noqa: F811
    shutil.copytree(REGISTRY, project.path, dirs_exist_ok=True)
    options = (f"app:client:address={server}", f"app:worker:task_queue={project.path.name}")
    arguments = [part for option in options for part in ("-o", option)]
    return project.up(*arguments, LEDGER=str(project.path / "ledger"))


def pid(workflow_id: str) -> str:
    return f"{{app:client@{HOST}|{workflow_id}}}"


def until(said: Callable[[], str], *parts: str) -> str:
    """Return what is said once it has all these parts."""
    end = time.monotonic() + PATIENCE
    while not all(part in (text := said()) for part in parts):
        assert time.monotonic() < end, f"{parts} not in {text}"
    return text


@pytest.mark.slow
def test_runs_are_seen_and_ended_from_the_command_line(server: str, project: Project) -> None:  # noqa: F811
    up(project, server)
    counted = project.inside("spawn", "app:counting", "1", "--host", HOST, "--wait", "--timeout", "1m")
    assert (counted.code, json.loads(counted.out)) == (0, {"seen": 1, "tokens": 2})
    failed = project.inside("spawn", "app:failing", "o", "--host", HOST, "--wait", "--timeout", "1m")
    assert failed.code == 5
    assert "failed (Conflict): no o today" in failed.err

    assert pid("o1") in project.inside("spawn", "app:order", "o1", "--host", HOST, "--id", "o1").out
    until(lambda: project.inside("run", "why", "o1").out, "timer due at", "order.lua:10")
    until(lambda: project.inside("runs", "--state", "running").out, "o1")  # listed a moment after it began
    assert project.inside("send", pid("o1"), "approve", '{"by": "me"}').code == 0
    done = project.inside("run", "wait", "o1", "--timeout", "1m", "--json")
    assert (done.code, done.json["state"], done.json["result"]["by"]) == (0, "completed", "me")
    shown = project.inside("run", "show", "o1", "--json").json
    assert (shown["entry"], shown["args"], len(shown["bundle_hash"])) == ("app:order", ["o1"], 64)
    assert [call["target"] for call in shown["calls"]] == ["app:reserve", "app:ship"]
    kinds = [line["kind"] for line in project.inside("run", "history", "o1", "--json").json]
    assert {"MarkerRecorded", "ActivityTaskCompleted", "WorkflowExecutionSignaled"} <= set(kinds)
    again = project.inside("send", pid("o1"), "approve", "{}")
    assert (again.code, "no open workflow 'o1'" in again.err) == (3, True)
    assert "nothing will happen any more" in project.inside("run", "why", "o1").out


@pytest.mark.slow
def test_runs_are_cancelled_and_terminated_and_other_verbs_refused(server: str, project: Project) -> None:  # noqa: F811
    up(project, server)
    for name in ("c1", "t1"):
        assert project.inside("spawn", "app:suspended", "--host", HOST, "--id", name).code == 0
        said = "suspended until it is resumed: until woken (request 1); `actorflow run wake` lets it go on"
        until(lambda name=name: " ".join(project.inside("run", "why", name).out.split()), "more.py:", said)
    assert project.inside("run", "cancel", "c1", "--reason", "enough").code == 0
    cancelled = project.inside("run", "wait", "c1", "--until", "cancelled", "--timeout", "1m", "--json")
    assert cancelled.json["state"] == "cancelled"
    elsewhere = project.inside("run", "wait", "c1", "--timeout", "1m")
    assert (elsewhere.code, "has ended cancelled: it never was completed" in elsewhere.err) == (4, True)
    refused: dict[str, Any] = {
        "pause": ("pause is not available on a temporal.worker",),
        "fork": ("fork is not available on a temporal.worker",),
        "timeline": (f"cluster of {HOST}", "timeline"),
        "tokens": (f"cluster of {HOST}", "tokens"),
    }
    for verb, parts in refused.items():
        ended = project.inside("run", verb, "t1")
        assert (ended.code, [part in " ".join(ended.err.split()) for part in parts]) == (2, [True] * len(parts)), verb
    assert pid("t1") in project.inside("ps").out
    assert project.inside("run", "terminate", "t1").code == 0
    assert pid("t1") not in project.inside("ps").out
    assert project.inside("run", "terminate", "t1").code == 4
    assert project.inside("run", "why", "nobody").code == 3


_VERIFIED = """
version: "1.0"
namespace: shop
entries:
  - {name: cluster, kind: temporal.client, address: 127.0.0.1:1, lifecycle: {auto_start: true}}
  - {name: worker, kind: temporal.worker, client: cluster, task_queue: q, lifecycle: {auto_start: true, requires: [cluster]}}
  - {name: local, kind: workflow.host, database: memory, lifecycle: {auto_start: true}}
  - {name: charge, kind: function.py, source: file://till.py, method: charge, run: thread}
  - {name: order, kind: workflow.py, source: file://shop.py, method: order, meta: {verify: [{name: good, args: [5]}, {name: none, args: [0]}]}}
  - {name: order_lua, kind: workflow.lua, source: file://order.lua, method: main, modules: [funcs, process], meta: {verify: [{args: [7], messages: [[go, 1]]}]}}
  - {name: other, kind: workflow.py, source: file://shop.py, method: other}
"""
_TILL = """
from actorflow.errors import Rejected

def charge(cents):
    if not cents:
        raise Rejected("nothing to charge")
    return cents * 2
"""
_SHOP = """
from actorflow.script import funcs, process, uuid

async def order(cents):
    return {"paid": await funcs.call("shop:charge", cents), "id": uuid.v4(), "pid": process.pid()}

async def other():
    return process.pid().partition("@")[2].partition("|")[0]
"""
_ORDER = """
local function main(cents)
  local message = process.inbox():receive()
  local paid, err = funcs.call("shop:charge", cents)
  if err then return nil, err end
  return {paid = paid, topic = message:topic()}
end
return {main = main}
"""


@pytest.mark.slow
def test_verify_compares_a_cluster_with_a_host_of_ours(server: str, project: Project) -> None:  # noqa: F811
    files = {"_index.yaml": _VERIFIED, "till.py": _TILL, "shop.py": _SHOP, "order.lua": _ORDER}
    for name, text in files.items():
        (project.path / name).write_text(text)
    here = ["-o", f"shop:cluster:address={server}", "-o", f"shop:worker:task_queue={project.path.name}"]
    both = ["--host", "shop:local", "--host", "shop:worker", "--timeout", "1m", "--json", *here]
    done = project.inside("verify", ".", "order", *both)
    assert (done.code, [line["outcome"] for line in done.lines]) == (0, ["equal"] * 3), done.out
    different = project.inside("verify", ".", "other", *both)
    assert (different.code, different.lines[0]["outcome"]) == (1, "different")
    told = " ".join(different.lines[0]["differences"])
    assert "shop:worker" in told
    assert "shop:local" in told


@pytest.mark.slow
async def test_temporals_own_command_shows_payloads(server: str, tmp_path: Path) -> None:
    said: dict[str, Any] = {"json": {"sku": "a1", "count": 3}, "cbor": {"sku": "a1", "photo": b"\x01\x02"}}
    async with on(server, tmp_path) as node:
        for name, value in said.items():
            workflow_id = f"{name}-{tmp_path.name}"
            pid = await node.spawn("app:collecting", host=HOST, args=[1], options={"workflow.id": workflow_id})
            await node.send(pid, "n", value)
            assert await node.wait(pid, timeout=60) == [value]
    with codec(0, "http://ui") as endpoint:
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        try:
            await trio.to_thread.run_sync(_shown, server, tmp_path.name, endpoint.server_port)
        finally:
            endpoint.shutdown()


def _shown(server: str, name: str, port: int) -> None:
    address = ["--codec-endpoint", f"http://127.0.0.1:{port}"]
    told = temporal(server, "show", f"json-{name}", "--detailed")
    assert "input[0]: 1" in told
    assert "input[0].sku: a1" in told, "what JSON says is shown as it is"
    plain = json.loads(temporal(server, "result", f"json-{name}", "--output", "json"))
    assert plain["result"] == [{"sku": "a1", "count": 3}]
    coded = temporal(server, "result", f"cbor-{name}", "--output", "json")
    assert '"sku"' not in coded
    decoded = json.loads(temporal(server, "result", f"cbor-{name}", "--output", "json", *address))
    assert decoded["result"][0]["sku"] == "a1"
    assert "photo" in decoded["result"][0]


def temporal(server: str, verb: str, workflow_id: str, *options: str) -> str:
    """Return what Temporal's own command says of a workflow."""
    command = [str(Path(sys.executable).parent / "temporal"), "workflow", verb, "--workflow-id", workflow_id]
    done = subprocess.run([*command, "--address", server, *options], capture_output=True, text=True, check=True)
    return done.stdout
