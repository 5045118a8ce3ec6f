"""The registry as everything else sees it: an immutable snapshot of entries by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel

from actorflow.bundle import Bundle
from actorflow.errors import invalid, not_found
from actorflow.names import parse_id
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Fault, Suggester
from actorflow.registry.kind import Kind
from actorflow.registry.meta import Meta
from actorflow.registry.text_file import Origin


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        id: its registry id. kind: its kind.
        meta: its metadata, raw, the file's merged in. data: its fields, raw: placeholders are still placeholders.
        config: its fields resolved and checked, an instance of its kind's model; None when it is broken or its kind
            unknown.
        about: what actorflow reads in `meta`, resolved and checked.
        faults: what is wrong with it, notices included.
        file: where it is written. line: the line there, from 1.
        origin: where its `source` text is.
        declaration: its kind's declaration, None when the kind is unknown.
    """

    id: str
    kind: str
    meta: Mapping[str, Any]
    data: Any
    config: Any = None
    about: Meta = field(default_factory=Meta)
    faults: tuple[Fault, ...] = ()
    file: str = ""
    line: int = 0
    origin: Origin = field(default_factory=lambda: Origin(""))
    declaration: Kind | None = None

    @classmethod
    def of(cls, draft: Draft) -> Entry:
        """Return the entry of a draft that was decoded and linked."""
        return cls(
            id=draft.id,
            kind=draft.kind,
            meta=draft.meta,
            data=draft.data,
            config=draft.config if not draft.broken else None,
            about=draft.about,
            faults=tuple(draft.faults),
            file=draft.file,
            line=draft.mark.line,
            origin=draft.origin(("source",)),
            declaration=draft.declaration,
        )

    @property
    def namespace(self) -> str:
        """The part of its id before the first colon."""
        return parse_id(self.id).namespace

    @property
    def name(self) -> str:
        """The part of its id after the first colon."""
        return parse_id(self.id).name

    @property
    def broken(self) -> bool:
        """Whether one of its faults is more than a notice."""
        return any(fault.scope != "notice" for fault in self.faults)

    @property
    def service(self) -> bool:
        """Whether it is started and stopped."""
        return self.declaration is not None and self.declaration.service

    @property
    def options(self) -> Mapping[str, Any]:
        """The default call options: `meta.options`, overlaid by the field `options`."""
        return {**self.about.options, **(getattr(self.config, "options", None) or {})}

    def require(self) -> None:
        """Do nothing if the entry can be used.

        Raises:
            Error: kind Invalid, its first fault, when it is broken; also when its kind is unknown.
        """
        for fault in self.faults:
            if fault.scope != "notice":
                raise fault.error()
        if self.declaration is None:
            place = f" ({self.file}:{self.line})" if self.file else ""
            raise invalid(f"{self.id}: nothing installed knows the kind {self.kind!r}{place}")


Graph: TypeAlias = tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]
"""The boot order of all ids, and the ids that each entry depends on."""


class Registry:
    """All entries at one time, in memory; it never changes."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        graph: Callable[[], Graph],
        faults: Iterable[Fault],
        bundles: Mapping[str, Bundle] = MappingProxyType({}),
    ) -> None:
        """Take the entries by id, what finds their dependencies, faults of no entry, and bundles already made."""
        self._entries = MappingProxyType(dict(sorted(entries.items())))
        self._find_graph = graph
        self._loose_faults = tuple(faults)
        self._bundles = dict(bundles)
        self._suggester = Suggester(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._entries

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the entries by id."""
        return iter(self._entries.values())

    @property
    def order(self) -> tuple[str, ...]:
        """All ids, each after those it depends on; the same for the same files."""
        return self._graph[0]

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that is wrong, by file and line."""
        of_entries = (fault for entry in self for fault in entry.faults)
        return tuple(sorted((*self._loose_faults, *of_entries), key=lambda fault: (fault.file, fault.line, fault.path)))

    @property
    def fatal(self) -> tuple[Fault, ...]:
        """The faults of file scope: while there is one, nothing may start."""
        return tuple(fault for fault in self.faults if fault.scope == "file")

    @property
    def bundles(self) -> Mapping[str, Bundle]:
        """The bundles made so far, by the id of their entry."""
        return self._bundles

    def entry(self, entry_id: str, /) -> Entry:
        """Return an entry, broken or not.

        Raises:
            Error: kind NotFound, with the closest id.
        """
        entry = self._entries.get(entry_id)
        if entry is None:
            suggestion = self._suggester.closest(entry_id)
            hint = f"; did you mean {suggestion}?" if suggestion else ""
            raise not_found(f"no entry {entry_id!r} in the registry{hint}", entry=entry_id)
        return entry

    def find(self, kind: str = "*", **meta: Any) -> tuple[Entry, ...]:
        """Return the entries of a kind (a pattern such as `function.*`) whose meta has these values, by id.

        A list in meta matches when it holds the value.
        """
        return tuple(entry for entry in self if fnmatchcase(entry.kind, kind) and _matches(entry.meta, meta))

    def bundle(self, entry_id: str, /) -> Bundle:
        """Return the source of an entry with its libraries; the same object each time.

        Raises:
            Error: kind NotFound when there is no such entry, Invalid when it is broken or has no source.
        """
        bundle = self._bundles.get(entry_id)
        if bundle is None:
            bundle = self._bundles[entry_id] = self._make_bundle(self.entry(entry_id))
        return bundle

    def dependencies(self, entry_id: str, /) -> tuple[str, ...]:
        """Return the sorted ids of the services an entry depends on, directly or through entries that are none.

        Raises:
            Error: kind NotFound, with the closest id.
        """
        found: set[str] = set()
        seen = {self.entry(entry_id).id}
        edges = self._graph[1]
        waiting = list(edges[entry_id])
        while waiting:
            target = waiting.pop()
            if target in seen:
                continue
            seen.add(target)
            if self._entries[target].service:
                found.add(target)
            else:
                waiting.extend(edges[target])
        return tuple(sorted(found))

    @cached_property
    def _graph(self) -> Graph:
        return self._find_graph()

    def _make_bundle(self, entry: Entry) -> Bundle:
        entry.require()
        config = entry.config
        source, import_path = getattr(config, "source", None), getattr(config, "import_path", "")
        if source is None and not import_path:
            raise invalid(f"{entry.id} is a {entry.kind}, which has no source", entry=entry.id)
        return Bundle(
            id=entry.id,
            kind=entry.kind,
            source=source or "",
            file=entry.origin.file,
            line=entry.origin.line,
            method=getattr(config, "method", ""),
            import_path=import_path,
            modules=config.modules,
            imports={alias: self.bundle(target) for alias, target in config.imports.items()},
            options=_bundle_options(config),
        )


def _bundle_options(config: BaseModel) -> dict[str, Any]:
    """Return the written fields that change what a script does, as plain values."""
    limits, mailbox = getattr(config, "limits", None), getattr(config, "mailbox", None)
    options = {
        "limits": limits.written() if limits is not None else {},
        "packages": list(getattr(config, "packages", ())),
        "isolate": getattr(config, "isolate", False),
        "run": getattr(config, "run", None),
        "mailbox": mailbox.written() if mailbox is not None else {},
        "strict": getattr(config, "strict", None),
        "lock_keys": getattr(config, "locks", ()),
        "queue": getattr(config, "queue", None) if hasattr(config, "locks") else None,
    }
    return {name: value for name, value in options.items() if value}


def _matches(meta: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for key, value in wanted.items():
        found = meta.get(key)
        if found != value and not (isinstance(found, list) and value in found):
            return False
    return True
