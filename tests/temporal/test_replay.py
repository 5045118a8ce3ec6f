"""Histories replay: on another worker after a kill, without a cache, and with Temporal's own Replayer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from hosts.temporal.replaying import replay
from tests.temporal.support import HOST, lines, on

_UNCACHED = "app:worker:worker_options={max_cached_workflows: 0}"
_NODE = """
import sys, trio
from pathlib import Path
from tests.temporal.support import on

async def main():
    async with on(sys.argv[1], Path(sys.argv[2]), queue=sys.argv[3]) as node:
        entries = {"lua": "app:order", "py": "app:order_py", "in_call": "app:patient"}
        for pid in sys.argv[4:]:
            await node.spawn(entries[pid.partition("-")[2]], host="app:worker", args=[pid], options={"workflow.id": pid})
        host = node.hosts["app:worker"]
        for pid in sys.argv[4:]:
            wanted = "open" if "in_call" in pid else "completed"  # a kill shall come between two calls, or in one
            while wanted not in [call["state"] for call in await host.called(pid, 1)]:
                await trio.sleep(0.05)
        print("up", flush=True)
        await trio.sleep_forever()

trio.run(main)
"""


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


async def history_of(node: Node, pid: str) -> str:
    """Return the history of a run as Temporal exports it."""
    host: Any = node.hosts[HOST]

    async def fetch() -> str:
        found = await host.connection.client.get_workflow_handle(pid.partition("|")[2][:-1]).fetch_history()
        return str(found.to_json())

    return str(await host.connection.run(fetch))


async def test_histories_replay_and_a_changed_script_is_found(server: str, tmp_path: Path, ledger: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:order", host=HOST, args=["r1"])
        await node.send(pid, "approve", {"by": "me"})
        await node.wait(pid, timeout=90)
        histories = [await history_of(node, pid)]
        for entry, args in (("app:counting", [1]), ("app:described", []), ("app:versioned", []), ("app:family", [])):
            pid = await node.spawn(entry, host=HOST, args=args)
            await node.wait(pid, timeout=90)
            histories.append(await history_of(node, pid))
        for history in histories:
            assert (await replay(node, HOST, history))["events"] > 4
    assert lines(ledger) == ["reserve r1", "ship r1", "reserve version", "reserve family"], "a replay performs nothing"
    changed = "app:order:source=file://changed.lua"
    async with on(server, tmp_path, changed) as node:
        assert (await replay(node, HOST, histories[0]))["events"] > 4, "the run is pinned to its source"
        with pytest.raises(Error) as caught:
            await replay(node, HOST, histories[0], current=True)
    assert caught.value.kind == "Nondeterminism"
    assert "app:refuse" in caught.value.message


def attempts(ledger: Path) -> list[list[str]]:
    """Return the key and the number of each attempt that has left a line."""
    return [line.split()[-2:] for line in ledger.read_text().splitlines()]


async def _killed(server: str, data: Path, queue: str, ids: list[str], ledger: Path) -> None:
    """Start runs on a node in a process of its own, and kill it when the first function of each has answered, or begun."""
    command = [sys.executable, "-c", _NODE, server, str(data), queue, *ids]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:  # noqa: ASYNC220 - it starts at once
        assert killed.stdout is not None
        assert await trio.to_thread.run_sync(killed.stdout.readline) == "up\n"
        with trio.fail_after(60):
            while len(lines(ledger)) < len(ids):  # noqa: ASYNC110 - another process writes it
                await trio.sleep(0.02)
        os.kill(killed.pid, signal.SIGKILL)


async def _approved(node: Node, workflow_id: str) -> Any:
    pid = f"{{app:client@app:worker|{workflow_id}}}"
    await node.send(pid, "approve", {"by": "me"})
    return await node.wait(pid, timeout=90)


@pytest.mark.slow
async def test_runs_go_on_after_their_worker_was_killed(server: str, tmp_path: Path, ledger: Path) -> None:
    ids = ["kill-lua", "kill-py"]
    await _killed(server, tmp_path / "killed", "killed", ids, ledger)
    async with on(server, tmp_path / "other", _UNCACHED, queue="killed") as node:
        for workflow_id in ids:
            result = await _approved(node, workflow_id)
            assert result["status"] == "shipped"
            assert result["reserved"] == f"reserved {workflow_id}"
    assert sorted(set(lines(ledger))) == sorted(f"{what} {one}" for what in ("reserve", "ship") for one in ids)


@pytest.mark.slow
async def test_a_call_that_ran_when_its_worker_was_killed_is_attempted_again(
    server: str, tmp_path: Path, ledger: Path
) -> None:
    await _killed(server, tmp_path / "killed", "in_call", ["kill-in_call"], ledger)
    async with on(server, tmp_path / "other", queue="in_call") as node:
        attempt = await node.wait("{app:client@app:worker|kill-in_call}", timeout=90)
    begun = attempts(ledger)
    assert attempt == len(begun) > 1
    assert len({key for key, _ in begun}) == 1, "all attempts have the key of their call"
    assert [int(number) for _, number in begun] == list(range(1, attempt + 1))


@pytest.mark.slow
async def test_a_deploy_with_other_source_leaves_open_runs_on_theirs(server: str, tmp_path: Path, ledger: Path) -> None:
    ids = ["deploy-lua", "deploy-py"]
    await _killed(server, tmp_path / "old", "deploy", ids, ledger)
    changed = ["app:order:source=file://changed.lua", "app:order_py:source=file://changed.py"]
    async with on(server, tmp_path / "new", *changed, queue="deploy") as node:
        for workflow_id in ids:
            assert (await _approved(node, workflow_id))["status"] == "shipped", "by the source that it began with"
        for entry in ("app:order", "app:order_py"):
            with pytest.raises(Error, match="no again today"):
                await node.exec(entry, host=HOST, args=["again"], timeout=90)
    assert "reserve again" not in lines(ledger)


async def test_without_a_cache_every_task_is_a_replay(server: str, tmp_path: Path, ledger: Path) -> None:
    async with on(server, tmp_path, _UNCACHED) as node:
        pid = await node.spawn("app:order_py", host=HOST, args=["u1"])
        await node.send(pid, "approve", {"by": "me"})
        result: Any = await node.wait(pid, timeout=90)
    assert result["number"] == result["shipped"]["number"]
    assert lines(ledger) == ["reserve u1", "ship u1"]
