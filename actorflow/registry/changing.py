"""A proposal: changes of a live registry tried on copies, with everything that is wrong with them collected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from actorflow.errors import ALREADY_EXISTS, INVALID, NOT_FOUND, Error
from actorflow.names import parse_id
from actorflow.registry.change import KEEP, VERBS, Change, Operation
from actorflow.registry.document import Mark
from actorflow.registry.draft import NO_FILE, Draft
from actorflow.registry.fault import Fault, Suggester, shown
from actorflow.registry.registry import Entry, Registry
from actorflow.registry.workbench import Workbench
from actorflow.value import copy_value

_SOURCE: Final = ("source",)


class Proposal:
    """Changes on their way to be a version.

    Attributes:
        drafts: all drafts as they would be. affected: ids of those that were linked anew.
    """

    def __init__(self, drafts: Mapping[str, Draft], workbench: Workbench) -> None:
        """Begin with the drafts of now, which stay as they are."""
        self.drafts = dict(drafts)
        self.affected: set[str] = set()
        self._before = drafts
        self._workbench = workbench
        self._changed: set[str] = set()
        self._faults: list[tuple[str, Fault]] = []

    # ---- taking changes ----------------------------------------------------------------------------------------

    def take(self, change: Change) -> None:
        """Make one change, or note why it cannot be."""
        if not self._sound(change):
            return
        old = self.drafts.get(change.id)
        if change.verb == "create" and old is not None:
            place = f"{old.file}:{old.mark.line}" if old.file else "a change"
            self._refuse(ALREADY_EXISTS, change.id, f"an entry that exists already ({place})", "an id not used yet")
        elif change.verb != "create" and old is None:
            near = Suggester(self.drafts).closest(change.id)
            self._refuse(NOT_FOUND, change.id, "an entry that does not exist", "the id of an entry", near)
        elif change.verb == "delete":
            del self.drafts[change.id]
            self._changed.add(change.id)
        else:
            draft = _drafted(change, old)
            self._workbench.decode(draft)
            self.drafts[change.id] = draft
            self._changed.add(change.id)

    def replay(self, operations: Iterable[Operation]) -> None:
        """Make operations again that were made before."""
        for operation in operations:
            self._changed.add(operation.id)
            if operation.after is None:
                self.drafts.pop(operation.id, None)
            else:
                self.drafts[operation.id] = operation.after

    def _sound(self, change: Change) -> bool:
        """Tell whether a change has the right shape; note what is wrong with it otherwise."""
        count = len(self._faults)
        entry = change.id if isinstance(change.id, str) else ""
        if change.verb not in VERBS:
            self._refuse(INVALID, entry, f"the change {change.verb!r}", f"one of {', '.join(VERBS)}")
        if not isinstance(change.id, str) or not all(part.strip() for part in parse_id(change.id)):
            self._refuse(INVALID, entry, f"the id {shown(change.id)}", "namespace:name")
        if change.verb != "delete":
            if (change.kind is KEEP and change.verb == "create") or not _is_word(change.kind):
                got = "no kind" if change.kind is KEEP or change.kind is None else f"the kind {shown(change.kind)}"
                self._refuse(INVALID, entry, got, "the kind of the entry, such as function.lua", path="kind")
            if change.meta is not KEEP and not isinstance(change.meta, Mapping):
                self._refuse(INVALID, entry, shown(change.meta), "a map", path="meta")
            self._check_values(change)
        return len(self._faults) == count

    def _check_values(self, change: Change) -> None:
        for part in ("meta", "data"):
            value = getattr(change, part)
            if value is not KEEP:
                try:
                    copy_value(value)
                except Error as error:
                    self._refuse(INVALID, change.id, error.message, "plain data", path=part)

    # ---- judging them ------------------------------------------------------------------------------------------

    def link(self) -> None:
        """Check what changed, and what it has to do with the others."""
        self.affected = self._workbench.affected(self.drafts, self._changed)
        for entry in self.affected:
            self.drafts[entry] = self.drafts[entry].unlinked()
        self._workbench.link(self.drafts, self.affected)

    def verify(self, registry: Registry, verify: Callable[[Entry, Registry], None]) -> None:
        """Try the code of what changed."""
        for entry_id in sorted(self._changed & self.drafts.keys()):
            entry = registry.entry(entry_id)
            if entry.broken or not hasattr(entry.config, "modules"):
                continue
            try:
                verify(entry, registry)
            except Error as error:
                self._refuse(INVALID, entry_id, error.message, "code that can be used", path="source")

    def require(self) -> None:
        """Do nothing if the changes can be made.

        Raises:
            Error: AlreadyExists or NotFound when that is all that is wrong, else Invalid. All faults are in it.
        """
        found = [*self._faults, *((INVALID, fault) for entry in sorted(self.affected) for fault in self._new(entry))]
        if not found and not self._changed:
            raise Error("no changes to apply: create, update or delete an entry first", INVALID, retryable=False)
        if found:
            kinds = {kind for kind, _ in found}
            raise _refusal(kinds.pop() if len(kinds) == 1 else INVALID, [fault for _, fault in found])

    def operations(self) -> tuple[Operation, ...]:
        """Return what the changes do, one operation for an entry."""
        pairs = ((entry, self._before.get(entry), self.drafts.get(entry)) for entry in sorted(self._changed))
        return tuple(Operation(*pair) for pair in pairs if pair[1] is not pair[2])

    def _new(self, entry: str) -> list[Fault]:
        """Return the faults of an entry that the changes are to blame for: all when it changed itself."""
        before = self._before.get(entry)
        known = set(before.faults) if before is not None and entry not in self._changed else set()
        return [fault for fault in self.drafts[entry].faults if fault.scope != "notice" and fault not in known]

    def _refuse(self, kind: str, entry: str, got: str, expected: str, near: str = "", path: str = "") -> None:  # noqa: PLR0913, PLR0917 - the parts of a fault
        self._faults.append((kind, Fault("entry", "", 0, path, got, expected, near, entry)))


def outdated_by(
    changed: set[str], before: Registry, after: Registry, affected: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return the entries whose code differs between two registries, each with the changed ids in its code."""
    found: dict[str, tuple[str, ...]] = {}
    for entry_id in sorted(affected):
        if entry_id not in before:
            continue
        sources = sorted(changed.intersection(_code(entry_id, before) | _code(entry_id, after)))
        if sources and _hash(entry_id, before) != _hash(entry_id, after):
            found[entry_id] = tuple(sources)
    return found


def _code(entry_id: str, registry: Registry) -> set[str]:
    """Return an entry that is a script with everything it imports; nothing for another one."""
    found: set[str] = set()
    waiting = [entry_id]
    while waiting:
        here = waiting.pop()
        if here in found or here not in registry:
            continue
        imports = getattr(registry.entry(here).config, "imports", None)
        if imports is not None:
            found.add(here)
            waiting.extend(imports.values())
    return found


def _hash(entry_id: str, registry: Registry) -> str:
    try:
        return registry.bundle(entry_id).hash
    except Error:
        return ""


def _drafted(change: Change, old: Draft | None) -> Draft:
    """Return the draft of a change that creates or updates an entry."""
    fresh: dict[str, Any] = {"faults": [], "overridden": {}, "config": None, "declaration": None}
    meta = (old.meta if old else {}) if change.meta is KEEP else copy_value(dict(change.meta))
    kind = old.kind if old and change.kind is KEEP else change.kind
    if old is not None and change.data is KEEP:
        return replace(old, kind=kind, meta=meta, origins=dict(old.origins), **fresh)
    data = {} if change.data is KEEP else copy_value(change.data)
    draft = Draft(change.id, parse_id(change.id).namespace, kind, meta, data, NO_FILE, Mark(0), Mark(0))
    if old is not None and isinstance(data, Mapping) and isinstance(old.data, Mapping):
        source = data.get("source")
        if source is not None and source == old.data.get("source"):
            draft.origins[_SOURCE] = old.origin(_SOURCE)
    return draft


def _is_word(kind: Any) -> bool:
    return kind is KEEP or (isinstance(kind, str) and bool(kind.strip()))


def _refusal(kind: str, faults: list[Fault]) -> Error:
    lines = [str(fault) for fault in faults]
    text = lines[0] if len(lines) == 1 else f"{len(lines)} faults:\n  " + "\n  ".join(lines)
    details = [
        {"entry": fault.entry, "path": fault.path, "got": fault.got, "expected": fault.expected} for fault in faults
    ]
    return Error(f"the registry was not changed: {text}", kind, retryable=False, details={"faults": details})
