"""This node among those that keep names in one database: what its names are good for, and whose are free.

A node raises its counter there once a second, in the table of those that share the database. Whoever sees the counter
of another stand still for `DEAD` seconds by its own clock removes it, and from then on every name of it is free. A node
that has not got through for `FENCE` seconds lets go of its names by itself, before anybody can have removed it: `holds`
is asked at every use, so that this is true of a node that was stopped and goes on as well. No two clocks are compared;
only their speeds are taken to be alike. Who has lost its names once never has them again: it comes back under another
name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from uuid import uuid4

import trio

from actorflow.errors import Error, unavailable
from actorflow.node.life import has_ended, life
from actorflow.store.sighting import DEAD, Sightings

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.run.turn import Committed, Item
    from actorflow.store.owning import Ownership, Seen

T = TypeVar("T")

BEAT: Final = 1.0
"""Seconds between two beats."""
FENCE: Final = DEAD - 1.0
"""Seconds after the last beat that got through in which names are still held."""
_FAREWELL: Final = 5.0
"""Seconds in which the database is told that this node leaves; else the others find out."""


class NameStore(Protocol):
    """What names need of a database (`store.apart.Apart`)."""

    async def read(self, read: Callable[[Any], T]) -> T:
        """Return `read(reader)`."""
        ...

    async def write(self, item: Item) -> Committed:
        """Commit an item."""
        ...

    async def own(self, change: Callable[[Ownership], T]) -> T:
        """Return `change(ownership)`."""
        ...

    async def beat(self, node: str) -> Seen | None:
        """Raise the counter of a node and look who is there; None when it is not any more."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class Tenure:
    """What one node is in the database of names; it begins with the first name that somebody wants.

    Attributes:
        name: of this node there, never used again; "" while it holds none.
    """

    def __init__(self, node: Node, database: str, lost: Callable[[str], None]) -> None:
        """Be nobody. `lost` is called with the reason when this node's names are its own no more."""
        self.name = ""
        self._node = node
        self._database = database
        self._lost = lost
        self._store: NameStore | None = None
        self._turn = trio.Lock()
        self._looking = trio.Lock()
        self._sightings = Sightings()
        self._heard = 0.0
        self._former: set[str] = set()
        """Names of this node which the database may still have."""

    @property
    def holds(self) -> bool:
        """Whether nobody can have taken a name of this node by now."""
        return bool(self.name) and trio.current_time() - self._heard < FENCE

    async def store(self) -> NameStore:
        """Return the database, opened when it is needed first.

        Raises:
            Error: kind Invalid when there is none, else why it cannot be used now.
        """
        async with self._turn:
            return await self._opened()

    async def enter(self) -> str:
        """Be one of those that hold names, and return the name of this node among them.

        Raises:
            Error: kind Unavailable, when the database does not know this node now.
        """
        async with self._turn:
            store = await self._opened()
            self.expire()
            if not self.name:
                await self._begin(store)
            return self.name

    async def lives(self, node: str, *, doubted: bool = False) -> bool:
        """Tell whether a node holds its names, by a look that begins now: nobody holds any who is not there.

        Args:
            node: its name there.
            doubted: wait until it has given a sign, or is known to be dead.

        Raises:
            Error: when the database cannot be asked.
        """
        store = await self.store()
        first = counter = _counter(await self._look(store), node)
        while doubted and counter is not None and counter == first:
            await trio.sleep(BEAT / 2)
            counter = _counter(await self._look(store), node)
        return counter is not None

    async def watch(self) -> None:
        """Be there in time: whoever begins to look at others only when they are gone has to wait for long."""
        with suppress(Error):
            await self.enter()

    def expire(self) -> None:
        """Let go of all names if they may be another's by now."""
        if self.name and not self.holds:
            self._lose(f"its database has not heard of this node for {FENCE:g} s")

    async def close(self) -> None:
        """Set this node's names free at once."""
        with trio.move_on_after(_FAREWELL) as scope:
            scope.shield = True
            async with self._turn:
                if self.name:
                    self._former.add(self.name)
                    self.name = ""
                if self._store is not None:
                    with suppress(Error):
                        await self._bid_farewell(self._store)
                    await self._store.close()
                    self._store = None

    # ---- inside ------------------------------------------------------------------------------------------------

    async def _opened(self) -> NameStore:
        if self._store is None:
            self._store = await self._node.open_shared(self._database)
            self._node.on_close(self.close)
        return self._store

    async def _begin(self, store: NameStore) -> None:
        await self._bid_farewell(store)
        name = f"{self._node.name}/{uuid4().hex}"
        said = {"name": self._node.name, **life(self._node.data), "hosts": []}
        self._former.add(name)  # until it is known to have been written, and beaten once
        await store.own(partial(_enter, name, json.dumps(said)))
        began = trio.current_time()
        if await store.beat(name) is None:
            raise unavailable(f"the database of names has forgotten node {self._node.name!r} at once: try again")
        self._former.discard(name)
        self.name, self._heard = name, began
        self._node.nursery.start_soon(self._beats, name)
        self._node.nursery.start_soon(self._watches, name)

    async def _bid_farewell(self, store: NameStore) -> None:
        for name in list(self._former):
            await store.own(partial(_leave, name, None))
            self._former.discard(name)

    async def _beats(self, name: str) -> None:
        while self.name == name:
            store = self._store
            if store is not None:
                with suppress(Error):  # it is told who asks for a name; `_watches` draws the line
                    await self._look(store)
            await trio.sleep(BEAT)

    async def _watches(self, name: str) -> None:
        """Let go in time, whatever a beat waits for."""
        while self.name == name:
            await trio.sleep(max(self._heard + FENCE - trio.current_time(), BEAT / 4))
            if self.name == name:
                self.expire()

    async def _look(self, store: NameStore) -> Seen:
        """Beat, and remove whoever is dead.

        Raises:
            Error: kind Unavailable, when this node is none of those who hold names (any more).
        """
        async with self._looking:
            name, began = self.name, trio.current_time()
            seen = await store.beat(name) if name else None
            if seen is not None:
                if name == self.name:
                    self._heard = max(self._heard, began)
                return await self._bury(store, name, seen)
            if name and name == self.name:
                self._lose("this node was taken for dead")
            raise unavailable("the database of names does not know this node: try again")

    async def _bury(self, store: NameStore, name: str, seen: Seen) -> Seen:
        self._sightings.see(seen.nodes, trio.current_time())
        mine = life(self._node.data)
        dead = dict(self._sightings.dead(name))
        for row in seen.nodes:
            if row.node != name and (row.node in dead or has_ended(json.loads(row.about), mine)):
                gone = await store.own(partial(_leave, row.node, row.counter))
                if gone:  # else it lives, or somebody else has removed it: whoever asks again sees which
                    seen = seen._replace(nodes=[other for other in seen.nodes if other.node != row.node])
        return seen

    def _lose(self, reason: str) -> None:
        self._former.add(self.name)
        self.name = ""
        self._lost(reason)


def _counter(seen: Seen, node: str) -> int | None:
    return next((row.counter for row in seen.nodes if row.node == node), None)


def _enter(name: str, about: str, ownership: Ownership) -> None:
    ownership.enter(name, about)


def _leave(name: str, counter: int | None, ownership: Ownership) -> bool:
    return ownership.leave(name, counter)
