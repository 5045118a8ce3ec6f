"""Too much at once: floods of signals, scripts that compute without end, a cache for one run, threads at the end."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import RESOURCE, Error
from actorflow.names import parse_pid
from actorflow.node.node import Node
from tests.temporal.support import HOST, lines, on

_SENDERS = 100
_SPINNING = ("app:spinning", "app:spinning_py")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


async def _flood(node: Node, pid: str, sender: int, count: int) -> None:
    for number in range(count):
        await node.send(pid, "n", [sender, number])


async def _flooded(node: Node, pid: str, count: int) -> Any:
    """Have a hundred senders send at once, and return what the run has seen."""
    with trio.fail_after(300):
        async with trio.open_nursery() as nursery:
            for sender in range(_SENDERS):
                nursery.start_soon(_flood, node, pid, sender, count)
    return await node.wait(pid, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["app:collecting", "app:going_over"])
async def test_a_hundred_senders_at_once_lose_nothing(server: str, tmp_path: Path, entry: str) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn(entry, host=HOST, args=[5 * _SENDERS])
        seen = await _flooded(node, pid, 5)
    assert len(seen) == 5 * _SENDERS, "none twice"
    for sender in range(_SENDERS):
        assert [number for one, number in seen if one == sender] == list(range(5))


_RATE, _DURATION, _MOST = 1000, 5, 9000
"""Signals a second that are offered, for how many seconds, and how many at most: a cluster takes 10 000 for one run."""


@pytest.mark.slow
async def test_a_thousand_signals_a_second_lose_nothing_and_hold_up_nobody(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:gathering", host=HOST)
        numbers = map(str, (_RATE, _DURATION, _MOST))
        command = [sys.executable, "-m", "tests.temporal.signalling", server, parse_pid(pid).id, *numbers]
        with trio.fail_after(300):
            async with trio.open_nursery() as nursery:
                piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
                program: trio.Process = await nursery.start(partial(trio.run_process, command, **piped))
                assert program.stdin is not None
                assert program.stdout is not None
                while not await node.query(pid, "seq"):  # noqa: ASYNC110 - its worker knows what it has taken
                    await trio.sleep(0.05)
                assert await node.exec("app:counting", host=HOST, args=[2], timeout=250) == {"seen": 2, "tokens": 2}
                await program.stdin.send_all(b"enough\n")
                told = json.loads(await program.stdout.receive_some())
            await node.send(pid, "n", None)
            seen: Any = await node.wait(pid, timeout=250)
    print(f"{sum(told['sent'])} signals in {told['seconds']:.1f} s")  # noqa: T201 - how many of them the server has taken
    assert 0 < sum(told["sent"]) == len(seen)
    for sender, count in enumerate(told["sent"]):
        assert [number for one, number in seen if one == sender] == list(range(count))


@pytest.mark.slow
async def test_scripts_that_spin_hold_up_no_eviction_and_no_neighbour(
    server: str, tmp_path: Path, ledger: Path
) -> None:
    one_at_a_time = "app:worker:worker_options={max_cached_workflows: 1}"
    limits = "app:worker:limits={slice: {warn: 10ms, kill: 100ms}}"
    async with on(server, tmp_path, one_at_a_time, limits) as node:
        others = [await node.spawn("app:order_py", host=HOST, args=[f"n{number}"]) for number in range(3)]
        spinning = [await node.spawn(entry, host=HOST) for entry in _SPINNING]
        for pid in others:  # each is evicted for the next, and rebuilt from its history
            await node.send(pid, "approve", {"by": "me"})
        for pid in others:
            ended: Any = await node.wait(pid, timeout=90)
            assert ended["status"] == "shipped"
        for pid in spinning:
            with pytest.raises(Error) as caught:
                await node.wait(pid, timeout=90)
            assert caught.value.kind == RESOURCE
    assert sorted(lines(ledger)) == sorted(f"{what} n{one}" for what in ("reserve", "ship") for one in range(3))


@pytest.mark.slow
@pytest.mark.parametrize("entry", _SPINNING)
async def test_a_script_that_spins_holds_up_no_stop(server: str, tmp_path: Path, entry: str) -> None:
    with trio.fail_after(120):
        async with on(server, tmp_path / "one", queue=tmp_path.name) as node:
            pid = await node.spawn(entry, host=HOST)
    async with on(server, tmp_path / "two", queue=tmp_path.name) as node:
        with pytest.raises(Error) as caught:
            await node.wait(pid, timeout=90)
    assert caught.value.kind == RESOURCE


_ENDING = """
import atexit, os, sys, trio
from pathlib import Path
from tests.temporal.support import HOST, on

def threads():
    return [Path(f"/proc/self/task/{one}/comm").read_text().strip() for one in os.listdir("/proc/self/task")]

async def main():
    async with on(sys.argv[1], Path(sys.argv[2]), queue=sys.argv[3]) as node:
        await node.exec("app:counting", host=HOST, args=[1], timeout=90)
        assert any("tokio" in name for name in threads()), threads()
    return node

atexit.register(lambda: print("left:", [name for name in threads() if "tokio" in name], flush=True))
from temporalio import runtime  # whatever it does when the process ends, it does before
node = trio.run(main)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_no_thread_of_the_sdk_outlives_the_node(server: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ENDING, server, str(tmp_path / "data"), tmp_path.name]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["left: []"]), ended.stderr
