"""The history of a live registry: its versions as a tree, and the way from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from actorflow.errors import not_found
from actorflow.registry.change import Operation, Version

KEPT: Final = 1_000
"""How many versions are kept; the oldest that nothing leads over is forgotten first."""


class History:
    """All versions that are kept, and which one is current.

    Versions form a tree: going back to one and changing it begins a branch. A version is kept as what it did, so it
    costs what it changed; the entries of any other are those of now, with the operations on the way there.
    """

    def __init__(self, first: Version, kept: int = KEPT) -> None:
        """Begin with a first version."""
        self._versions = {first.id: first}
        self._last = first.id
        self._kept = kept
        self.current = first

    def versions(self) -> tuple[Version, ...]:
        """Return the versions, oldest first."""
        return tuple(self._versions.values())

    def version(self, version_id: int) -> Version:
        """Return a version.

        Raises:
            Error: kind NotFound.
        """
        found = self._versions.get(version_id)
        if found is None:
            first = next(iter(self._versions))
            kept = f"kept are {first} to {self._last}" if len(self._versions) > 1 else f"there is only {first}"
            raise not_found(f"no version {version_id} of the registry; {kept}", version=version_id)
        return found

    def add(self, operations: Iterable[Operation], at: int) -> Version:
        """Add a version made from the current one, and make it current."""
        self._last += 1
        self.current = Version(self._last, self.current.id, at, tuple(operations))
        self._versions[self._last] = self.current
        self._forget()
        return self.current

    def move(self, version_id: int) -> None:
        """Make a version current."""
        self.current = self.version(version_id)

    def way(self, version_id: int) -> tuple[Operation, ...]:
        """Return the operations that lead from the current version to another one, in order.

        Raises:
            Error: kind NotFound, also when a version between them is no longer kept.
        """
        target = self.version(version_id)
        here, there = self._line(self.current), self._line(target)
        shared = next((version.id for version in here if version in there), None)
        if shared is None:
            raise not_found(f"no way to version {version_id} of the registry: one between is no longer kept")
        back = [operation.undone() for version in here if version.id > shared for operation in version.operations]
        forth = [version for version in there if version.id > shared]
        return (*back, *(operation for version in reversed(forth) for operation in version.operations))

    def _line(self, version: Version) -> list[Version]:
        """Return a version with all it was made from, itself first."""
        line = [version]
        while (previous := self._versions.get(line[-1].previous)) is not None:
            line.append(previous)
        return line

    def _forget(self) -> None:
        """Forget the oldest versions beyond the limit; the line of the current one is forgotten from its far end."""
        while len(self._versions) > self._kept:
            oldest = next(iter(self._versions))
            del self._versions[oldest]
