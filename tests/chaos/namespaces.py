"""Nodes and the database in network namespaces of their own, joined by a bridge (`network.Network`); needs root and iproute2.

One direction is cut by a route that drops; who is cut off from everybody, both ways, has its link taken down. What is late is
late by `tc netem`, where the kernel has it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import permutations
from typing import Final

from actorflow.errors import Error
from tests.chaos.network import DATABASE, PORT

_DOOR: Final = 5432
_NOBODY: Final = "NO NETWORK NAMESPACES"


def lack() -> str:
    """Return why there can be none here, "" when there can."""
    if os.geteuid() != 0:
        return f"{_NOBODY}: chaos in namespaces is not tried; it needs root"
    if shutil.which("ip") is None:
        return f"{_NOBODY}: chaos in namespaces is not tried; install iproute2"
    name = f"af-{secrets.token_hex(3)}"
    inside = (
        "ip link add br0 type bridge",
        "ip link add eth0 type veth peer name eth1",
        "ip link set eth1 master br0",
        "ip route replace blackhole 10.231.7.1/32",
    )
    wanted = [f"ip netns add {name}", *(f"ip netns exec {name} {command}" for command in inside)]
    made = next(filter(None, map(_tried, wanted)), "")
    _tried(f"ip netns del {name}")
    return f"{_NOBODY}: chaos in namespaces is not tried; {made}" if made else ""


class Namespaces:
    """One namespace for each node, one for the door of the database, and one for the bridge."""

    def __init__(self, nodes: Sequence[str], path: str) -> None:
        """Join nodes with one another, and with the server whose socket is at `path`."""
        self.nodes = list(nodes)
        self._prefix = f"af{secrets.token_hex(3)}"
        self._addresses = {name: f"10.231.7.{number}" for number, name in enumerate((*nodes, DATABASE), 1)}
        self._cut: set[tuple[str, str]] = set()
        self._slowed: set[str] = set()
        self._door: subprocess.Popen[bytes] | None = None
        try:
            self._make(path)
        except BaseException:
            self.close()
            raise

    def address(self, node: str) -> str:
        """Return where a node listens."""
        return f"{self._addresses[node]}:{PORT}"

    def door(self, node: str) -> tuple[str, int]:  # noqa: ARG002 - it is the same for all
        """Return where a node finds the database."""
        return self._addresses[DATABASE], _DOOR

    def environment(self, node: str) -> dict[str, str]:  # noqa: ARG002 - they reach one another as they are told
        """Return nothing."""
        return {}

    def command(self, node: str) -> list[str]:
        """Return what a node's command line begins with."""
        return ["ip", "netns", "exec", self._name(node)]

    def cut(self, source: str, target: str) -> None:
        """Let nothing that one sends arrive at another any more."""
        self._cut.add((source, target))
        _do(self._name(source), f"ip route replace blackhole {self._addresses[target]}/32")
        for name in self._addresses:
            if self._is_alone(name):
                self._set(name, "down")

    def slow(self, source: str, target: str, seconds: float) -> bool:  # noqa: ARG002 - of one link to all
        """Let what one sends take so long, to whomever, where the kernel has netem."""
        late = f"tc qdisc replace dev eth0 root netem delay {seconds * 1000:.0f}ms"
        if not _tried(f"ip netns exec {self._name(source)} {late}"):
            self._slowed.add(source)
        return source in self._slowed

    def tear(self, source: str, target: str) -> bool:  # noqa: ARG002 - of the protocol
        """Do nothing: connections live and die by what arrives."""
        return False

    def mend(self) -> None:
        """Let everything arrive again."""
        for name in self._addresses:
            if self._is_alone(name):
                self._set(name, "up")
        for source, target in self._cut:
            _do(self._name(source), f"ip route del blackhole {self._addresses[target]}/32")
        for name in self._slowed:
            _do(self._name(name), "tc qdisc del dev eth0 root")
        self._cut.clear()
        self._slowed.clear()

    def close(self) -> None:
        """Remove the namespaces, and with them their links."""
        if self._door is not None:
            self._door.kill()
            self._door.wait()
        for name in (*self._addresses, "bridge"):
            _tried(f"ip netns del {self._name(name)}")

    def _name(self, place: str) -> str:
        return f"{self._prefix}-{place}"

    def _is_alone(self, name: str) -> bool:
        return all(pair in self._cut for pair in permutations(self._addresses, 2) if name in pair)

    def _set(self, name: str, state: str) -> None:
        _do(self._name("bridge"), f"ip link set {name} {state}")

    def _make(self, path: str) -> None:
        bridge = self._name("bridge")
        _tried(f"ip netns add {bridge}")
        _do(bridge, "ip link add br0 type bridge")
        _do(bridge, "ip link set br0 up")
        for name, address in self._addresses.items():
            own = self._name(name)
            _tried(f"ip netns add {own}")
            _do(own, f"ip link add eth0 type veth peer name {name} netns {bridge}")
            _do(bridge, f"ip link set {name} master br0")
            _do(bridge, f"ip link set {name} up")
            _do(own, "ip link set lo up")
            _do(own, f"ip address add {address}/24 dev eth0")
            _do(own, "ip link set eth0 up")
        serve = [sys.executable, "-m", "tests.chaos.forward", self._addresses[DATABASE], str(_DOOR), path]
        self._door = subprocess.Popen([*self.command(DATABASE), *serve])


def _do(namespace: str, command: str) -> None:
    if found := _tried(f"ip netns exec {namespace} {command}"):
        raise Error(f"{namespace}: {command}: {found}", "Unavailable")


def _tried(command: str) -> str:
    """Run a command, and return what is wrong with it."""
    done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""
