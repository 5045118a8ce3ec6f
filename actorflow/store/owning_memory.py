"""Ownership in memory (`owning.Ownership`), and the reads of some shards: so that the model of it can be tested."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from actorflow.run.shard import UNITS, shard_of
from actorflow.store.owning import DIED, NodeRow, Owner, Seen

if TYPE_CHECKING:
    from actorflow.run.event import JournalEvent
    from actorflow.run.turn import CallRow
    from actorflow.store.memory_read import MemoryRows

_ALL = 2**62


class MemoryOwnership:
    """Who owns what in one store; its own pulse."""

    def __init__(self, leases: dict[str, int], fence: Callable[[str, Collection[int], int], None]) -> None:
        """Begin with nobody; `leases` are the tokens of hosts, `fence(host, shards, token)` puts one into open runs."""
        self._leases = leases
        self._fence = fence
        self._nodes: dict[str, NodeRow] = {}
        self.owners: dict[str, dict[int, Owner]] = {}

    def tokens(self, host: str) -> dict[int, int]:
        """Return the tokens of a host by shard, none when nodes have never shared it."""
        return {unit: owner.token for unit, owner in self.owners.get(host, {}).items()}

    def enter(self, node: str, about: str) -> None:
        """Add a node, or let it say something else of itself."""
        counter = self._nodes[node].counter if node in self._nodes else 1
        self._nodes[node] = NodeRow(node, counter, about)

    def leave(self, node: str, counter: int | None = None) -> bool:
        """Remove a node and set free what it owns."""
        if node not in self._nodes or counter not in {None, self._nodes[node].counter}:
            return False
        del self._nodes[node]
        for host in self.owners:
            self._free(host, node, range(UNITS), "" if counter is None else DIED)
        return True

    def take(self, host: str, node: str, most: int) -> dict[int, int] | None:
        """Give a node free shards of a host."""
        if node not in self._nodes:
            return None
        units = self.owners.setdefault(host, {unit: Owner(host, unit, 0, "") for unit in range(UNITS)})
        free = [unit for unit in sorted(units) if units[unit].is_free][: max(most, 0)]
        token = 1 + max(self._leases.get(host, 0), *(owner.token for owner in units.values()))
        for unit in free:
            units[unit] = Owner(host, unit, token, node)
        if free:
            self._fence(host, free, token)
        return dict.fromkeys(free, token)

    def give_up(self, host: str, node: str, shards: Collection[int]) -> None:
        """Set shards of a host free."""
        self._free(host, node, shards, "")

    def _free(self, host: str, node: str, shards: Collection[int], nobody: str) -> None:
        for unit, owner in self.owners.get(host, {}).items():
            if unit in shards and owner.node == node:
                self.owners[host][unit] = owner._replace(node=nobody)

    def claimed(self, host: str, token: int) -> None:
        """Take a host that nodes share from all of them."""
        for unit in self.owners.get(host, {}):
            self.owners[host][unit] = Owner(host, unit, token, "")

    def time(self) -> int:
        """Return the time of the machine (`owning.Pulse.time`)."""
        return time.time_ns()

    def beat(self, node: str) -> Seen | None:
        """Raise the counter of a node and look around."""
        if node not in self._nodes:
            return None
        self._nodes[node] = self._nodes[node]._replace(counter=self._nodes[node].counter + 1)
        owners = [units[unit] for _host, units in sorted(self.owners.items()) for unit in sorted(units)]
        return Seen([self._nodes[name] for name in sorted(self._nodes)], owners, time.time_ns())

    def close(self) -> None:
        """Do nothing: there is no connection."""


class MemoryShardReader:
    """Reads of some shards (`port.HostReader`)."""

    def __init__(self, rows: MemoryRows, shards: Collection[int]) -> None:
        """Read these shards of `rows`."""
        self._rows = rows
        self._shards = frozenset(shards)

    def held(self, host: str, after: int = 0, limit: int = 1000) -> list[tuple[str, int, str]]:
        """Return (workflow id, run, state) of open runs."""
        return [row for row in self._rows.held(host, after, _ALL) if shard_of(row[1]) in self._shards][:limit]

    def held_beside(self, host: str) -> list[tuple[str, int]]:
        """Return (workflow id, run) of ids that open runs hold beside their own."""
        return [row for row in self._rows.held_beside(host) if shard_of(row[1]) in self._shards]

    def due_timers(
        self, host: str, until: int, limit: int = 1000, queues: Collection[str] | None = None
    ) -> list[tuple[int, int, int]]:
        """Return (run, ref, due) of due timers."""
        due = self._rows.due_timers(host, until, _ALL, queues)
        return [row for row in due if shard_of(row[0]) in self._shards][:limit]

    def due_calls(self, host: str, until: int, limit: int = 1000) -> list[tuple[int, CallRow]]:
        """Return (run, call) of due calls."""
        return [row for row in self._rows.due_calls(host, until, _ALL) if shard_of(row[0]) in self._shards][:limit]

    def inbox_runs(self, host: str) -> list[int]:
        """Return the open runs that have deliveries."""
        return [run for run in self._rows.inbox_runs(host) if shard_of(run) in self._shards]

    def naming(self, host: str) -> list[tuple[str, JournalEvent]]:
        """Return what open runs did with names."""
        held = {name for name, _, _ in self.held(host, 0, _ALL)}
        return [row for row in self._rows.naming(host) if row[0] in held]
