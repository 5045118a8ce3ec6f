"""`actorflow.open`: nodes inside an application."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
import trio

import actorflow
from actorflow.errors import INVALID, UNAVAILABLE
from actorflow.notice import Notice
from tests.acceptance.project import Project
from tests.acceptance.registry import FILES, INDEX


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    project = Project(tmp_path)
    project.write("_index.yaml", INDEX)
    for name, text in FILES.items():
        project.write(name, text)
    return tmp_path


async def test_an_application_spawns_sends_and_waits(registry: Path) -> None:
    async with actorflow.open(registry) as node:
        pid = await node.spawn("app:wait_lua", host="app:flows", args=["A"])
        await node.send(pid, "approve", {"by": "B"})
        assert (await node.wait(pid, timeout=20))["payload"] == {"by": "B"}


async def test_a_client_in_the_same_loop_is_answered(registry: Path) -> None:
    async with actorflow.open(registry) as node, actorflow.Client(registry / ".actorflow") as client:
        pid = await client.spawn("app:wait_py", "app:actors", ["A"])
        assert pid in {info.pid for info in node.processes()}
        await client.send(pid, "go", 1)
        assert (await client.wait(pid))["payload"] == 1


async def test_two_nodes_live_in_one_process_but_not_on_one_data_directory(registry: Path) -> None:
    async with actorflow.open(registry, data=registry / "one") as one:
        with pytest.raises(actorflow.Error, match="in use by process") as caught:
            async with actorflow.open(registry, data=registry / "one"):
                pass
        assert caught.value.kind == UNAVAILABLE
        async with actorflow.open(registry, data=registry / "two") as two:
            assert await one.call("app:greet_lua", ["1"]) == await two.call("app:greet_lua", ["1"])


async def test_cancelling_the_application_stops_the_node_in_order(registry: Path) -> None:
    with trio.move_on_after(30) as scope:
        async with actorflow.open(registry) as node:
            await node.spawn("app:wait_py", host="app:flows", options={"workflow.id": "one"}, args=["A"])
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    async with actorflow.open(registry) as node:
        await node.send("{local@app:flows|one}", "go")
        assert (await node.wait("{local@app:flows|one}", timeout=20))["topic"] == "go"


async def test_what_the_application_raises_comes_out_as_it_is(registry: Path) -> None:
    thresholds = gc.get_threshold()
    with pytest.raises(ZeroDivisionError):
        async with actorflow.open(registry):
            raise ZeroDivisionError
    assert gc.get_threshold() == thresholds


async def test_a_registry_that_does_not_parse_is_refused_with_its_faults(registry: Path) -> None:
    (registry / "bad.yaml").write_text("namespace: [")
    with pytest.raises(actorflow.Error, match=r"bad\.yaml:") as caught:
        async with actorflow.open(registry):
            pass
    assert caught.value.kind == INVALID


async def test_overrides_replace_single_fields(registry: Path) -> None:
    overrides = ["app:refuse:method=main", "app:flows:lifecycle.auto_start=false"]
    async with actorflow.open(registry, overrides=overrides) as node:
        assert (await node.call("app:refuse", ["you"]))["hello"] == "you"
        assert "app:flows" not in node.hosts


async def test_the_failure_of_a_service_is_noticed_with_its_cause(registry: Path) -> None:
    (registry / ".actorflow").mkdir()
    (registry / ".actorflow" / "runs.db").write_bytes(b"no database, but long enough to be read as one" * 20)
    notices: list[Notice] = []
    with trio.move_on_after(10):
        async with actorflow.open(registry, notices=notices.append):
            pass
    failed = [notice for notice in notices if notice.code == "service-failed" and notice.where == "app:flows"]
    assert failed, notices
    assert "runs.db" in failed[0].text
