"""What one store holds: sleeping runs by the thousand, finished runs that are kept, a long history, runs in flight.

Each is measured in a process of its own, on a data directory of its own, so that nothing else is counted.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.app import Booted
from actorflow.cli.bench import durable
from actorflow.cli.bench.apart import apart, command, environment
from actorflow.cli.bench.floor import FULL
from actorflow.cli.bench.resident import resident_bytes
from actorflow.cli.bench.row import Figures, Row
from actorflow.node.node import Node
from actorflow.store.port import Reader

SIZES: Final = {
    "sleepers": 1_000,
    "sleepers_lua": 1_000,
    "kept": 10_000,
    "live": 2_000,
    "resume": 2_000,
    "recovery": 1_000,
}
"""How many sleeping runs, finished runs, journal events or runs in flight there are unless told otherwise."""
_SPAWNED: Final = 500
"""Sleeping runs a second that any machine starts: when all of them are due is fixed before the first one starts."""
_AT_ONCE: Final = 100
_SETTLE: Final = 3.0
_FAR: Final = 864_000.0
_POLL: Final = 0.05
_TIMEOUT: Final = 3600.0
_ALL_UP: Final = "all-up"
_LET_GO: Final = "let-go"
_CALLED: Final = 2
"""Journal events of a run whose first call is under way."""
_FLIGHT: Final = ("bench:steps_py", 1, 2_000, 200)

_UNITS: Final = {"kept": "workflows/s", "live": "workflows/s", "resume": "events/s"}


def rows(place: Path, size: int) -> list[Row]:
    """Return the workloads of scale, of `size` or of a small amount each when that is 0."""
    found = []
    for what, usual in SIZES.items():
        work = partial(_work, what, place, size or usual)
        found.append(Row(f"scale/{what}/{size or usual}", _UNITS.get(what, "runs/s"), work, FULL))
    return found


async def _work(what: str, place: Path, count: int, _node: Node) -> Figures:
    with tempfile.TemporaryDirectory(dir=place) as data:
        return await measured(what, place / "registry", Path(data), count)


async def measured(what: str, directory: Path, data: Path, size: int) -> Figures:
    """Return one of the figures: runs woken or recovered, workflows beside kept runs, or events taken up, a second."""
    return await apart(_command(what, directory, data, size), environment(directory.parent))


def _command(what: str, directory: Path, data: Path, size: int) -> list[str]:
    return command("actorflow.cli.bench.scale", what, str(directory), str(data), str(size))


async def sleepers(directory: Path, data: Path, count: int, language: str = "py") -> Figures:
    """Start runs that all wake at one moment, and measure the node while they sleep, and how fast they end."""
    async with app.boot(directory, data=data) as booted:
        due = time.monotonic() + _SETTLE + count / _SPAWNED
        began = time.monotonic()
        async with trio.open_nursery() as nursery:
            for share in range(_AT_ONCE):
                nursery.start_soon(
                    _put_to_sleep, booted.node, f"bench:sleeper_{language}", due, len(range(share, count, _AT_ONCE))
                )
        spawning = time.monotonic() - began
        await trio.sleep(max(0.0, due - time.monotonic() - 1))
        memory = resident_bytes()
        await trio.sleep(max(0.0, due - time.monotonic()))
        idle = time.process_time()
        while await _open(booted):  # noqa: ASYNC110 - a store has no events
            await trio.sleep(_POLL)
        seconds, cpu = max(_POLL, time.monotonic() - due), time.process_time() - idle
        more = {"node_mb": memory / 1e6, "woken_s": seconds, "cpu_s": cpu, "spawns_s": count / spawning}
        return count / seconds, more


async def _put_to_sleep(node: Node, entry: str, due: float, count: int) -> None:
    for _ in range(count):
        left = f"{max(1, int((due - time.monotonic()) * 1000))}ms"
        await node.spawn(entry, host=durable.HOST, args=[left])


async def kept(directory: Path, data: Path, count: int) -> Figures:
    """Measure runs in an empty file, and again beside finished runs: copies of one that has run."""
    empty = await _throughput(directory, data)
    _multiply(data / "runs.db", count)
    full = await _throughput(directory, data)
    return full, {"empty": empty, "share": full / empty}


async def live(directory: Path, data: Path, count: int) -> Figures:
    """Measure runs on an empty file, and again beside so many that sleep."""
    empty = await _throughput(directory, data)
    async with app.boot(directory, data=data) as booted:
        async with trio.open_nursery() as nursery:
            for share in range(_AT_ONCE):
                asleep = len(range(share, count, _AT_ONCE))
                due = time.monotonic() + _FAR
                nursery.start_soon(_put_to_sleep, booted.node, "bench:sleeper_py", due, asleep)
        beside, _ = await durable.workflows(booted.node, *_FLIGHT)
    return beside, {"empty": empty, "share": beside / empty}


async def resume(directory: Path, data: Path, count: int) -> Figures:
    """Have a run make a long history and wait, stop its node, and measure how long the next one takes to end it."""
    async with app.boot(directory, data=data) as booted:
        pid = await booted.node.spawn("bench:long", host=durable.HOST, args=[count // 2])
        with trio.fail_after(_TIMEOUT):
            while not await _are(booted, "waiting", count, 1):  # noqa: ASYNC110 - a store has no events
                await trio.sleep(_POLL)
    async with app.boot(directory, data=data) as booted:
        began, idle = time.perf_counter(), time.process_time()
        await booted.node.send(pid, "go", 1)
        await booted.node.wait(pid, timeout=_TIMEOUT)
        seconds, cpu = time.perf_counter() - began, time.process_time() - idle
    return count / seconds, {"seconds": seconds, "cpu_s": cpu}


async def recovery(directory: Path, data: Path, count: int) -> Figures:
    """Kill a node with so many runs in flight, and measure the next one from its start until all of them have ended."""
    words, env = _command("flight", directory, data, count), environment(directory.parent)
    async with trio.open_nursery() as nursery:
        child = await nursery.start(partial(trio.run_process, words, check=False, env=env))
        with trio.fail_after(_TIMEOUT):
            while not (data / _ALL_UP).exists():  # noqa: ASYNC110 - another process makes it
                await trio.sleep(_POLL)
        child.kill()
    (data / _LET_GO).touch()
    began = time.time()
    ended, more = await measured("recovered", directory, data, count)
    seconds = ended - began
    return count / seconds, {"seconds": seconds, **more}


async def flight(directory: Path, data: Path, count: int) -> Figures:
    """Start runs that wait in a call, say when all of them do, and wait to be killed."""
    async with app.boot(directory, data=data) as booted:
        for _ in range(count):
            await booted.node.spawn("bench:held", host=durable.HOST, args=[str(data / _LET_GO)])
        while not await _are(booted, "running", _CALLED, count):  # noqa: ASYNC110 - a store has no events
            await trio.sleep(_POLL)
        (data / _ALL_UP).touch()
        await trio.sleep_forever()
    raise AssertionError("a sleep for ever has ended")


async def recovered(directory: Path, data: Path, _count: int) -> Figures:
    """Return the moment in which all runs of a store have ended, and the share of it that the boot took."""
    began = time.time()
    async with app.boot(directory, data=data) as booted:
        up = time.time()
        while await _open(booted):  # noqa: ASYNC110 - a store has no events
            await trio.sleep(_POLL)
        return time.time(), {"boot_s": up - began, "cpu_s": time.process_time()}


async def _throughput(directory: Path, data: Path) -> float:
    async with app.boot(directory, data=data) as booted:
        rate, _ = await durable.workflows(booted.node, *_FLIGHT)
    return rate


async def _open(booted: Booted) -> bool:
    def read(reader: Reader) -> bool:
        return bool(reader.open_runs(durable.HOST, limit=1))

    return any(await booted.stores.each(read))


async def _are(booted: Booted, state: str, events: int, count: int) -> bool:
    """Tell whether so many runs are in a state, with at least so many events in their journals."""

    def read(reader: Reader) -> bool:
        rows = reader.open_runs(durable.HOST, limit=count)
        return sum(row.last_seq >= events and row.state == state for row in rows) == count

    return any(await booted.stores.each(read))


def _multiply(path: Path, count: int) -> None:
    """Copy the newest run of a store so many times, with its journal and history, under run ids of their own."""
    with closing(sqlite3.connect(path)) as connection, connection:
        last = connection.execute("SELECT max(run) FROM run").fetchone()[0]
        numbers = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) "
        for table in ("run", "journal", "state_history"):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
            changed = {"run": "? + n", "run_id": "hex(randomblob(16))", "workflow_id": "workflow_id || '-' || n"}
            values = ", ".join(changed.get(name, f'"{name}"') for name in names)
            quoted = ", ".join(f'"{name}"' for name in names)
            connection.execute(
                f"INSERT INTO {table} ({quoted}) {numbers}SELECT {values} FROM {table}, n WHERE run = ?",  # noqa: S608
                (count, last, last),
            )


_WORKLOADS: Final[dict[str, Callable[[Path, Path, int], Awaitable[Figures]]]] = {
    "sleepers": sleepers,
    "sleepers_lua": partial(sleepers, language="lua"),
    "kept": kept,
    "live": live,
    "resume": resume,
    "recovery": recovery,
    "flight": flight,
    "recovered": recovered,
}


def main(what: str, directory: str, data: str, size: str) -> None:
    """Measure in this process and print the result as JSON."""
    figures: Any = trio.run(_WORKLOADS[what], Path(directory), Path(data), int(size))
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
