"""The stores of a node by the names that hosts give them: a `db.sql.*` entry, `memory`, or nothing for the default."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import trio

from actorflow.errors import CONFLICT, NOT_FOUND, UNAVAILABLE, Error, invalid, not_found
from actorflow.node.limit import written_limits
from actorflow.registry.live import AnyRegistry
from actorflow.run.turn import Committed, Item, RunRow
from actorflow.store.apart import Apart
from actorflow.store.database import Database
from actorflow.store.dialect import Sqlite
from actorflow.store.epoch import refuse_inactive
from actorflow.store.keyring import keyring_of
from actorflow.store.memory import MemoryStore
from actorflow.store.opening import database_at, is_server, open_store, server_database
from actorflow.store.port import Reader, Store
from actorflow.store.vault import OFFLOAD, Vault
from actorflow.store.view import find
from actorflow.store.writer import AnyWriter, open_writer

T = TypeVar("T")

MEMORY: Final = "memory"
DATABASE: Final = "ACTORFLOW_DATABASE"
"""The variable with the URL of the database of hosts that name none, in place of the file in the data directory."""
_DEFAULT_FILE: Final = "runs.db"
_IN_MEMORY: Final = frozenset({":memory:", ""})
_SQLITE: Final = "db.sql.sqlite"
_CLUSTER: Final = "temporal.worker"
"""Whose runs are in no store: a node asks its cluster."""


class Stores:
    """The stores under one data directory, each opened once and as long as somebody uses it."""

    def __init__(self, directory: Path, registry: AnyRegistry, environment: Mapping[str, str] | None = None) -> None:
        """Keep files in `directory`; nothing is opened yet. Keys are read in `environment`, else the process's."""
        self._environment = os.environ if environment is None else environment
        self._directory = directory
        self._default = self._environment.get(DATABASE, "")
        self._registry = registry
        self._writers: dict[str, AnyWriter] = {}
        self._inactive: dict[str, AnyWriter] = {}

    async def open(self, database: str) -> AnyWriter:
        """Open a store and return its writer, which whoever opened it closes.

        Raises:
            Error: when there is no such database or it cannot be used.
        """
        writer = self._writers[database] = open_writer(self._store(database))
        return writer

    async def open_existing(self) -> None:
        """Open every database that hosts of the registry name and that is there: for commands without a node."""
        for database in self.databases():
            await self.open(database)

    async def close(self) -> None:
        """Close every writer that is still open."""
        while self._writers:
            await self._writers.popitem()[1].close()

    def named(self) -> list[str]:
        """Return the databases that the workflow hosts of the registry name, the default included."""
        hosts = (entry.config for entry in self._registry.find("workflow.host") if not entry.broken)
        return sorted({""} | {getattr(config, "database", None) or "" for config in hosts})

    def path(self, database: str) -> Path | None:
        """Return the file of a database, None for one in memory or on a server.

        Raises:
            Error: kind NotFound or Invalid, when the entry is no database that works here.
        """
        if database == MEMORY:
            return None
        if not database:
            return self._default_path()
        entry = self._registry.entry(database)
        entry.require()
        if is_server(entry.kind):
            return None
        if entry.kind != _SQLITE:
            raise invalid(f"{database} is a {entry.kind}: runs are kept in {_SQLITE}, a server's database, or `memory`")
        file = entry.config.file
        return None if file in _IN_MEMORY else self._directory / file

    def _default_path(self) -> Path | None:
        """Return the file of the hosts that name no database, None when a variable names a server for them."""
        if not self._default:
            return self._directory / _DEFAULT_FILE
        found = database_at(self._default, self._vault(""))
        return found.path if isinstance(found, Sqlite) else None

    def paths(self) -> dict[str, Path]:
        """Return the file of each database that hosts of the registry name, the default one first."""
        paths = {database: self.path(database) for database in self.named()}
        return {database: path for database, path in paths.items() if path is not None}

    def database(self, name: str) -> Database | None:
        """Return a database, made or not; None for one in memory.

        Raises:
            Error: as with `path`; kind Unavailable, when the driver of a server is not installed.
        """
        if not name and self._default:
            return database_at(self._default, self._vault(name))
        path = self.path(name)
        if path is not None:
            return Sqlite(path, self._vault(name))
        entry = self._registry.entry(name) if name in self._registry else None
        if entry is None or not is_server(entry.kind):
            return None
        return server_database(entry.kind, name, entry.config, self._vault(name))

    def servers(self) -> bool:
        """Tell whether a host of the registry keeps its runs on a server."""
        return any(self.path(name) is None and self.database(name) is not None for name in self.named())

    def files(self) -> dict[str, Sqlite]:
        """Return the databases that hosts of the registry name and that have a file, the default one first."""
        return {name: item for name, item in self.databases().items() if isinstance(item, Sqlite)}

    def databases(self) -> dict[str, Database]:
        """Return the databases that hosts name and that have a file or are on a server, the default one first."""
        found = {name: self.database(name) for name in self.named()}
        return {
            name: item
            for name, item in found.items()
            if item is not None and (not isinstance(item, Sqlite) or item.path.exists())
        }

    def _vault(self, database: str) -> Vault:
        """Return how the values of a database are kept: what its hosts say, the first that says anything."""
        configs = [entry.config for entry in self._registry.find("workflow.host") if not entry.broken]
        hosts = [config for config in configs if (getattr(config, "database", None) or "") == database]
        said = [config.encryption for config in hosts if getattr(config, "encryption", None) is not None]
        if any(other != said[0] for other in said[1:]):
            raise invalid(f"hosts of database {database or 'in the data directory'!r} differ in `encryption`")
        sizes = [config.limits.offload for config in hosts if config.limits.offload is not None]
        keyring = keyring_of(said[0], self._environment) if said else None
        return Vault(keyring, min(sizes, default=OFFLOAD))

    def limits_of(self, host: str) -> dict[str, Any]:
        """Return what a host holds its runs to, as its entry writes it; nothing for one that is not there any more."""
        if host not in self._registry or self._registry.entry(host).broken:
            return {}
        return dict(written_limits(self._registry.entry(host).config))

    async def serve(self, database: str) -> AnyWriter:
        """Open a store for a host that serves its runs, and return its writer, which that host closes.

        Raises:
            Error: kind Conflict, when it is a restored copy that is not activated; it stays open to be read. Else as
                with `open`.
        """
        writer = self._inactive.pop(database, None) or await self.open(database)
        try:
            refuse_inactive(await writer.read(lambda reader: reader.info()), self._place(database))
        except Error as error:
            if error.kind == CONFLICT:
                self._inactive[database] = writer
            raise
        return writer

    async def shared(self, database: str) -> Apart:
        """Open a store that all nodes of a cluster use, apart from whatever hosts keep there; whoever asked closes it.

        Raises:
            Error: kind Invalid, when it is in memory or there is none by that name and no variable names a server: each
                node would have its own. Else as with `serve`.
        """
        found = self.database(database) if database or self._default else None
        if found is None:
            got = f"{database!r} is kept in memory" if database else f"there is no `names`, and no {DATABASE}"
            raise invalid(f"no database that nodes share: {got}; name a db.sql.* entry as `names` in node.yaml")
        writer = open_writer(self._store(database))
        try:
            refuse_inactive(await writer.read(lambda reader: reader.info()), found.place)
        except BaseException:
            await writer.close()
            raise
        return Apart(writer)

    async def back_up(self, target: Path) -> dict[str, int]:
        """Copy every store into new files, beside whoever uses them; returns the bytes of each file.

        Args:
            target: a file for one store (`*.db`), or a directory.

        Raises:
            Error: as `backup.targets` and `backup.back_up`.
        """
        from actorflow.store.backup import back_up, targets  # noqa: PLC0415 - for who asks for one

        files = targets(self.databases(), target)
        return {str(file): await trio.to_thread.run_sync(back_up, database, file) for file, database in files.items()}

    async def each(self, read: Callable[[Reader], T]) -> list[T]:
        """Ask every store that has been opened, the default one first."""
        return [await self.read(database, read) for database in sorted(self._writers)]

    async def about(self, reference: str, read: Callable[[Reader], T]) -> T:
        """Ask the store that holds the run which a PID, workflow id or run id means.

        Raises:
            Error: kind NotFound, when no store has it.
        """
        return await self.read(await self._holder(reference), read)

    async def write(self, reference: str, item: Item) -> Committed:
        """Commit an item to the store that holds a run; for commands without a node.

        Raises:
            Error: kind NotFound, when no store has it; else what the commit met.
        """
        return await self._writers[await self._holder(reference)].write(item)

    async def commit(self, database: str, item: Item) -> Committed:
        """Commit an item to a store that has been opened; one that its host has closed is opened again."""
        try:
            return await self._writers[database].write(item)
        except Error as error:
            if error.kind != UNAVAILABLE or error.retryable is not False:
                raise
        return await (await self.open(database)).write(item)

    async def locate(self, reference: str) -> tuple[str, RunRow]:
        """Return the run that a PID, workflow id or run id means, and the database that has it.

        Raises:
            Error: kind NotFound, when no store has it.
        """
        database = await self._holder(reference)
        return database, await self.read(database, lambda reader: find(reader, reference))

    def opened(self) -> list[str]:
        """Return the databases that have been opened, the default one first."""
        return sorted(self._writers)

    async def _holder(self, reference: str) -> str:
        cluster = "; runs on a temporal.worker are seen while a node runs" if self._registry.find(_CLUSTER) else ""
        missing = not_found(f"no run {reference!r}: no store has been made here yet{cluster}")
        for database in sorted(self._writers):
            try:
                await self.read(database, lambda reader: find(reader, reference))
            except Error as error:
                if error.kind != NOT_FOUND:
                    raise
                missing = error
            else:
                return database
        raise missing

    def is_shared(self, database: str) -> bool:
        """Tell whether other machines may write to a store that is open."""
        writer = self._writers.get(database)
        return writer is not None and writer.shared

    async def read(self, database: str, read: Callable[[Reader], T]) -> T:
        """Read a store; one that its host has closed is opened again."""
        try:
            return await self._writers[database].read(read)
        except Error as error:
            if error.kind != UNAVAILABLE or error.retryable is not False:
                raise
        return await (await self.open(database)).read(read)

    def _place(self, name: str) -> str:
        database = self.database(name)
        return MEMORY if database is None else database.place

    def _store(self, name: str) -> Store:
        database = self.database(name)
        if database is None:
            return MemoryStore()
        if isinstance(database, Sqlite):
            database.path.parent.mkdir(parents=True, exist_ok=True)
        return open_store(database)
