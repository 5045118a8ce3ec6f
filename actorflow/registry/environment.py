"""The environment: what `${env:NAME}` and scripts find under a name, through `env.variable` entries and their storages.

A variable is asked for by its public name or by its entry's id. Its storage answers first, then its own default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from actorflow.errors import invalid, not_found
from actorflow.registry.env_storage import EnvStorage, FileStorage, FixedStorage, MemoryEnvStorage, RouterStorage
from actorflow.registry.kinds.env_storage_file import EnvStorageFile
from actorflow.registry.kinds.env_storage_memory import EnvStorageMemory
from actorflow.registry.kinds.env_storage_os import EnvStorageOs
from actorflow.registry.kinds.env_storage_router import EnvStorageRouter
from actorflow.registry.kinds.env_storage_static import EnvStorageStatic
from actorflow.registry.kinds.env_variable import EnvVariable
from actorflow.registry.kinds.fields import Plain
from actorflow.registry.yaml_file import plain_scalar

ENVIRONMENT_KINDS: Final = "env."
"""How the kinds begin that say what the environment is."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable: the id of its entry, and what the entry says."""

    id: str
    config: EnvVariable

    @property
    def key(self) -> str:
        """What its storage knows it by: its public name, else the name of its entry."""
        return self.config.variable or self.id.partition(":")[2]


class Environment:
    """The variables of a node; storages are made when first asked for, and then keep what was set."""

    def __init__(self, directory: Path, system: Mapping[str, str]) -> None:
        """Declare nothing: all variables are those of the operating system.

        Args:
            directory: what the path of a file storage is relative to.
            system: the variables of the operating system.
        """
        self._directory = directory
        self._system = FixedStorage("the environment of the operating system", system)
        self._configs: Mapping[str, Any] = {}
        self._storages: dict[str, EnvStorage] = {}
        self._variables: list[Variable] = []
        self._known: dict[str | None, Variable] = {}

    def declare(self, configs: Mapping[str, Any]) -> None:
        """Take the checked entries of `env.*` kinds by id, in place of those before.

        A storage whose entry is the same as before keeps what was set in it; broken entries (None) are passed over.
        """
        same = {entry for entry, config in configs.items() if config == self._configs.get(entry)}
        self._storages = {
            entry: storage
            for entry, storage in self._storages.items()
            if entry in same and not isinstance(storage, RouterStorage)  # which holds others, that may have changed
        }
        self._configs = dict(configs)
        self._variables = [Variable(entry, item) for entry, item in configs.items() if isinstance(item, EnvVariable)]
        names = {variable.config.variable: variable for variable in reversed(self._variables)}
        self._known = {**names, **{variable.id: variable for variable in self._variables}}

    def declared(self, name: str) -> Variable | None:
        """Return the variable with a public name or entry id, None when no entry declares it."""
        return self._known.get(name)

    @property
    def variables(self) -> Iterable[Variable]:
        """The declared variables, in the order of their entries."""
        return self._variables

    def read(self, variable: Variable) -> str | None:
        """Return what a variable's storage holds, else its default as text, None when it has no value.

        Raises:
            Error: when its storage is missing, unusable, or part of a ring of routers.
        """
        value = self.storage(variable).get(variable.key)
        return text_of(variable.config.default) if value is None else value

    def get(self, name: str) -> Plain | None:
        """Return what a placeholder stands for: a declared variable's value, else the operating system's, else None.

        A variable with a default that is a boolean or a number has a value of that sort.

        Raises:
            Error: when the variable's storage cannot be used.
        """
        variable = self.declared(name)
        value = None if variable is None else self.read(variable)
        if variable is None or value is None:
            return self._system.get(name)
        return value if isinstance(variable.config.default, str | None) else plain(value)

    def storage(self, variable: Variable) -> EnvStorage:
        """Return the storage of a variable.

        Raises:
            Error: kind NotFound, when there is no such storage; kind Invalid, when it leads to itself.
        """
        storage = variable.config.storage
        return self._system if storage is None else self._opened(storage, ())

    def _opened(self, entry: str, through: tuple[str, ...]) -> EnvStorage:
        if entry in through:
            raise invalid(f"storages of variables lead in a ring: {' → '.join((*through, entry))}")
        if entry not in self._storages:
            self._storages[entry] = self._made(entry, (*through, entry))
        return self._storages[entry]

    def _made(self, entry: str, through: tuple[str, ...]) -> EnvStorage:
        match self._configs.get(entry):
            case EnvStorageOs():
                return self._system
            case EnvStorageMemory(values=values):
                return MemoryEnvStorage(_texts(values))
            case EnvStorageStatic(values=values):
                return FixedStorage(entry, _texts(values))
            case EnvStorageFile() as config:
                path = self._directory / config.file_path
                return FileStorage(path, create=config.auto_create, mode=config.file_mode)
            case EnvStorageRouter(storages=storages):
                return RouterStorage([self._opened(storage, through) for storage in storages])
        raise not_found(f"no storage of variables {entry!r}: expected the id of an env.storage.* entry that is sound")


def plain(text: str) -> Plain:
    """Return a text as the boolean or number that it spells in YAML, else as it is."""
    value = plain_scalar(text)
    return value if isinstance(value, bool | int | float) else text


def text_of(value: Plain | None) -> str | None:
    """Return a plain value as text: booleans are `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _texts(values: Mapping[str, Plain]) -> dict[str, str]:
    return {name: text_of(value) or "" for name, value in values.items()}
