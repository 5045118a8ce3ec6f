"""`store.memory`: key-value pairs in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import trio

from actorflow.duration import SECOND
from actorflow.errors import UNAVAILABLE, Error
from actorflow.node.node import Node
from actorflow.registry.kinds.store_memory import StoreMemory
from actorflow.resource.key_values import ALWAYS, Condition, Entry, missing
from actorflow.value import Value, copy_value


class MemoryKeyValues:
    """A store in memory (`key_values.KeyValues`). Values are copied on their way in and out."""

    def __init__(self, id: str, config: StoreMemory, node: Node) -> None:  # noqa: A002 - the signature of every factory
        """Make an empty store that does not run."""
        self._id = id
        self._max = config.max_size
        self._interval = config.cleanup_interval
        self._node = node
        self._entries: dict[str, Entry] = {}
        self._versions = itertools.count(1)
        self._cleaning = trio.CancelScope()

    async def start(self) -> None:
        """Begin to drop what expires, in the background."""
        if self._interval:
            self._node.nursery.start_soon(every, self._interval, self._drop_expired, self._cleaning)

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - nothing is under way
        """Forget everything."""
        self._cleaning.cancel()
        self._entries.clear()

    async def entry(self, key: str) -> Entry:
        """Return the entry of a key."""
        found = self._found(key)
        if found is None:
            raise missing(key)
        return replace(found, value=copy_value(found.value))

    async def put(self, key: str, value: Value, lifetime: int | None = None, condition: Condition = ALWAYS) -> str:
        """Write an entry and return its version."""
        found = self._found(key)
        condition.require(key, found)
        if found is None and len(self._entries) >= self._max:
            self._make_room()
        version = str(next(self._versions))
        expires = None if lifetime is None else self._now() + lifetime
        self._entries[key] = Entry(key, copy_value(value, self._node.limits), version, expires)
        return version

    async def has(self, key: str) -> bool:
        """Tell whether there is an entry."""
        return self._found(key) is not None

    async def delete(self, key: str) -> bool:
        """Delete an entry; tell whether there was one."""
        found = self._found(key)
        self._entries.pop(key, None)
        return found is not None

    async def list(self, prefix: str, after: str, limit: int) -> list[Entry]:
        """Return entries by key."""
        keys = sorted(key for key in self._entries if key.startswith(prefix) and key > after)
        found = (self._found(key) for key in keys)
        alive = (replace(entry, value=copy_value(entry.value)) for entry in found if entry is not None)
        return list(itertools.islice(alive, limit))

    async def info(self) -> dict[str, Value]:
        """Return the facts about the store."""
        now = self._now()
        size = sum(1 for entry in self._entries.values() if not _expired(entry, now))
        return {"type": "memory", "size": size, "max_size": self._max}

    def _found(self, key: str) -> Entry | None:
        entry = self._entries.get(key)
        return None if entry is None or _expired(entry, self._now()) else entry

    def _make_room(self) -> None:
        self._drop_expired()
        if len(self._entries) >= self._max:
            message = f"store {self._id} is full: it holds max_size ({self._max}) entries; delete some, or set a ttl"
            raise Error(message, UNAVAILABLE, retryable=True)

    def _drop_expired(self) -> None:
        now = self._now()
        self._entries = {key: entry for key, entry in self._entries.items() if not _expired(entry, now)}

    def _now(self) -> int:
        return self._node.clock.now()


def _expired(entry: Entry, now: int) -> bool:
    return entry.expires_at is not None and entry.expires_at <= now


async def every(interval: int, action: Callable[[], object], scope: trio.CancelScope) -> None:
    """Do something every `interval` nanoseconds until the scope is cancelled."""
    with scope:
        while True:
            await trio.sleep(interval / SECOND)
            action()
