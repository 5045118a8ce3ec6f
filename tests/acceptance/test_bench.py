"""`actorflow bench`, at the size of a test: its rows measure what they say and have the figures they promise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actorflow import app
from actorflow.cli.bench import actors, beside, crowd, durable, growth, run, start
from actorflow.cli.bench.row import Figures, Row
from actorflow.cli.bench.scripts import write_registry
from actorflow.errors import TIMEOUT, Error
from actorflow.node.node import Node
from tests.conformance.process.rig import until

CPU = {"cpu_us"}
LATENCIES = {"cpu_us", "p50_ms", "p99_ms"}
SMALL: dict[str, tuple[Callable[..., object], set[str]]] = {
    "one-step": (partial(durable.workflows, entry="bench:steps_py", steps=1, total=4, in_flight=2), LATENCIES),
    "ten-step": (partial(durable.steps, entry="bench:steps_lua", each=10, total=2, in_flight=2), CPU),
    "children py": (partial(durable.steps, entry="bench:children_py", each=2, total=2, in_flight=2), CPU),
    "children lua": (partial(durable.steps, entry="bench:children_lua", each=2, total=2, in_flight=2), CPU),
    "answer py": (partial(durable.answers, language="py", total=3), LATENCIES),
    "answer lua": (partial(durable.answers, language="lua", total=3), LATENCIES),
    "signal": (partial(durable.signal_round_trips, total=3), LATENCIES),
    "payload": (partial(durable.steps, entry="bench:carrier", each=2, total=2, in_flight=2, args=(100,)), CPU),
    "ping-pong": (partial(actors.ping_pong, language="py", rounds=10, payload=actors.MAP), CPU),
    "one-way": (partial(actors.one_way, language="lua", count=10), CPU),
    "spawn-exit": (partial(actors.brief, language="py", count=10), CPU),
}
CROWD: dict[str, tuple[Callable[..., object], set[str]]] = {
    "ring": (partial(crowd.ring, size=5, rounds=3, payload=actors.MAP), CPU),
    "fan-in": (partial(crowd.fan_in, sources=3, count=30, payload=1), CPU),
    "select": (partial(crowd.repeated, entry="select", count=30), CPU),
    "links": (partial(crowd.links, count=10), CPU),
    "monitors": (partial(crowd.repeated, entry="monitors", count=10), CPU),
    "calls": (partial(crowd.repeated, entry="caller", count=10), CPU),
    "loop": (partial(crowd.loop, count=2), CPU),
    "beside-busy": (partial(crowd.beside_busy, count=3), LATENCIES),
}
STARTS = {
    "start/command": {"seconds"},
    "start/first-result": {"seconds", "node_mb"},
    "start/resume": {"seconds", "node_mb"},
    "start/idle": {"boot_s", "node_mb", "cpu_percent"},
    "start/entries/10000": {"seconds", "node_mb"},
    "start/file": {"bytes_a_step"},
}


def sound(figures: Figures, promised: set[str]) -> bool:
    rate, more = figures
    return rate > 0 and set(more) == promised and all(value >= 0 for value in more.values())


@pytest.mark.slow
async def test_workloads_measure_what_they_say(tmp_path: Path) -> None:
    directory = write_registry(tmp_path / "registry")
    async with app.open(directory, data=tmp_path / "data") as node:
        for name, (work, promised) in SMALL.items():
            assert sound(await work(node), promised), name


@pytest.mark.slow
@pytest.mark.parametrize("language", ["py", "lua"])
async def test_workloads_of_many_processes_measure_what_they_say_and_leave_none(tmp_path: Path, language: str) -> None:
    directory = write_registry(tmp_path / "registry")
    async with app.open(directory, data=tmp_path / "data") as node:
        for name, (work, promised) in CROWD.items():
            assert sound(await work(node, language=language), promised), name
            with trio.fail_after(30):
                while any(True for _ in node.processes()):  # noqa: ASYNC110 - ends have no event
                    await trio.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTS)
async def test_starts_are_measured(tmp_path: Path, name: str) -> None:
    write_registry(tmp_path / "registry")
    (row,) = [row for row in start.rows(tmp_path) if row.name == name]
    assert sound(await row.work(None), STARTS[name])


def test_names_of_rows_are_stable_and_floors_exist(tmp_path: Path) -> None:
    rows = run.all_rows(tmp_path, 0)
    assert len({row.name for row in rows}) == len(rows)
    floors = {"floor/sqlite rows", "floor/sqlite commits", "floor/bare messages", "floor/additions"}
    assert {row.floor for row in rows} == {"", *floors}
    assert {row.name for row in growth.rows()} < {row.name for row in rows}


async def test_a_result_keeps_all_runs_and_its_share_of_the_floor() -> None:
    rates = iter([4.0, 2.0, 3.0])

    async def work(_node: Node) -> Figures:
        return next(rates), {"cpu_us": 1.0}

    row = Row("durable/some", "steps/s", work, floor="floor/sqlite rows", parts=2)
    result = await run._repeated(row, None, 3, {"floor/sqlite rows": 12.0}, ())  # type: ignore[arg-type]  # noqa: SLF001
    assert result.plain() == {
        "name": "durable/some",
        "unit": "steps/s",
        "median": 3.0,
        "runs": [4.0, 2.0, 3.0],
        "floor": 6.0,
        "more": {"cpu_us": 1.0},
        "setting": "",
    }


@pytest.mark.slow
def test_two_sessions_are_compared(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "actorflow.cli.main", "bench", "--runs", "1", "--only", "start/command"]
    kept = tmp_path / "kept.json"
    kept.write_text(subprocess.run([*words, "--json"], capture_output=True, check=True, text=True).stdout)
    names = [result["name"] for result in json.loads(kept.read_text())["results"]]
    assert names == [*(name for name in names if name.startswith("floor/")), "start/command"]
    shown = subprocess.run([*words, "--compare", str(kept)], capture_output=True, check=True, text=True).stdout
    assert shown.count("×") == len(names)


OTHER = """
import json, sys
print("a line of its log")
print(json.dumps({"workload": "W4", "p50_ms": 1}))
if "W3" in sys.argv: print(json.dumps({"workload": "W3", "steps_per_s": {"median": 0.5, "min": 0.4}}))
"""


async def quick(_node: object) -> Figures:
    return 2.0, {}


async def test_another_engine_runs_in_turns_with_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.py").write_text(OTHER)
    peers = beside.peers_of([f"other={sys.executable} {tmp_path / 'other.py'}"])
    rows = [Row("durable/sequential/py", "steps/s", quick), Row("actors/ring/py", "messages/s", quick)]
    monkeypatch.setattr(run, "all_rows", lambda _place, _size: rows)
    monkeypatch.setattr(run, "floors", lambda _place, _runs: [])
    monkeypatch.setattr(run.cluster, "chosen", lambda _only: False)
    results = await run.measure(2, "", 0, lambda _name: None, peers=peers)
    assert [(each.name, each.runs, each.more) for each in results] == [
        ("durable/sequential/py", [2.0, 2.0], {}),
        ("actors/ring/py", [2.0, 2.0], {}),
        ("beside/other/durable/sequential/py", [0.5, 0.5], {"ahead": 4.0}),
    ]


async def test_another_engine_that_gives_no_figure_is_told_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("import sys; print('[1]', '{'); sys.exit('no such server')")
    [peer] = beside.peers_of([f"other={sys.executable} {tmp_path / 'other.py'}"])
    with pytest.raises(Error, match=r"--beside other: .*ended with 1 and printed no `p50_ms` of `W4`.*no such server"):
        await peer.measure("durable/answer/py")
    [peer] = beside.peers_of([f"other={tmp_path / 'none'} --fast"])
    with pytest.raises(Error, match=r"--beside other: cannot run '.*none': No such file"):
        await peer.measure("durable/answer/py")


FOR_EVER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print("not yet", child.pid, file=sys.stderr, flush=True)
open(sys.argv[1], "w").close()
time.sleep(3600)
"""


def test_another_engine_that_does_not_end_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(FOR_EVER)
    begun, clock = tmp_path / "begun", MockClock(rate=1)
    [peer] = beside.peers_of([f"other={sys.executable} {tmp_path / 'other.py'} {begun}"])

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.measure, "durable/answer/py")
            await until(begun.exists)
            clock.jump(beside.LIMIT)

    with pytest.RaisesGroup(pytest.RaisesExc(Error, match=r"--workloads W4 .* within 900 s.*--beside-limit")) as caught:
        trio.run(main, clock=clock)
    [error] = caught.value.exceptions
    assert isinstance(error, Error)
    assert error.kind == TIMEOUT
    said = re.search(r"it said last: not yet (\d+)", error.message)
    assert said is not None
    trio.run(until, lambda: not _lives(int(said[1])))


def _lives(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("text", ["other", "=python x.py", "other=", "other='"])
def test_another_engine_is_named_with_its_command(text: str) -> None:
    with pytest.raises(Error, match="--beside"):
        beside.peers_of([text])
