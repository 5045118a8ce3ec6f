"""A node of the cluster that is measured, as a process of its own: it takes what to do as lines and answers with lines.

Each line is a JSON list, the name of a piece of work and its arguments; each answer a JSON object with `value`, or
`error`. Several pieces may be under way at once; answers come in the order in which they end, with the number of the
line.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.cli.bench import actors, durable
from actorflow.node.control_verb import node_lines
from actorflow.node.node import Node
from actorflow.run.shard import SHARDS, UNITS

_PATIENCE: Final = 300.0
_POLL: Final = 0.02


async def flight(node: Node, entry: str, steps: int, total: int, in_flight: int) -> dict[str, Any]:
    """Run workflows, so many at once; returns when that began and ended, and their latencies."""
    began = time.time()
    _, more = await durable.workflows(node, entry, steps, total, in_flight)
    return {"began": began, "ended": time.time(), **more}


async def usage(_node: Node) -> float:
    """Return the processor seconds of this process."""
    return time.process_time()


async def waiters(node: Node, count: int) -> list[str]:
    """Start runs that wait for a signal, and return their PIDs."""
    return [await node.spawn("bench:waiter", host=durable.HOST) for _ in range(count)]


async def signalled(node: Node, pids: list[str]) -> list[float]:
    """Signal each of these runs and wait for its result, one after the other; returns the seconds that each took."""
    seconds = []
    for pid in pids:
        began = time.perf_counter()
        await node.send(pid, "go", 1)
        await node.wait(pid, timeout=_PATIENCE)
        seconds.append(time.perf_counter() - began)
    return seconds


async def tickers(node: Node, count: int) -> None:
    """Start runs that make a step every now and then, for ever."""
    for _ in range(count):
        await node.spawn("bench:ticker", host=durable.HOST)


async def claims(node: Node, count: int) -> list[float]:
    """Start runs in any shard, one at a time; returns the seconds to the first call of those that another node owns."""
    host: Any = node.hosts[durable.HOST]
    seconds: list[float] = []
    for _ in range(SHARDS + 2 * count):  # shards take turns, and each node has about every second one
        host.spread(crowded=True)  # as when more calls wait here than there is room for
        began = time.time_ns()
        called, name = await node.exec("bench:stamped", host=durable.HOST, timeout=_PATIENCE)
        if name != node.name:
            seconds.append((called - began) / 1e9)
            if len(seconds) == count:
                break
    return seconds


async def actor(node: Node, entry: str, *args: Any) -> str:
    """Start a process and return its PID."""
    return await node.spawn(entry, host=actors.HOST, args=list(args))


async def play(node: Node, entry: str, *args: Any) -> float:
    """Run a process to its end; returns the seconds that took."""
    began = time.perf_counter()
    await node.exec(entry, host=actors.HOST, args=list(args), timeout=_PATIENCE)
    return time.perf_counter() - began


async def met(node: Node, count: int) -> None:
    """Wait until this node has met so many others, and has its part of the runs: before, it starts them for others."""
    host: Any = node.hosts[durable.HOST]
    many = -(-UNITS // (count + 1))  # the part of each; who comes last gets what the others leave
    few = UNITS - count * many
    with trio.fail_after(_PATIENCE):
        while (  # noqa: ASYNC110 - nobody tells
            sum(line["state"] == "up" for line in node_lines(node)) < count or not few <= len(host.shards or ()) <= many
        ):
            await trio.sleep(_POLL)


_WORK: Final[dict[str, Callable[..., Awaitable[Any]]]] = {
    work.__name__: work for work in (flight, usage, waiters, signalled, tickers, claims, actor, play, met)
}


async def serve(directory: Path, data: Path) -> None:
    """Boot the registry, say that it is up, and do what the lines ask for until there are no more."""
    async with app.open(directory, data=data) as node, trio.open_nursery() as nursery:
        answer(0, value=node.name)
        rest = b""
        async with trio.lowlevel.FdStream(os.dup(0)) as asked:
            async for chunk in asked:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    nursery.start_soon(_do, node, *json.loads(line))
        nursery.cancel_scope.cancel()


async def _do(node: Node, number: int, work: str, *args: Any) -> None:
    try:
        answer(number, value=await _WORK[work](node, *args))
    except Exception as error:  # noqa: BLE001 - whatever it is, who has asked is to hear of it
        answer(number, error=f"{type(error).__name__}: {error}")


def answer(number: int, **what: Any) -> None:
    """Write one answer."""
    sys.stdout.write(json.dumps({"number": number, **what}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    trio.run(serve, Path(sys.argv[1]), Path(sys.argv[2]))
