"""What goes wrong around runs on Temporal: servers that are away, floods, starts that are made twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.app import languages, read_registry
from actorflow.errors import Error
from actorflow.node.node import Node
from hosts.temporal import make_client
from hosts.temporal.replaying import replay
from tests.ports import free_port
from tests.temporal.conftest import started
from tests.temporal.support import CLIENT, HOST, REGISTRY, lines, on
from tests.temporal.test_replay import history_of


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


async def refused(*overrides: str) -> Error:
    """Return what the start of the client's connection fails with."""
    node = Node(read_registry(REGISTRY, overrides), languages())
    async with node.open():
        connection: Any = make_client(CLIENT, node.registry.entry(CLIENT).config, node)
        with pytest.raises(Error) as caught:
            await connection.start()
    return caught.value


async def test_a_server_that_is_not_there_is_said() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    error = await refused(f"app:client:address={nobody}")
    assert (error.kind, error.retryable) == ("Unavailable", True)
    assert f"no connection to Temporal at {nobody}, namespace 'default'" in error.message


async def test_a_key_that_is_nowhere_is_named() -> None:
    error = await refused("app:client:auth={type: api_key, api_key_env: NO_SUCH_KEY}")
    assert error.kind == "Invalid"
    assert "environment variable NO_SUCH_KEY" in error.message


async def test_a_certificate_that_cannot_be_read_is_named() -> None:
    error = await refused("app:client:auth={type: mtls, cert_file: nowhere.pem, key_pem: k}")
    assert "auth.cert_file: cannot read nowhere.pem" in error.message


async def test_a_client_that_no_worker_names_connects_to_nothing(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    async with on(nobody, tmp_path, "app:worker:kind=workflow.host") as node:
        assert {line.id: str(line.state) for line in node.services()}[CLIENT] == "running"
        assert await node.exec("app:counting", host=HOST, args=[1], timeout=90) == {"seen": 1, "tokens": 2}


@pytest.mark.slow
async def test_a_run_goes_on_after_its_server_was_away(tmp_path: Path, ledger: Path) -> None:
    port, database = free_port(), tmp_path / "server.db"
    server = started(database, port)
    try:
        async with on(f"127.0.0.1:{port}", tmp_path / "node") as node:
            pid = await node.spawn("app:order", host=HOST, args=["away"])
            while not lines(ledger):  # noqa: ASYNC110 - a function writes it
                await trio.sleep(0.02)
            await trio.sleep(1)  # the server writes behind
            server.kill()
            server.wait(10)
            server = started(database, port)
            with trio.fail_after(90):
                while True:
                    try:
                        await node.send(pid, "approve", {"by": "me"})
                        break
                    except Error:
                        await trio.sleep(0.2)
            result: Any = await node.wait(pid, timeout=90)
    finally:
        server.kill()
        server.wait(10)
    assert result["status"] == "shipped"


@pytest.mark.slow
async def test_a_flood_of_signals_is_taken_in_order(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:collecting", host=HOST, args=[1000])
        async with trio.open_nursery() as nursery:
            for sender in range(10):
                nursery.start_soon(_flood, node, pid, sender)
        seen: Any = await node.wait(pid, timeout=90)
    for sender in range(10):
        assert [number for one, number in seen if one == sender] == list(range(100))


async def _flood(node: Any, pid: str, sender: int) -> None:
    for number in range(100):
        await node.send(pid, "n", [sender, number])


async def test_a_start_that_is_made_twice_is_one_run(server: str, tmp_path: Path) -> None:
    options = {"workflow.id": tmp_path.name, "workflow.id_conflict_policy": "use_existing"}
    pids: list[str] = []

    async def start(node: Any) -> None:
        pids.append(await node.spawn("app:suspended", host=HOST, options=options))

    async with on(server, tmp_path) as node:
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(start, node)
        assert len(set(pids)) == 1
        with pytest.raises(Error) as caught:
            await node.spawn("app:suspended", host=HOST, options={**options, "workflow.id_conflict_policy": "fail"})
        assert caught.value.kind == "AlreadyExists"
        await node.wake(pids[0], 1)
        assert await node.wait(pids[0], timeout=90) == 1


@pytest.mark.slow
async def test_an_entry_that_no_worker_has_waits_for_one_that_does(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        host: Any = node.hosts[HOST]

        async def start() -> None:
            await host.connection.client.start_workflow("app:not_here", id=tmp_path.name, task_queue=host.queue)

        await host.connection.run(start)
        with trio.fail_after(90):
            reasons: list[str] = []
            while not any("no entry 'app:not_here'" in reason for reason in reasons):
                reasons = (await host.explained(tmp_path.name))["reasons"]
        assert "its workflow task has failed" in reasons[0]
        await node.terminate(host.pid_of(tmp_path.name))


@pytest.mark.slow
@pytest.mark.usefixtures("ledger")
async def test_a_source_too_large_for_a_history_is_kept_in_the_database(server: str, tmp_path: Path) -> None:
    large = "-- " + "x" * 70_000
    (tmp_path / "large.lua").write_text((Path(__file__).parent / "registry" / "order.lua").read_text() + large)
    overrides = [f"app:order:source={(tmp_path / 'large.lua').read_text()}", "app:worker:sources=kept"]
    async with on(server, tmp_path / "one", *overrides, queue=tmp_path.name) as node:
        pid = await node.spawn("app:order", host=HOST, args=["large"])
        await node.send(pid, "approve", {"by": "me"})
        await node.wait(pid, timeout=90)
        history = await history_of(node, pid)
        assert len(history) < len(large), "it is not in the history"
        assert (await replay(node, HOST, history))["events"] > 4
    async with on(server, tmp_path / "two", queue=tmp_path.name) as node:
        with pytest.raises(Error, match="does not have source"):
            await replay(node, HOST, history)


@pytest.mark.slow
async def test_a_server_that_comes_late_is_found_and_services_say_why_nothing_runs(tmp_path: Path) -> None:
    port = free_port()
    optional = "{auto_start: true, startup: optional, restart: {max_delay: 1s}"
    lifecycles = (f"app:client:lifecycle={optional}}}", f"app:worker:lifecycle={optional}, depends_on: [app:client]}}")
    async with on(f"127.0.0.1:{port}", tmp_path / "node", *lifecycles) as node:
        with trio.fail_after(90):
            while (failure := {line.id: line for line in node.services()}[CLIENT].failure) is None:  # noqa: ASYNC110
                await trio.sleep(0.05)
        assert f"no connection to Temporal at 127.0.0.1:{port}" in failure.message
        with pytest.raises(Error, match=r"app:client|not running"):
            await node.spawn("app:counting", host=HOST, args=[0])
        server = started(tmp_path / "server.db", port)
        try:
            with trio.fail_after(60):
                while str({line.id: line.state for line in node.services()}[HOST]) != "running":  # noqa: ASYNC110
                    await trio.sleep(0.1)
            assert await node.exec("app:counting", host=HOST, args=[0], timeout=90) == {"seen": 0, "tokens": 2}
        finally:
            server.kill()
            server.wait(10)


@pytest.mark.slow
async def test_a_function_that_never_returns_holds_up_no_stop_and_no_cancel(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path / "one", queue=tmp_path.name) as node:
        pid = await node.spawn("app:stuck", host=HOST)
        host: Any = node.hosts[HOST]
        with trio.fail_after(90):
            while not any("runs since" in reason for reason in (await host.explained(pid))["reasons"]):  # noqa: ASYNC110
                await trio.sleep(0.05)
        began = trio.current_time()
    assert trio.current_time() - began < 120, "its node waits for nobody for ever"
    async with on(server, tmp_path / "two", queue=tmp_path.name) as node:
        await node.cancel(pid, "enough")
        assert await node.wait(pid, timeout=60) == "stopped: enough"


async def test_a_worker_whose_start_is_given_up_half_way_starts_the_next_time(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on(server, tmp_path) as node:
        host: Any = node.hosts[HOST]
        await host.stop(5)
        made, make = trio.Event(), host._make

        async def hanging() -> None:
            await make()
            host.side.token.run_sync_soon(made.set)
            await asyncio.sleep(3600)

        monkeypatch.setattr(host, "_make", hanging)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(host.start)
            await made.wait()
            nursery.cancel_scope.cancel()
        monkeypatch.undo()
        await host.start()
        assert await node.exec("app:counting", host=HOST, args=[0], timeout=90) == {"seen": 0, "tokens": 2}
