"""Kinds: what entries there can be. Found through the entry-point group `actorflow.kinds`, ours like anybody's."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Final

from pydantic import BaseModel

from actorflow.errors import unavailable
from actorflow.registry.fault import Fault

GROUP: Final = "actorflow.kinds"


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
        except (ImportError, AttributeError, ValueError) as error:
            raise unavailable(f"kind {self.name}: cannot import {self.factory}: {error}", kind=self.name) from error


def installed_kinds() -> tuple[dict[str, Kind], list[Fault]]:
    """Return the declarations of all installed kinds by name, and a notice for each that cannot be used."""
    kinds: dict[str, Kind] = {}
    faults: list[Fault] = []
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
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
    return Fault("notice", f"entry point {GROUP}", 0, f"{point.name} = {point.value}", got, expected)
