"""The writer of a store in memory: the same face as `Writer`, without threads, so that a mock clock sees everything."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import trio

from actorflow.run.turn import Committed, Item
from actorflow.store.group import ROWS, Callback, Write, closed, commit_all, next_group
from actorflow.store.moving import Moves
from actorflow.store.owning import Ownership, Pulse
from actorflow.store.port import Reader, Store
from actorflow.store.telling import Listener
from actorflow.store.wait import answer

T = TypeVar("T")


class InlineWriter:
    """The way to a store that never blocks; see `Writer` for what the methods promise."""

    def __init__(self, store: Store, *, rows: int = ROWS) -> None:
        """Take a store over; it is closed by `close`."""
        self._store = store
        self.rows = rows
        self._token = trio.lowlevel.current_trio_token()
        self._submitted: deque[Write] = deque()
        self._closed = False
        self.moves = Moves()
        self.heed: Callable[[Mapping[int, int]], None] = lambda _earlier: None

    @property
    def commits(self) -> int:
        """How many groups the store has applied."""
        return self._store.commits

    @property
    def shared(self) -> bool:
        """Whether other nodes may write to the store at the same time."""
        return self._store.shared

    def reader(self) -> Reader:
        """Return a reader of the caller's own, on a connection of its own: for short reads in the node's thread."""
        return self._store.reader()

    def listener(self) -> Listener | None:
        """Return what hears of the writes of others, for a thread of the caller's; see `Store.listener`."""
        return self._store.listener()

    def submit(self, item: Item, callback: Callback) -> None:
        """Ask for an item to be committed; the callback is called soon, never from here."""
        self.submit_all([Write(item, callback)])

    def submit_all(self, writes: list[Write]) -> None:
        """Ask for several items to be committed, in this order."""
        if self._closed:
            raise closed()
        if not self._submitted:
            self._token.run_sync_soon(self._commit)
        self._submitted.extend(writes)

    def at_once(self, write: Write) -> bool:  # noqa: ARG002 - as `Writer` has it
        """Do nothing and return False: there is no thread to save."""
        return False

    async def write(self, item: Item) -> Committed:
        """Commit an item and return the answer."""
        committed: Committed = await answer(lambda callback: self.submit(item, callback), abandon=False)
        return committed

    async def claim(self, host: str, lease: int = 0) -> int:
        """Take a host over."""
        await trio.lowlevel.checkpoint()
        self._commit()
        return self._store.claim(host, lease)

    async def own(self, change: Callable[[Ownership], T]) -> T:
        """Return `change(ownership)`, done after what has been submitted before."""
        await trio.lowlevel.checkpoint()
        self._commit()
        return change(self._store.ownership)

    def pulse(self) -> Pulse:
        """Return what raises the counter of a node."""
        return self._store.pulse()

    async def read(self, read: Callable[[Any], T]) -> T:
        """Return `read(store)`."""
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise closed()
        return self._store.reader().snapshot(read)

    async def close(self) -> None:
        """Commit and answer what was submitted. May be called twice."""
        self._closed = True
        self._commit()
        self._store.close()
        await trio.lowlevel.cancel_shielded_checkpoint()

    def _commit(self) -> None:
        submitted, self._submitted = self._submitted, deque()
        while submitted:
            group = next_group(submitted, self.rows)
            answers = commit_all(self._store, [write.item for write in group])
            for write, result in zip(group, answers, strict=True):
                write.callback(result)
            if self.moves:
                self.moves.committed(group, answers)
