"""Ports for what tests start: free now, and still so when nobody listens there for a moment."""

from __future__ import annotations

import socket
from contextlib import suppress
from random import SystemRandom


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens at.

    They are below those that a system gives to outgoing connections and to whoever asks for any port (from 32768 on):
    one of these may be gone when its node starts again.
    """
    found: list[int] = []
    for port in SystemRandom().sample(range(15_000, 32_000), 1_000):
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no port is free")


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]
