"""The network between nodes and their database, as what can be broken of it (`Network`): here by proxies (`Proxies`)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Final, Protocol

from tests.chaos.wire import Place, Way, Wire, Wires

DATABASE: Final = "database"
PORT: Final = 7400


class Network(Protocol):
    """What joins nodes and the database, all by name."""

    nodes: list[str]

    def address(self, node: str) -> str:
        """Return where a node listens."""
        ...

    def door(self, node: str) -> tuple[str, int]:
        """Return where a node finds the database."""
        ...

    def environment(self, node: str) -> dict[str, str]:
        """Return the variables of a node's process."""
        ...

    def command(self, node: str) -> list[str]:
        """Return what a node's command line begins with."""
        ...

    def cut(self, source: str, target: str) -> None:
        """Let nothing that one sends arrive at another any more."""
        ...

    def slow(self, source: str, target: str, seconds: float) -> bool:
        """Let what one sends another take so long; tells whether that can be done here."""
        ...

    def tear(self, source: str, target: str) -> bool:
        """Reset the connections between two; tells whether that can be done here."""
        ...

    def mend(self) -> None:
        """Let everything arrive again."""
        ...

    def close(self) -> None:
        """Remove it."""
        ...


class Proxies:
    """Plain processes on the loopback, with a proxy for each way from one to another."""

    def __init__(self, nodes: Sequence[str], database: Callable[[], Place]) -> None:
        """Join nodes with one another, and with what listens at `database`."""
        self.nodes = list(nodes)
        places = {name: (f"127.{_octet()}.{_octet()}.{number}", PORT) for number, name in enumerate(nodes, 1)}
        self._places = places  # addresses of this run alone: nobody else takes their ports
        self._wires = {pair: Wire(lambda to=pair[1]: places[to]) for pair in permutations(nodes, 2)}  # type: ignore[misc]
        self._wires |= {(name, DATABASE): Wire(database) for name in nodes}
        self._served = Wires(list(self._wires.values()))

    def address(self, node: str) -> str:
        """Return where a node listens."""
        host, port = self._places[node]
        return f"{host}:{port}"

    def door(self, node: str) -> tuple[str, int]:
        """Return where a node finds the database."""
        return "127.0.0.1", self._wires[node, DATABASE].port

    def environment(self, node: str) -> dict[str, str]:
        """Return the routes of a node's process: the address that it dials in place of the one that it is told."""
        peers = [name for name in self._places if name != node]
        routes = {self.address(peer): f"127.0.0.1:{self._wires[node, peer].port}" for peer in peers}
        return {"CHAOS_ROUTES": json.dumps(routes)}

    def command(self, node: str) -> list[str]:  # noqa: ARG002 - they are processes like any other
        """Return nothing."""
        return []

    def cut(self, source: str, target: str) -> None:
        """Let nothing that one sends arrive at another any more, on whoever's connection."""
        for way in self._ways(source, target):
            way.cut = True

    def slow(self, source: str, target: str, seconds: float) -> bool:
        """Let each chunk that one sends another take so long."""
        for way in self._ways(source, target):
            way.delay = seconds
        return True

    def tear(self, source: str, target: str) -> bool:
        """Reset the connections between two."""
        for pair in ((source, target), (target, source)):
            if pair in self._wires:
                self._served.tear(self._wires[pair])
        return True

    def mend(self) -> None:
        """Let everything arrive again."""
        for wire in self._wires.values():
            wire.mend()

    def close(self) -> None:
        """Serve no connections any more."""
        self._served.close()

    def _ways(self, source: str, target: str) -> list[Way]:
        there, back = self._wires.get((source, target)), self._wires.get((target, source))
        return [way for way in (there and there.there, back and back.back) if way is not None]


def _octet() -> int:
    return secrets.randbelow(250) + 2
