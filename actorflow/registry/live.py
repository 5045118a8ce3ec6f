"""The live registry: its entries can change while the node runs, as a whole or not at all, and every version is kept.

It answers like a `Registry`, always with the entries of now. All of it is called in the node's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from actorflow.bundle import Bundle
from actorflow.clock import Clock, SystemClock
from actorflow.registry.change import Change, Operation, Revision, Version
from actorflow.registry.changing import Proposal, outdated_by
from actorflow.registry.dependency import boot_order, find_edges
from actorflow.registry.draft import Draft
from actorflow.registry.environment import ENVIRONMENT_KINDS, Environment
from actorflow.registry.fault import Fault
from actorflow.registry.history import History
from actorflow.registry.node_file import NodeSection
from actorflow.registry.registry import Entry, Graph, Registry
from actorflow.registry.workbench import Workbench

Verify = Callable[[Entry, Registry], None]
"""Raises `Error` when the code of an entry cannot be used, e.g. because it does not compile."""

Judge = Callable[[tuple[Operation, ...], Registry, Registry], None]
"""Raises `Error` when the entries of now (second) may not become others (third) by these operations."""

Listener = Callable[[Revision], None]

FIRST: Final = 1
"""The version that the files are."""
_SEEN: Final = 8
"""How many versions besides the current one are kept ready for those who look at them."""


def _accept(*_asked: Any) -> None:
    """Take everything: who has no compiler and no services asks nobody."""


class LiveRegistry:
    """All entries of a node.

    Attributes:
        environment: the variables that its entries declare.
        strict: whether the files beside the registry ask for strict security. node: what they say of the node itself.
        verify: looks at the code of each entry before it changes. judge: looks at a change as a whole. Both are set by
            the composition root.
    """

    def __init__(  # noqa: PLR0913 - what a load finds
        self,
        drafts: Mapping[str, Draft],
        workbench: Workbench,
        faults: Iterable[Fault] = (),
        clock: Clock | None = None,
        environment: Environment | None = None,
        *,
        strict: bool = False,
        node: NodeSection | None = None,
    ) -> None:
        """Begin with linked drafts, with faults that are not theirs, and with the environment that drafts declare."""
        self.strict = strict
        self.node = node or NodeSection()
        self._drafts = dict(drafts)
        self._workbench = workbench
        self._faults = tuple(faults)
        self._clock = clock or SystemClock()
        self._listeners: list[Listener] = []
        self._seen: dict[int, Registry] = {}
        self._history = History(Version(FIRST, 0, self._clock.now()))
        self._snapshot = self._registry(self._drafts, {entry: Entry.of(draft) for entry, draft in drafts.items()})
        self.environment = environment or Environment(Path(), {})
        self.verify: Verify = _accept
        self.judge: Judge = _accept

    # ---- the entries of now ------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Registry:
        """The entries of now, as a value that does not change."""
        return self._snapshot

    def __len__(self) -> int:
        return len(self._snapshot)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._snapshot

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._snapshot)

    @property
    def order(self) -> tuple[str, ...]:
        """See `Registry.order`."""
        return self._snapshot.order

    @property
    def faults(self) -> tuple[Fault, ...]:
        """See `Registry.faults`."""
        return self._snapshot.faults

    @property
    def fatal(self) -> tuple[Fault, ...]:
        """See `Registry.fatal`."""
        return self._snapshot.fatal

    def entry(self, entry_id: str, /) -> Entry:
        """See `Registry.entry`."""
        return self._snapshot.entry(entry_id)

    def find(self, kind: str = "*", **meta: Any) -> tuple[Entry, ...]:
        """See `Registry.find`."""
        return self._snapshot.find(kind, **meta)

    def bundle(self, entry_id: str, /) -> Bundle:
        """See `Registry.bundle`."""
        return self._snapshot.bundle(entry_id)

    def dependencies(self, entry_id: str, /) -> tuple[str, ...]:
        """See `Registry.dependencies`."""
        return self._snapshot.dependencies(entry_id)

    # ---- versions ----------------------------------------------------------------------------------------------

    @property
    def version(self) -> Version:
        """The version that is current."""
        return self._history.current

    def versions(self) -> tuple[Version, ...]:
        """Return all versions that are kept, oldest first."""
        return self._history.versions()

    def get_version(self, version_id: int) -> Version:
        """Return a version that is kept.

        Raises:
            Error: kind NotFound, naming those that are.
        """
        return self._history.version(version_id)

    def at(self, version_id: int) -> Registry:
        """Return the entries of a version as they were.

        Raises:
            Error: kind NotFound, when it does not exist or is no longer kept.
        """
        if version_id == self.version.id:
            return self._snapshot
        if version_id not in self._seen:
            drafts = self._moved(self._history.way(version_id))
            self._seen[version_id] = self._registry(drafts, {entry: Entry.of(drafts[entry]) for entry in drafts})
            while len(self._seen) > _SEEN:
                del self._seen[next(iter(self._seen))]
        return self._seen[version_id]

    # ---- changing ----------------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every revision, after it has become current; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, changes: Iterable[Change]) -> Version:
        """Make a new version by changes, in order; all of them, or none.

        Entries that import a changed library are compiled again with it when they are used next. Whatever runs goes on
        with the code it was started with.

        Raises:
            Error: AlreadyExists or NotFound when that is all that is wrong, else Invalid; the message has all faults,
                and `details.faults` has them one by one. Also those that other entries get by the change, and services
                that would need each other in a circle.
        """
        proposal = Proposal(self._drafts, self._workbench)
        for change in changes:
            proposal.take(change)
        proposal.link()
        candidate = self._candidate(proposal.drafts, proposal.affected)
        proposal.verify(candidate, self.verify)
        proposal.require()
        self.judge(proposal.operations(), self._snapshot, candidate)
        version = self._history.add(proposal.operations(), self._clock.now())
        self._become(proposal.drafts, candidate, version.operations, proposal.affected)
        return version

    def apply_version(self, version_id: int) -> Version:
        """Go back, or forward, to the entries of a version; it is current then.

        Raises:
            Error: kind NotFound, when it does not exist or is no longer kept.
        """
        operations = self._history.way(version_id)
        proposal = Proposal(self._drafts, self._workbench)
        proposal.replay(operations)
        proposal.link()
        candidate = self._candidate(proposal.drafts, proposal.affected)
        self.judge(proposal.operations(), self._snapshot, candidate)
        self._history.move(version_id)
        self._become(proposal.drafts, candidate, proposal.operations(), proposal.affected)
        return self.version

    def _become(
        self, drafts: dict[str, Draft], registry: Registry, operations: tuple[Operation, ...], affected: set[str]
    ) -> None:
        before, self._drafts, self._snapshot = self._snapshot, drafts, registry
        self._seen.pop(self.version.id, None)
        changed = {operation.id for operation in operations}
        if any(_declares(registry, entry) or _declares(before, entry) for entry in affected | changed):
            self.environment.declare({entry.id: entry.config for entry in registry.find(f"{ENVIRONMENT_KINDS}*")})
        outdated = outdated_by(changed, before, registry, affected)
        revision = Revision(self.version, operations, registry, before, outdated)
        for listener in tuple(self._listeners):
            listener(revision)

    def _candidate(self, drafts: Mapping[str, Draft], affected: set[str]) -> Registry:
        entries = {entry.id: entry for entry in self._snapshot if entry.id in drafts}
        entries |= {entry: Entry.of(drafts[entry]) for entry in affected}
        kept = {entry: bundle for entry, bundle in self._snapshot.bundles.items() if entry in entries}
        return self._registry(drafts, entries, {entry: kept[entry] for entry in kept.keys() - affected})

    def _moved(self, operations: Iterable[Operation]) -> dict[str, Draft]:
        """Return the drafts of now after `operations`, linked."""
        proposal = Proposal(self._drafts, self._workbench)
        proposal.replay(operations)
        proposal.link()
        return proposal.drafts

    def _registry(
        self, drafts: Mapping[str, Draft], entries: Mapping[str, Entry], bundles: Mapping[str, Bundle] | None = None
    ) -> Registry:
        def graph() -> Graph:
            edges = find_edges(drafts)
            return boot_order(edges)[0], edges

        return Registry(entries, graph, self._faults, bundles or {})


def _declares(registry: Registry, entry: str) -> bool:
    return entry in registry and registry.entry(entry).kind.startswith(ENVIRONMENT_KINDS)


AnyRegistry: TypeAlias = Registry | LiveRegistry
"""What can be asked for entries: as they were at one time, or as they are whenever it is asked."""
