"""Key-value stores, by the id of their entry.

cache = await store.get("app:cache")
await cache.set("user:7", {"name": "Ann"}, ttl=timedelta(minutes=5))
user = await cache.get("user:7", None)
async with await store.get("app:cache") as cache: ...
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TypedDict

from actorflow.errors import NOT_FOUND, Error, invalid
from actorflow.script.operation import perform
from actorflow.value import Opaque

_REQUIRED: Final[Any] = object()
_PAGE: Final = 100


class _Facts(TypedDict):
    key: str
    value: Any
    version: str


class Entry(_Facts, total=False):
    """One entry: key, value, version and, if it expires, `expires_at` in Unix seconds."""

    expires_at: float


class Store(Opaque):
    """A key-value store. Values are copied; keys are text. After `release` each call raises Invalid."""

    __slots__ = ("_released", "id")

    def __init__(self, id: str) -> None:  # noqa: A002 - the word of the registry
        self.id = id
        self._released = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._released = True

    async def get(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return the value of a key, or `default` when there is none.

        Raises:
            Error: kind NotFound, when there is none and no default is given, or no store or no table of it any more.
        """
        try:
            return await self._do("get", key)
        except Error as error:
            if error.kind != NOT_FOUND or default is _REQUIRED or "key" not in (error.details or {}):
                raise
            return default

    async def entry(self, key: str) -> Entry:
        """Return an entry with its version; raises `Error` NotFound when there is none."""
        found: Entry = await self._do("entry", key)
        return found

    async def set(self, key: str, value: Any, ttl: float | str | timedelta | None = None) -> None:
        """Write an entry; it expires after `ttl`: seconds, a `timedelta` or text such as `5m`.

        Raises:
            Error: kind Unavailable when the store is full, Invalid for a value that may not cross.
        """
        await self._do("set", key, value, _seconds(ttl))

    async def put(
        self,
        key: str,
        value: Any,
        *,
        ttl: float | str | timedelta | None = None,
        if_absent: bool = False,
        if_version: str | None = None,
    ) -> str:
        """Write an entry if a condition holds, and return its new version.

        Raises:
            Error: kind AlreadyExists, with `if_absent`, when there is an entry; Conflict, when it has another version
                than `if_version`, or there is none; what `set` raises.
        """
        options = {"ttl": _seconds(ttl), "if_absent": if_absent, "if_version": if_version}
        version: str = await self._do("put", key, value, options)
        return version

    async def has(self, key: str) -> bool:
        """Tell whether there is an entry."""
        return bool(await self._do("has", key))

    async def delete(self, key: str) -> bool:
        """Delete an entry; tell whether there was one."""
        return bool(await self._do("delete", key))

    async def list(self, prefix: str = "") -> AsyncIterator[Entry]:
        """Iterate over the entries whose key begins with `prefix`, by key, a page at a time."""
        after = ""
        while page := await self._do("list", {"prefix": prefix, "after": after, "limit": _PAGE}):
            for entry in page:
                yield entry
            after = page[-1]["key"]

    async def info(self) -> dict[str, Any]:
        """Return id, type, size (entries) and, where there is a bound, max_size."""
        facts: dict[str, Any] = await self._do("info")
        return facts

    def release(self) -> None:
        """Let go of the store.

        Raises:
            Error: kind Invalid, when it was released before.
        """
        self._check()
        self._released = True

    async def _do(self, name: str, *args: Any) -> Any:
        self._check()
        return await perform(f"store.{name}", self.id, *args)

    def _check(self) -> None:
        if self._released:
            raise invalid(f"store {self.id} is released: get it again with store.get")


async def get(id: str) -> Store:  # noqa: A002 - the word of the registry
    """Return the store of an entry.

    Raises:
        Error: kind NotFound when there is no such entry, Invalid when it is no store, Unavailable when it does not run.
    """
    await perform("store.open", id)
    return Store(id)


def _seconds(ttl: float | str | timedelta | None) -> float | str | None:
    return ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
