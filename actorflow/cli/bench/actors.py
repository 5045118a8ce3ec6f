"""Workloads of the process host: messages between two processes, and what an idle one weighs."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actorflow.node.node import Node

HOST: Final = "bench:actors"


async def ping_pong(node: Node, language: str, rounds: int) -> float:
    """Return messages a second between two processes that answer each other."""
    echo = await node.spawn(f"bench:echo_{language}", host=HOST)
    began = time.perf_counter()
    await node.exec(f"bench:player_{language}", host=HOST, args=[echo, rounds], timeout=120)
    seconds = time.perf_counter() - began
    await node.terminate(echo)
    return 2 * rounds / seconds


async def idle(node: Node, language: str, count: int) -> tuple[float, dict[str, float]]:
    """Return spawns a second of processes that stay, and the memory they and the node take (MB, bytes each)."""
    gc.collect()
    before = resident_bytes()
    began = time.perf_counter()
    pids = [await node.spawn(f"bench:echo_{language}", host=HOST) for _ in range(count)]
    seconds = time.perf_counter() - began
    after = resident_bytes()
    for pid in pids:
        await node.terminate(pid)
    return count / seconds, {"node_mb": after / 1e6, "bytes_each": (after - before) / count}


def resident_bytes() -> int:
    """Return the resident memory of this process in bytes, 0 where the platform does not tell."""
    try:
        fields = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) * 4096
