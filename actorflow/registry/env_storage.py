"""Storages of environment variables: the operating system's, a file's, fixed ones, ones in memory, and chains of them.

A storage answers `get` and `all`; one that can be written has `set`. Names and values are text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from actorflow.errors import PERMISSION_DENIED, UNAVAILABLE, Error, invalid
from actorflow.registry.env_file import parse_lines, replace_file, with_variable


class EnvStorage(Protocol):
    """Where variables are kept."""

    def get(self, name: str) -> str | None:
        """Return the value of a variable, None when it has none.

        Raises:
            Error: kind Unavailable, when the storage cannot be read.
        """
        ...

    def set(self, name: str, value: str) -> None:
        """Give a variable a value.

        Raises:
            Error: kind PermissionDenied, when the storage is read-only; Unavailable, when it cannot be written.
        """
        ...


class FixedStorage:
    """Variables that nobody changes: those of the operating system, or the `values` of an `env.storage.static`."""

    def __init__(self, what: str, values: Mapping[str, str]) -> None:
        """Serve `values`; `what` names the storage in messages."""
        self._what = what
        self._values = values

    def get(self, name: str) -> str | None:
        """Return the value of a variable, None when it has none."""
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:  # noqa: ARG002 - the storage's signature
        """Refuse: kind PermissionDenied."""
        message = f"cannot set {name}: {self._what} is read-only; keep it in an env.storage.memory or .file"
        raise Error(message, PERMISSION_DENIED, retryable=False)


class MemoryEnvStorage:
    """Variables in memory: gone when the node stops."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Begin with `values`."""
        self._values = dict(values)

    def get(self, name: str) -> str | None:
        """Return the value of a variable, None when it has none."""
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        """Give a variable a value."""
        self._values[name] = value


class FileStorage:
    """Variables in a file of `NAME=value` lines, read again whenever it has changed."""

    def __init__(self, path: Path, *, create: bool, mode: int) -> None:
        """Use the file at `path`; with `create` a missing one counts as empty and is made by the first `set`."""
        self._path = path
        self._create = create
        self._mode = mode
        self._seen: tuple[int, int, int] | None = None
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Return the value of a variable, None when it has none."""
        try:
            about = self._path.stat()
            version = (about.st_mtime_ns, about.st_size, about.st_ino)
            if version != self._seen:
                self._values, self._seen = parse_lines(self._path.read_text(encoding="utf-8")), version
        except FileNotFoundError as error:
            if not self._create:
                raise self._unusable("read", error) from error
            self._values, self._seen = {}, None
        except (OSError, ValueError) as error:
            raise self._unusable("read", error) from error
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        """Give a variable a value; the other lines of the file stay as they are."""
        if "\0" in value:
            raise invalid(f"cannot set {name}: got text with a zero byte, expected text without")
        try:
            exists = self._path.exists()
            if not exists and self._create:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            old = self._path.read_text(encoding="utf-8") if exists or not self._create else ""
            mode = self._path.stat().st_mode & 0o777 if exists else self._mode
            replace_file(self._path, with_variable(old, name, value), mode)
        except (OSError, ValueError) as error:
            raise self._unusable("write", error) from error
        self._seen = None

    def _unusable(self, verb: str, error: Exception) -> Error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = "; make it, or write auto_create: true" if isinstance(error, FileNotFoundError) else ""
        return Error(f"cannot {verb} the variables in {self._path}: {text}{hint}", UNAVAILABLE, retryable=True)


class RouterStorage:
    """A chain of storages: the first that has a variable answers; what is set goes to the first of all."""

    def __init__(self, storages: Sequence[EnvStorage]) -> None:
        """Ask `storages` in this order."""
        self._storages = tuple(storages)

    def get(self, name: str) -> str | None:
        """Return the value of a variable, None when none of the storages has one."""
        return next((value for storage in self._storages if (value := storage.get(name)) is not None), None)

    def set(self, name: str, value: str) -> None:
        """Give a variable a value in the first storage."""
        self._storages[0].set(name, value)
