"""Programs: the compiled entries of a node, each compiled once per content hash of its bundle."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

from actorflow.bundle import Bundle
from actorflow.errors import Error, invalid, not_found
from actorflow.ports import NO_SLICES, Program

_RECENT: Final = 64
"""Programs that were compiled last: runs that are pinned to one of them may come and go."""


class Entry(Protocol):
    """What a node needs of a registry entry."""

    @property
    def kind(self) -> str:
        """Its kind, e.g. `process.lua`."""
        ...

    @property
    def about(self) -> Any:
        """What its `meta` says, checked; `default_host` is read."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Its default call options."""
        ...

    @property
    def config(self) -> Any:
        """Its checked fields: the kind's model, or a mapping."""
        ...

    def require(self) -> None:
        """Do nothing, or raise the entry's own fault."""
        ...


class Registry(Protocol):
    """What a node needs of the registry."""

    def entry(self, entry_id: str, /) -> Entry:
        """Return an entry; raises `Error` NotFound, with the closest id, when there is none."""
        ...

    def bundle(self, entry_id: str, /) -> Bundle:
        """Return the source of an entry with its libraries; raises the entry's fault when it is broken."""
        ...


class Language(Protocol):
    """What a node needs of a language."""

    def compile(self, bundle: Bundle, /, *, durable: bool = False, slices: Mapping[str, int] = NO_SLICES) -> Program:
        """Return the program of a bundle; raises `Error` Invalid, naming file and line, when it does not compile.

        `slices` is `limits.slice` of the host (nanoseconds), over which the entry writes its own.
        """
        ...


class Programs:
    """The programs of one node: those of entries as they are now, those that run, and some that were used lately."""

    def __init__(self, registry: Registry, languages: Mapping[str, Language]) -> None:
        """Make an empty cache; `languages` maps the last part of a kind (`lua`, `py`) to its language."""
        self._registry = registry
        self._languages = languages
        self._by_id: dict[tuple[Any, ...], tuple[Bundle, Program]] = {}
        self._processes: dict[tuple[Any, ...], tuple[Bundle, Program]] = {}
        self._by_hash: WeakValueDictionary[tuple[Any, ...], Program] = WeakValueDictionary()
        self._recent: deque[Program] = deque(maxlen=_RECENT)

    def process(self, entry_id: str, slices: Mapping[str, int] = NO_SLICES) -> Program:
        """Return the program of a process or workflow entry, as registered now; see `check_process`."""
        key = (entry_id, *_written(slices))
        known = self._processes.get(key)
        if known is not None and self._is_current(entry_id, known[0]):
            return known[1]
        self.check_process(entry_id)
        program = self.current(entry_id, slices)
        self._processes[key] = self._by_id[key]
        return program

    def _is_current(self, entry_id: str, bundle: Bundle) -> bool:
        try:
            return self._registry.bundle(entry_id) is bundle
        except Error:
            return False

    def check_process(self, entry_id: str) -> None:
        """Do nothing if an entry can be spawned.

        Raises:
            Error: kind NotFound when there is no such entry or it is no process, or the entry's own fault.
        """
        try:
            entry = self._registry.entry(entry_id)
        except Error as error:
            raise not_found(f"factory not found: {error.message}") from None
        family, _, language = entry.kind.partition(".")
        if family not in {"process", "workflow"} or language not in self._languages:
            hint = "; call it with funcs.call" if family == "function" else ""
            raise not_found(f"factory not found: {entry_id!r} is a {entry.kind}, expected a process or workflow{hint}")
        entry.require()

    def current(self, entry_id: str, slices: Mapping[str, int] = NO_SLICES) -> Program:
        """Return the program of an entry's source as registered now, to be run by a host that is not durable."""
        bundle = self._registry.bundle(entry_id)
        key = (entry_id, *_written(slices))
        known = self._by_id.get(key)
        if known is not None and known[0] is bundle:
            return known[1]
        program = self.compiled(bundle, durable=False, slices=slices)
        self._by_id[key] = (bundle, program)
        return program

    def compiled(self, bundle: Bundle, *, durable: bool, slices: Mapping[str, int] = NO_SLICES) -> Program:
        """Return the program of a bundle; `durable` holds it to the rules of durable runs, `slices` are the host's.

        Raises:
            Error: kind Invalid, naming file and line, when it does not compile.
        """
        key = (bundle.hash, durable, *_written(slices))
        program = self._by_hash.get(key)
        if program is None:
            language = self._languages.get(bundle.language)
            if language is None:
                known = ", ".join(sorted(self._languages)) or "none"
                raise invalid(f"{bundle.id}: no language for kind {bundle.kind!r}; this node has: {known}")
            program = self._by_hash[key] = language.compile(bundle, durable=durable, slices=slices)
            self._recent.append(program)
        return program


def _written(slices: Mapping[str, int]) -> tuple[int, ...]:
    """Return what a host writes about slices and memory as part of a key; 0 where it writes nothing."""
    if not slices:
        return _NOTHING_WRITTEN
    return tuple(slices.get(name, 0) for name in ("warn", "kill", "memory_warn", "memory_kill"))


_NOTHING_WRITTEN: Final = (0, 0, 0, 0)
