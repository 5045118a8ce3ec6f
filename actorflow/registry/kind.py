"""Kinds: what entries there can be. Found through the entry-point group `actorflow.kinds`, ours like anybody's."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Final

from pydantic import BaseModel

from actorflow.errors import unavailable
from actorflow.registry.fault import Fault

GROUP: Final = "actorflow.kinds"
_OURS: Final = "actorflow."


@dataclass(frozen=True)
class Kind:
    """The declaration of one kind, what an entry point of the group names.

    Attributes:
        name: the word written after `kind:`.
        model: checks the fields of an entry; unknown keys are found when it derives from `Config`.
        factory: `module:attribute` of what makes the running thing (a host, a resource), imported when first needed;
            "" when the node itself knows what to do.
        resource: whether the running thing is a resource, used by its id, and no host.
        references: field to the kinds (patterns such as `*.host`) that the entry it names may have.
    """

    name: str
    model: type[BaseModel]
    factory: str = ""
    resource: bool = False
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def service(self) -> bool:
        """Whether its entries are started and stopped: whether they have a `lifecycle`."""
        return "lifecycle" in self.model.model_fields

    def load_factory(self) -> Any:
        """Import and return the factory.

        Raises:
            Error: kind Unavailable, when there is none or it cannot be imported.
        """
        if not self.factory:
            raise unavailable(f"kind {self.name} has no factory", kind=self.name)
        try:
            return pkgutil.resolve_name(self.factory)
        except Exception as error:  # whatever a third party's module raises when imported
            message = f"kind {self.name}: cannot import {self.factory}: {type(error).__name__}: {error}"
            raise unavailable(message, kind=self.name) from error


class Kinds(Mapping[str, Kind]):
    """Declarations by name; ours are imported when they are first asked for: few registries have all kinds."""

    def __init__(self, ours: Mapping[str, metadata.EntryPoint], others: Mapping[str, Kind]) -> None:
        """Take where ours are, and what others have declared."""
        self._ours = ours
        self._known = dict(others)
        self._names = sorted(ours.keys() | others.keys())

    def __getitem__(self, name: str) -> Kind:
        """Return a declaration; raises KeyError when there is none.

        Raises:
            Error: kind Unavailable, when one of ours cannot be imported: the installation is not whole.
        """
        if name not in self._known:
            self._known[name] = _loaded_ours(self._ours[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names)


def installed_kinds() -> tuple[Kinds, list[Fault]]:
    """Return the declarations of all installed kinds by name, and a notice for each that cannot be used."""
    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    declared = Counter(point.name for point in points)
    ours = {point.name: point for point in points if point.value.startswith(_OURS) and declared[point.name] == 1}
    others, faults = _loaded([point for point in points if point.name not in ours])
    return Kinds(ours, others), faults


def _loaded_ours(point: metadata.EntryPoint) -> Kind:
    try:
        kind: Kind = point.load()
    except Exception as error:
        again = "" if point.dist is None else f": pip install --force-reinstall {point.dist.name}"
        message = (
            f"kind {point.name}: entry point {point.name} = {point.value} of {_dist(point)} cannot be imported:"
            f" {type(error).__name__}: {error}; install it again{again}"
        )
        raise unavailable(message, kind=point.name) from error
    return kind


def _dist(point: metadata.EntryPoint) -> str:
    """Return the name and the version of what has been installed with an entry point."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown distribution"


def _loaded(points: list[metadata.EntryPoint]) -> tuple[dict[str, Kind], list[Fault]]:
    kinds: dict[str, Kind] = {}
    faults: list[Fault] = []
    for point in points:
        try:
            kind = point.load()
        except Exception as error:  # noqa: BLE001 - whatever a third party's module raises when imported
            faults.append(_unusable(point, f"{type(error).__name__}: {error}", "an importable declaration"))
            continue
        if not isinstance(kind, Kind) or kind.name != point.name:
            faults.append(_unusable(point, type(kind).__name__, f"a Kind with the name {point.name}"))
        elif kinds.setdefault(kind.name, kind) is not kind:
            faults.append(_unusable(point, "a second declaration of this kind", "one"))
    return kinds, faults


def _unusable(point: metadata.EntryPoint, got: str, expected: str) -> Fault:
    return Fault("notice", f"entry point {GROUP} of {_dist(point)}", 0, f"{point.name} = {point.value}", got, expected)
