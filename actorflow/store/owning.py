"""The port of ownership: which nodes share a store, and which of them turns the runs of each shard.

A node is a row with a counter that it raises. A shard has a row with the token that turns of its runs must carry, and
the node that owns it, "" for none. Taking a shard raises its token, in its row and in those of its open runs, in one
transaction: whoever had it before is refused from then on. A store decides none of this; see
`hosts/workflow/ownership.py`, and `run/shard.py` for what is owned.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple, Protocol

DIED: Final = "!"
"""Stands for the owner of a shard that was found dead; no node has this name."""


class NodeRow(NamedTuple):
    """A node that shares a store: a name that no other one ever has, its counter, and what it says of itself (JSON)."""

    node: str
    counter: int
    about: str


class Owner(NamedTuple):
    """Who owns a shard, or a role, of a host: its last token, and the node; "" for none, `DIED` for none any more."""

    host: str
    shard: int
    token: int
    node: str

    @property
    def is_free(self) -> bool:
        """Whether nobody owns it."""
        return self.node in {"", DIED}


class Seen(NamedTuple):
    """What a node finds when it raises its counter; `now` is the time of the database, Unix nanoseconds."""

    nodes: list[NodeRow]
    owners: list[Owner]
    now: int


class Ownership(Protocol):
    """Changes of who owns what: each is one transaction, and used by the thread that commits."""

    def enter(self, node: str, about: str) -> None:
        """Add a node to those that share the store, or let it say something else of itself."""
        ...

    def leave(self, node: str, counter: int | None = None) -> bool:
        """Remove a node, and set free what it owns; tells whether it was there.

        Args:
            node: its name.
            counter: do it only if its counter is still this: it has been found dead, and may not be. What it owned says
                so, until it is taken.
        """
        ...

    def take(self, host: str, node: str, most: int) -> dict[int, int] | None:
        """Give a node at most so many free shards and roles of a host, and return their new token by number.

        Every open run of these shards gets the token, and so does every run that is started in them from now on,
        whoever starts it. None when the node is not among those that share the store: it was found dead.
        """
        ...

    def give_up(self, host: str, node: str, shards: Collection[int]) -> None:
        """Set shards and roles of a host free, those that this node owns; their tokens stay until they are taken."""
        ...


class Pulse(Protocol):
    """A connection of its own for what must not wait behind commits: used by one thread at a time."""

    def beat(self, node: str) -> Seen | None:
        """Raise the counter of a node, and return who is there and owns what; None when the node is not any more.

        Raises:
            Error: when the database cannot be reached or written; the next call tries again.
        """
        ...

    def time(self) -> int:
        """Return the time of the database: nanoseconds since the Unix epoch, UTC; raises as `beat`."""
        ...

    def close(self) -> None:
        """Let go of the connection. May be called twice."""
        ...
