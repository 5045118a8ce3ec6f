"""The registry for scripts: the operations `registry.*`. Entries are plain maps: `id`, `kind`, `meta`, `data`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import invalid, unavailable
from actorflow.module.octets import described
from actorflow.names import parse_id
from actorflow.node.operation import Caller
from actorflow.registry.change import KEEP, VERBS, Change, Version
from actorflow.registry.filter import select
from actorflow.registry.live import LiveRegistry
from actorflow.registry.registry import Entry, Registry
from actorflow.value import Value, copy_value

if TYPE_CHECKING:
    from actorflow.node.node import Node

_READ: Final = "registry.get"
_KIND_PREFIX: Final = "entry."


def install(node: Node) -> None:
    """Add the operations of the registry."""
    for function in (get, find, namespace, version, versions, apply, apply_version):
        node.operations.add(f"registry.{function.__name__}", partial(function, node))


def get(node: Node, _caller: Caller, entry_id: Any, version_id: Any = None) -> Value:
    """Return an entry; raises `Error` NotFound, with the closest id."""
    return plain(_registry(node, version_id).entry(_id(entry_id, "registry.get")))


def find(node: Node, caller: Caller, wanted: Any = None, version_id: Any = None) -> Value:
    """Return the entries that fit a filter, and that the caller may read, by id."""
    return [plain(entry) for entry in _readable(node, caller, select(_registry(node, version_id), wanted))]


def namespace(node: Node, caller: Caller, name: Any, version_id: Any = None) -> Value:
    """Return the entries of a namespace that the caller may read, by id."""
    if not isinstance(name, str) or not name:
        raise invalid(f"registry: got {described(name)} as a namespace, expected a non-empty text")
    entries = (entry for entry in _registry(node, version_id) if entry.namespace == name)
    return [plain(entry) for entry in _readable(node, caller, entries)]


def version(node: Node, _caller: Caller, version_id: Any = None) -> Value:
    """Return a version, the current one without an id."""
    live = _live(node)
    return _plain_version(live.version if version_id is None else live.get_version(_number(version_id)))


def versions(node: Node, _caller: Caller) -> Value:
    """Return the versions that are kept, oldest first."""
    return [_plain_version(one) for one in _live(node).versions()]


async def apply(node: Node, _caller: Caller, operations: Any) -> Value:
    """Make a new version by operations (`kind: entry.create`, `entry`: …), all or none, and return it.

    Waits until it is known how new services that start by themselves have started.
    """
    if not isinstance(operations, list):
        raise invalid(f"registry.apply: got {described(operations)}, expected a list of operations")
    changes = [_change(operation, place) for place, operation in enumerate(operations, 1)]
    made = _live(node).apply(changes)
    await node.settled([operation.id for operation in made.operations if operation.verb == "create"])
    return _plain_version(made)


def apply_version(node: Node, _caller: Caller, version_id: Any) -> Value:
    """Go back, or forward, to a version and return it."""
    return _plain_version(_live(node).apply_version(_number(version_id)))


def plain(entry: Entry) -> dict[str, Value]:
    """Return an entry as scripts see it."""
    return {"id": entry.id, "kind": entry.kind, "meta": copy_value(entry.meta), "data": copy_value(entry.data)}


def _readable(node: Node, caller: Caller, entries: Iterable[Entry]) -> Iterator[Entry]:
    if not node.guard.watches(caller.context):
        yield from entries
        return
    for entry in entries:
        if node.guard.allows(caller.context, _READ, entry.id):
            yield entry


def _live(node: Node) -> LiveRegistry:
    if not isinstance(node.registry, LiveRegistry):
        raise unavailable("the registry of this node does not change and has no versions")
    return node.registry


def _registry(node: Node, version_id: Any) -> Registry | LiveRegistry:
    live = _live(node)
    return live if version_id is None else live.at(_number(version_id))


def _plain_version(made: Version) -> dict[str, Value]:
    return {"id": made.id, "previous": made.previous, "at": made.at}


def _number(version_id: Any) -> int:
    if isinstance(version_id, float) and version_id.is_integer():
        return int(version_id)
    if isinstance(version_id, bool) or not isinstance(version_id, int):
        raise invalid(f"registry: got {described(version_id)} as a version, expected its number")
    return version_id


def _id(given: Any, where: str) -> str:
    """Return an id that is given as text, or as a map with `ns` and `name`."""
    if isinstance(given, dict) and isinstance(given.get("ns"), str) and isinstance(given.get("name"), str):
        given = f"{given['ns']}:{given['name']}"
    if not isinstance(given, str) or not all(parse_id(given)):
        raise invalid(f"{where}: got {described(given)} as an id, expected 'namespace:name'")
    return given


def _change(operation: Any, place: int) -> Change:
    where = f"registry.apply: operation {place}"
    kind = operation.get("kind") if isinstance(operation, dict) else None
    verb = kind.removeprefix(_KIND_PREFIX) if isinstance(kind, str) else ""
    if verb not in VERBS:
        known = ", ".join(_KIND_PREFIX + known for known in VERBS)
        raise invalid(f"{where}: got {described(operation)}, expected a map with kind, one of {known}, and entry")
    entry = operation.get("entry")
    if not isinstance(entry, dict):
        raise invalid(f"{where}: got {entry!r:.80} as entry, expected a map with id, kind, meta and data")
    parts = {part: KEEP if entry.get(part) is None else entry[part] for part in ("kind", "meta", "data")}
    for part in ("meta", "data"):
        if parts[part] == []:  # an empty table of Lua
            parts[part] = {}
    return Change(verb, _id(entry.get("id"), where), **parts)
