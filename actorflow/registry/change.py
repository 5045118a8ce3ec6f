"""Changes of a live registry as values: what is asked, what was done, and what others hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from actorflow.registry.draft import Draft

if TYPE_CHECKING:
    from actorflow.registry.registry import Registry

Verb: TypeAlias = Literal["create", "update", "delete"]
VERBS: Final[tuple[Verb, ...]] = ("create", "update", "delete")

KEEP: Final = object()
"""In an update: this part of the entry stays as it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """One wish: create, update or delete the entry `id`; a part that is `KEEP` stays, or is empty when it is created.

    Attributes:
        verb: what to do. id: registry id.
        kind, meta, data: the entry as it shall be; not used by a deletion.
    """

    verb: Verb
    id: str
    kind: Any = KEEP
    meta: Any = KEEP
    data: Any = KEEP


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a version did: the draft before it (None: created) and after it (None: deleted)."""

    id: str
    before: Draft | None
    after: Draft | None

    @property
    def verb(self) -> Verb:
        """What was done."""
        return "create" if self.before is None else "delete" if self.after is None else "update"

    def undone(self) -> Operation:
        """Return the operation that takes this one back."""
        return Operation(self.id, self.after, self.before)


@dataclass(frozen=True, slots=True)
class Version:
    """A state of the registry: which one it was made from, when, and what was done to it.

    Attributes:
        id: 1 is what the files say, later ones count up.
        previous: the version it was made from; 0 for the first.
        at: Unix nanoseconds.
        operations: what was done, in the order of the ids.
    """

    id: int
    previous: int
    at: int
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """What others hear when the registry has changed; `registry` is already current.

    Attributes:
        version: the version that is current now.
        operations: what differs from the version before it.
        registry: the entries now. before: the entries until now.
        outdated: entries that existed before and whose code is another now, each with the ids that changed in it: its
            own, or libraries it imports. Processes running the old code go on with it.
    """

    version: Version
    operations: tuple[Operation, ...]
    registry: Registry
    before: Registry
    outdated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def ids(self, verb: Verb) -> tuple[str, ...]:
        """Return the ids that were created, updated or deleted."""
        return tuple(operation.id for operation in self.operations if operation.verb == verb)
