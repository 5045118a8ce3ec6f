"""What a node owns of a host: all of it, or the shards and roles that it has where several nodes share the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

from actorflow.run.rule import NEWEST
from actorflow.run.shard import SHARDS, shard_of

if TYPE_CHECKING:
    from actorflow.store.port import HostReader, HotReader


class Owned:
    """The part of a workflow host that knows what is owned.

    Attributes:
        lease: the token of all runs, where the host is claimed whole.
        shards: shard or role → token, where nodes share it; None where it is claimed whole.
        near: the shards that new runs are put into; any, when it is empty.
        known_rules: the newest rule that this release knows. rules: that which new runs begin under (`agreement.py`).
    """

    def __init__(self) -> None:
        """Own nothing yet."""
        self.lease = 0
        self.shards: dict[int, int] | None = None
        self.near: frozenset[int] = frozenset()
        self.known_rules = self.rules = NEWEST
        self._scopes: dict[int, set[trio.CancelScope]] = {}

    def owns(self, run: int) -> bool:
        """Tell whether this node turns a run of this host."""
        return self.shards is None or shard_of(run) in self.shards

    def token(self, run: int) -> int:
        """Return the token that the turns of a run carry, 0 when it is not this node's."""
        return self.lease if self.shards is None else self.shards.get(shard_of(run), 0)

    def leads(self, role: int) -> bool:
        """Tell whether this node has a role."""
        return self.shards is None or role in self.shards

    @contextmanager
    def leading(self, role: int) -> Iterator[bool]:
        """Do the block, and tell it whether this node has a role; it is cancelled when the role is lost.

        Nothing is raised then: what follows the block goes on.
        """
        with trio.CancelScope() as scope:
            scopes = self._scopes.setdefault(role, set())
            scopes.add(scope)
            try:
                yield self.leads(role)
            finally:
                scopes.discard(scope)

    def own(self, shards: Mapping[int, int]) -> None:
        """Own these from now on, and nothing else; what was done in a role that is not among them is cancelled."""
        self.shards = dict(shards)
        self.spread(crowded=False)
        for role, scopes in self._scopes.items():
            if role not in shards:
                for scope in scopes:
                    scope.cancel()

    def spread(self, *, crowded: bool) -> None:
        """Let new runs be put into any shard while too much waits here, else into those of this node."""
        mine = frozenset(unit for unit in self.shards or () if unit < SHARDS)
        self.near = frozenset() if crowded or len(mine) == SHARDS else mine

    def disown(self, units: Collection[int]) -> None:
        """Own these no longer."""
        self.own({unit: token for unit, token in (self.shards or {}).items() if unit not in units})

    def of(self, reader: HotReader, shards: Collection[int] | None = None) -> HostReader:
        """Return the reads of what this node owns of the host, or of some of its shards."""
        if self.shards is None:
            return reader
        return reader.of_shards([unit for unit in (self.shards if shards is None else shards) if unit < SHARDS])
