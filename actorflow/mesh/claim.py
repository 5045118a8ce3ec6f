"""Names that several nodes know, as a value: who claims which, and who has it.

Each node says which names its own processes have, and takes back what it has said; nobody speaks for another. While
two nodes do not hear each other both may give a name away. Then one rule, the same everywhere, says who has it: a
consistent name goes before an eventual one; of two eventual claims the earlier has it, by Lamport's count and then by
PID; of two consistent ones the later, which is the one that the database has. Whoever sees that a claim of its own is
not the one that has the name takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

EVENTUAL, CONSISTENT, STRONG = 1, 2, 3
WORDS = {0: "local", EVENTUAL: "eventual", CONSISTENT: "consistent", STRONG: "strong"}


class Claim(NamedTuple):
    """That a process has a name; `stamp` is greater than that of every claim its node had heard of."""

    pid: str
    stamp: int
    scope: int

    @property
    def rank(self) -> tuple[int, int, str]:
        """What decides between claims: the least has the name."""
        if self.scope == EVENTUAL:
            return 1, self.stamp, self.pid
        return 0, -self.stamp, self.pid


class Claims:
    """The claims of all nodes, by name."""

    def __init__(self) -> None:
        """Know of none."""
        self._claims: dict[str, dict[str, Claim]] = {}  # name → node → claim
        self._count = 0

    def next_stamp(self, least: int = 0) -> int:
        """Return the stamp of a new claim, above `least` too."""
        self._count = max(self._count, least) + 1
        return self._count

    def add(self, name: str, node: str, claim: Claim) -> None:
        """Take that a node has given a name to a process."""
        self._count = max(self._count, claim.stamp)
        self._claims.setdefault(name, {})[node] = claim

    def remove(self, name: str, node: str, pid: str) -> None:
        """Take that a process has a name no more."""
        claims = self._claims.get(name, {})
        if node in claims and claims[node].pid == pid:
            del claims[node]
            if not claims:
                del self._claims[name]

    def drop(self, node: str) -> None:
        """Forget what a node has said."""
        for name, claims in list(self._claims.items()):
            if node in claims:
                self.remove(name, node, claims[node].pid)

    def winner(self, name: str) -> Claim | None:
        """Return the claim that has a name, None when there is none."""
        claims = self._claims.get(name)
        return min(claims.values(), key=lambda claim: claim.rank) if claims else None

    def held(self, name: str, node: str) -> Claim | None:
        """Return the claim of a node to a name, None when it has made none."""
        return self._claims.get(name, {}).get(node)

    def of(self, node: str) -> Iterator[tuple[str, Claim]]:
        """Yield the claims of a node."""
        for name, claims in list(self._claims.items()):
            if node in claims:
                yield name, claims[node]

    def names(self) -> list[str]:
        """Return every name that somebody has."""
        return list(self._claims)
