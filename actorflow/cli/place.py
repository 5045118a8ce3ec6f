"""Where a command works: on a running node, over its control socket, or on a registry and data directory itself."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from actorflow.errors import CONFLICT, Error, not_found, unavailable
from actorflow.node.data import DataDirectory, data_path, holder

if TYPE_CHECKING:
    from actorflow.app import Booted
    from actorflow.node.control_client import ControlClient
    from actorflow.node.guard import Guard
    from actorflow.store.database import Database
    from actorflow.store.dialect import Sqlite
    from actorflow.store.stores import Stores
    from actorflow.store.vault import Vault

T = TypeVar("T")

_CUSTOMARY: Final = "config"
DEFAULT_TIMEOUT: Final = 30.0


@dataclass(frozen=True)
class Place:
    """A registry, its data directory, and the overrides for it."""

    directory: Path
    data: Path
    overrides: tuple[str, ...] = ()

    @classmethod
    def of(cls, directory: Path | None, data: Path | None, overrides: Sequence[str] | None = None) -> Place:
        """Return the place that the options of a command name."""
        chosen = directory or _customary()
        return cls(chosen, data_path(chosen, data, os.environ), tuple(overrides or ()))

    @property
    def running(self) -> bool:
        """Whether a node (or a command that acts as one) uses the data directory."""
        return holder(self.data) is not None

    def client(self) -> ControlClient:
        """Return a client of the running node.

        Raises:
            Error: kind Unavailable, when there is none; kind Conflict, when overrides are given: it has booted already.
        """
        from actorflow.node.control_client import ControlClient  # noqa: PLC0415 - loads pynng

        if not self.running:
            what = f"no node runs on data directory {self.data}"
            raise unavailable(f"{what}: start one with `actorflow up {self.directory}`, or name it with -C or --data")
        if self.overrides:
            message = "-o has no effect on a node that runs already: give it to `actorflow up`, or leave it out"
            raise Error(message, CONFLICT, retryable=False)
        return ControlClient(self.data)

    def ask(self, verb: str, args: Mapping[str, Any], timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Ask the running node, or without one the stores themselves; for the verbs about runs."""
        if self.running:
            return self.client().request(verb, args, timeout)

        async def answer(stores: Stores) -> Any:
            from actorflow.app import languages  # noqa: PLC0415
            from actorflow.cli.replaying import replaying  # noqa: PLC0415
            from actorflow.clock import SystemClock  # noqa: PLC0415
            from actorflow.store.judging import judge_of  # noqa: PLC0415
            from actorflow.store.operator import Operator  # noqa: PLC0415
            from actorflow.store.operator_verb import operator_verbs  # noqa: PLC0415
            from actorflow.store.run_verb import run_verbs  # noqa: PLC0415

            verbs = run_verbs(stores, served=False, look=replaying(stores))
            verbs |= operator_verbs(Operator(stores, SystemClock(), judge=judge_of(stores, languages)))
            return await verbs[verb](args)

        return self.on_stores(answer)

    def guard(self) -> Guard:
        """Return the guard of the registry, as a node that serves it would have it."""
        from actorflow.app import live_registry  # noqa: PLC0415
        from actorflow.node.guard import Guard  # noqa: PLC0415

        registry = live_registry(self.directory, self.overrides)
        guard = Guard(registry)
        guard.strict = registry.strict
        return guard

    def paths(self) -> dict[str, Path]:
        """Return where each database of the registry's hosts is, made or not, by its name, "" for the default one."""
        return self._stores().paths()

    def databases(self) -> dict[str, Database]:
        """Return the databases of the registry's hosts that have been made or are on servers, by name.

        Raises:
            Error: kind NotFound, when there is none.
        """
        found = self._stores().databases()
        if not found:
            raise not_found(f"no store in data directory {self.data}: name another with -C or --data")
        return found

    def files(self) -> list[Sqlite]:
        """Return the databases that are files and have been made, the default one first.

        Raises:
            Error: kind NotFound, when there is none.
        """
        found = list(self._stores().files().values())
        if not found:
            raise not_found(f"no store in data directory {self.data}: name another with -C or --data")
        return found

    def database_at(self, where: str, vault: Vault | None = None) -> Database:
        """Return the database that a URL or the id of a `db.sql.*` entry names; values at a URL are kept as in `vault`.

        Raises:
            Error: kind NotFound or Invalid, when there is none that works here.
        """
        from actorflow.errors import invalid  # noqa: PLC0415
        from actorflow.store.opening import database_at  # noqa: PLC0415
        from actorflow.store.vault import Vault  # noqa: PLC0415

        if "://" in where:
            return database_at(where, vault or Vault())
        found = self._stores().database(where)
        if found is None:
            raise invalid(f"{where} is in memory: runs move between files and servers")
        return found

    def _stores(self) -> Stores:
        from actorflow.app import read_registry  # noqa: PLC0415
        from actorflow.store.stores import Stores  # noqa: PLC0415

        return Stores(self.data, read_registry(self.directory, self.overrides))

    def on_stores(self, action: Callable[[Stores], Awaitable[T]]) -> T:
        """Run `action` on the stores of the data directory, which no node may be using."""
        import trio  # noqa: PLC0415

        return trio.run(self._on_stores, action)

    async def _on_stores(self, action: Callable[[Stores], Awaitable[T]]) -> T:
        from actorflow.app import read_registry  # noqa: PLC0415
        from actorflow.store.stores import Stores  # noqa: PLC0415

        registry = read_registry(self.directory, self.overrides)
        if not self.data.is_dir() and not Stores(self.data, registry).servers():
            raise not_found(f"no data directory {self.data}: nothing has run there; name another with -C or --data")
        with DataDirectory.claim(self.data) as claimed:
            stores = Stores(claimed.path, registry)
            try:
                await stores.open_existing()
                return await action(stores)
            finally:
                await stores.close()

    @asynccontextmanager
    async def booted(self, *, supervised: bool = False) -> AsyncIterator[Booted]:
        """Boot the registry for the block; logs and notices go to stderr, with `supervised` also what services do."""
        from actorflow.app import boot  # noqa: PLC0415
        from actorflow.cli.report import log_line, note, service_changed  # noqa: PLC0415

        changed = service_changed if supervised else None
        overrides = self.overrides
        async with boot(
            self.directory, data=self.data, overrides=overrides, notices=note, log=log_line, changed=changed
        ) as booted:
            yield booted


def _customary() -> Path:
    custom = Path(_CUSTOMARY)
    return custom if custom.is_dir() else Path()
