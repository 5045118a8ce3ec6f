"""Shards: how the open runs of a host are divided among the nodes that serve it, and what else has one holder each.

A run is in the shard of its number, for ever. The number of shards is part of what a store means and never changes. The
roles are shards without runs: what is to be done by one node of a host at a time, whoever that is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

SHARDS: Final = 64
"""So many parts a host has; no more nodes than that can share it. A power of two: databases find it by the low bits."""
SCHEDULES: Final = SHARDS
"""The role that starts the runs of schedules."""
HOOKS: Final = SHARDS + 1
"""The role that tells hooks of changes of state."""
RETENTION: Final = SHARDS + 2
"""The role that removes ended runs which have been kept for long enough."""
ROLES: Final = {SCHEDULES: "schedules", HOOKS: "hooks", RETENTION: "retention"}
UNITS: Final = SHARDS + len(ROLES)
"""What is owned at a host: its shards and its roles, by number."""


def shard_of(run: int) -> int:
    """Return the shard of a run."""
    return run & (SHARDS - 1)


def number_in(shards: Collection[int], number: int) -> int:
    """Return the first run number, beginning with `number`, that is in one of some shards; any, when there are none."""
    for following in range(number, number + SHARDS):
        if not shards or following & (SHARDS - 1) in shards:
            return following
    return number


def part(units: int, nodes: int) -> int:
    """Return how many of some units a node has when as many nodes share them: at most one more than any other."""
    return -(-units // max(nodes, 1))
