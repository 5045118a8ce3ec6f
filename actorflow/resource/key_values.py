"""Key-value stores: what their kinds have in common, and the facts about one entry.

Keys are text; values are anything that may cross a boundary. An entry may expire: from that moment on it is not there.
A version is text that changes when the value does, and means nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from actorflow.errors import ALREADY_EXISTS, CONFLICT, Error, not_found
from actorflow.value import Value

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
"""Entries of one `list`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a store.

    Attributes:
        key, value: what was set. version: changes when the value does.
        expires_at: Unix nanoseconds, None when it stays.
    """

    key: str
    value: Value
    version: str
    expires_at: int | None = None

    def facts(self) -> dict[str, Value]:
        """Return it as scripts see it, with the expiry in Unix seconds."""
        expires = None if self.expires_at is None else self.expires_at / 1e9
        facts = {"key": self.key, "value": self.value, "version": self.version, "expires_at": expires}
        return {name: fact for name, fact in facts.items() if fact is not None or name == "value"}


@dataclass(frozen=True, slots=True)
class Condition:
    """When a write is done: always, only when the key is absent, or only when the entry has a version."""

    absent: bool = False
    version: str | None = None

    def require(self, key: str, found: Entry | None) -> None:
        """Do nothing when the write may be done.

        Raises:
            Error: kind AlreadyExists, or Conflict for another version or none.
        """
        if self.absent and found is not None:
            raise Error(f"key {key!r} exists already", ALREADY_EXISTS, retryable=False, details={"key": key})
        if self.version is not None and (found is None or found.version != self.version):
            got = "does not exist" if found is None else f"has version {found.version}"
            message = f"key {key!r} {got}, expected version {self.version}: read it again"
            raise Error(message, CONFLICT, retryable=False, details={"key": key})


ALWAYS: Final = Condition()


@runtime_checkable
class KeyValues(Protocol):
    """A key-value store that runs. `lifetime` and times are nanoseconds; what it raises is `Error`."""

    async def entry(self, key: str) -> Entry:
        """Return the entry of a key; raises kind NotFound when there is none."""
        ...

    async def put(self, key: str, value: Value, lifetime: int | None = None, condition: Condition = ALWAYS) -> str:
        """Write an entry, which expires after `lifetime`, and return its version.

        Raises kind Unavailable when the store is full; AlreadyExists or Conflict when the condition does not hold.
        """
        ...

    async def has(self, key: str) -> bool:
        """Tell whether there is an entry."""
        ...

    async def delete(self, key: str) -> bool:
        """Delete an entry; tell whether there was one."""
        ...

    async def list(self, prefix: str, after: str, limit: int) -> list[Entry]:
        """Return the first `limit` entries, by key, whose key begins with `prefix` and comes after `after`."""
        ...

    async def info(self) -> dict[str, Value]:
        """Return the facts about the store: `type`, `size` (entries), and `max_size` where there is a bound."""
        ...


def missing(key: str) -> Error:
    """Return the error for a key that is not there."""
    return not_found(f"key {key!r} not found", key=key)
