"""The registry of the node: its entries, and changes of them while it runs.

    entry = await registry.get("app:mailer")
    changes = registry.Changes().update("app:mailer", data={**entry.data, "source": source})
    version = await changes.apply()
    ...
    await registry.apply_version(version.previous)

A changed function or process runs its new code from the next call or start on; what runs goes on with the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from actorflow.errors import invalid
from actorflow.module.registry import build_delta as delta
from actorflow.names import EntryId
from actorflow.names import parse_id as parsed
from actorflow.script.argument import mapping, whole
from actorflow.script.operation import perform

__all__ = [
    "Changes",
    "Entry",
    "Snapshot",
    "Version",
    "apply_version",
    "build_delta",
    "current_version",
    "find",
    "get",
    "parse_id",
    "snapshot",
    "snapshot_at",
    "versions",
]


@dataclass(frozen=True)
class Entry:
    """One entry, as it is written: placeholders are still placeholders."""

    id: str
    kind: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    data: Any = None

    def plain(self) -> dict[str, Any]:
        """Return it as a map."""
        return {"id": self.id, "kind": self.kind, "meta": dict(self.meta), "data": self.data}


@dataclass(frozen=True)
class Version:
    """A state of the registry: its number, that of the version it was made from (0: none), Unix nanoseconds."""

    id: int
    previous: int
    at: int


class Changes:
    """Changes that are collected and then made as a whole, or not at all."""

    def __init__(self) -> None:
        """Begin with none."""
        self._operations: list[dict[str, Any]] = []

    def create(self, id: str, kind: str, data: Any = None, meta: Mapping[str, Any] | None = None) -> Changes:  # noqa: A002
        """Create an entry."""
        return self._add(
            "create", {"id": id, "kind": kind, "data": data or {}, "meta": mapping("create", "meta", meta)}
        )

    def update(
        self,
        id: str,  # noqa: A002 - the word of the registry
        *,
        kind: str | None = None,
        data: Any = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Changes:
        """Update an entry; what is not given stays."""
        return self._add(
            "update",
            {"id": id, "kind": kind, "data": data, "meta": None if meta is None else mapping("update", "meta", meta)},
        )

    def delete(self, id: str) -> Changes:  # noqa: A002
        """Delete an entry."""
        return self._add("delete", {"id": id})

    def ops(self) -> list[dict[str, Any]]:
        """Return what was collected: maps with `kind` (`entry.create`, …) and `entry`."""
        return [dict(operation) for operation in self._operations]

    async def apply(self) -> Version:
        """Make the changes and return the new version; new services that start by themselves have been started.

        Raises:
            Error: AlreadyExists, NotFound or Invalid, with everything that is wrong; then nothing was changed.
        """
        made = Version(**await perform("registry.apply", self._operations))
        self._operations.clear()
        return made

    def _add(self, verb: str, entry: dict[str, Any]) -> Changes:
        self._operations.append({"kind": f"entry.{verb}", "entry": entry})
        return self


@dataclass(frozen=True)
class Snapshot:
    """The entries of one version, which do not change."""

    version: Version

    async def get(self, id: str) -> Entry:  # noqa: A002
        """Return an entry; raises `Error` NotFound when there is none."""
        return Entry(**await perform("registry.get", id, self.version.id))

    async def find(self, wanted: Mapping[str, Any] | None = None) -> list[Entry]:
        """Return the entries that fit a filter, by id; see `find`."""
        return [
            Entry(**plain)
            for plain in await perform("registry.find", mapping("find", "filter", wanted), self.version.id)
        ]

    async def entries(self) -> list[Entry]:
        """Return all entries, by id."""
        return await self.find()

    async def namespace(self, name: str) -> list[Entry]:
        """Return the entries of a namespace, by id."""
        return [Entry(**plain) for plain in await perform("registry.namespace", name, self.version.id)]


async def get(id: str) -> Entry:  # noqa: A002 - the word of the registry
    """Return an entry.

    Raises:
        Error: kind NotFound, with the closest id; Invalid for what is no id.
    """
    return Entry(**await perform("registry.get", id))


async def find(wanted: Mapping[str, Any] | None = None) -> list[Entry]:
    """Return the entries that fit a filter such as `{".kind": "function.*", "meta.type": "test"}`, by id.

    Raises:
        Error: kind Invalid, naming the key that is none.
    """
    return [Entry(**plain) for plain in await perform("registry.find", mapping("find", "filter", wanted))]


async def current_version() -> Version:
    """Return the version that is current."""
    return Version(**await perform("registry.version"))


async def versions() -> list[Version]:
    """Return the versions that are kept, oldest first."""
    return [Version(**plain) for plain in await perform("registry.versions")]


async def snapshot() -> Snapshot:
    """Return the entries of now, to look at while they change."""
    return Snapshot(await current_version())


async def snapshot_at(version: Version | int) -> Snapshot:
    """Return the entries of a version; raises `Error` NotFound when it is not kept."""
    return Snapshot(Version(**await perform("registry.version", _number(version))))


async def apply_version(version: Version | int) -> Version:
    """Go back, or forward, to a version; raises `Error` NotFound when it is not kept."""
    return Version(**await perform("registry.apply_version", _number(version)))


def build_delta(before: Iterable[Entry], after: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the operations that make the entries `after` from those `before`."""
    return delta([entry.plain() for entry in before], [entry.plain() for entry in after])


def parse_id(id: str) -> EntryId:  # noqa: A002
    """Split an id at its first colon into namespace and name."""
    if not isinstance(id, str):
        raise invalid(f"registry.parse_id: got {id!r:.80}, expected text")
    return parsed(id)


def _number(version: Version | int) -> int:
    return version.id if isinstance(version, Version) else whole("registry", "version", version)
