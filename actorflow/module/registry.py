"""Pure operations on lists of entries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid


def build_delta(before: Any = None, after: Any = None) -> list[dict[str, Any]]:
    """Return the operations that make the entries `after` from those `before`, by id; deletions come last.

    Raises:
        Error: kind Invalid, when one of them is no list of entries with different ids.
    """
    old, new = _by_id(before, "from"), _by_id(after, "to")
    made = [
        {"kind": "entry.update" if entry_id in old else "entry.create", "entry": new[entry_id]}
        for entry_id in sorted(new)
        if old.get(entry_id) != new[entry_id]
    ]
    gone = [{"kind": "entry.delete", "entry": old[entry_id]} for entry_id in sorted(old.keys() - new.keys())]
    return made + gone


def _by_id(entries: Any, name: str) -> dict[str, Any]:
    if entries in (None, {}):
        return {}
    if not isinstance(entries, list):
        raise invalid(f"registry.build_delta: got {entries!r:.80} as `{name}`, expected a list of entries")
    found: dict[str, Any] = {}
    for place, entry in enumerate(entries, 1):
        entry_id = entry.get("id") if isinstance(entry, Mapping) else None
        if not isinstance(entry_id, str) or entry_id in found:
            expected = "an entry with an id of its own"
            raise invalid(f"registry.build_delta: {name}[{place}]: got {entry!r:.80}, expected {expected}")
        found[entry_id] = entry
    return found


PURE: Final[Mapping[str, Any]] = MappingProxyType({"registry.build_delta": build_delta})
