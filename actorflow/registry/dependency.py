"""Dependencies between entries, found in their fields, and the order of booting that follows from them.

A reference is `name`, `ns:name`, `ns:<namespace>` (all of it) or `group:<g>` (all entries with `meta.groups` g); a
placeholder and a field `<name>_env` refer to the entry of the variable they name. What refers to nothing is ignored
here. A cycle is no error: the order is then lexicographic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from actorflow.names import resolve_id
from actorflow.registry.draft import Draft
from actorflow.registry.kinds.env_variable import EnvVariable

_ANY: Final = "*"
_META: Final = tuple(
    tuple(text.split("."))
    for text in ("depends_on", "parent", "server", "router", "temporal.workflow.worker", "temporal.activity.worker")
)
_DATA: Final = tuple(
    tuple(text.split("."))
    for text in (
        *("imports.*", "config", "process", "host", "func", "queue", "driver", "dead_letter.queue", "storage"),
        *("storages", "store", "database", "client", "lifecycle.requires", "lifecycle.depends_on"),
        *("lifecycle.security.groups", "lifecycle.security.policies", "security.*", "contracts.*", "*.depends_on"),
    )
)
_ENVIRONMENT: Final = "_env"


def find_edges(drafts: Mapping[str, Draft]) -> dict[str, tuple[str, ...]]:
    """Return, for each entry, the sorted ids of the entries it depends on."""
    namespaces: dict[str, list[str]] = defaultdict(list)
    groups: dict[str, list[str]] = defaultdict(list)
    for draft in drafts.values():
        namespaces[draft.namespace].append(draft.id)
        for group in _texts(draft.meta.get("groups")):
            groups[group].append(draft.id)
    variables = {draft.config.variable: draft.id for draft in drafts.values() if isinstance(draft.config, EnvVariable)}
    edges: dict[str, tuple[str, ...]] = {}
    for draft in drafts.values():
        found = {variables[name] for name in _variable_names(draft) if name in variables}
        for reference in set(_references(draft)):
            head, _, rest = reference.partition(":")
            if rest and head == "group":
                found.update(groups.get(rest, ()))
            elif rest and head == "ns":
                found.update(namespaces.get(rest, ()))
            elif (target := resolve_id(reference, draft.namespace)) in drafts:
                found.add(target)
        edges[draft.id] = tuple(sorted(found - {draft.id}))
    return edges


def boot_order(edges: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids in levels, each after those it depends on and sorted within its level; and a cycle, if any.

    With a cycle the order is plainly sorted.
    """
    waiting = {entry: len(targets) for entry, targets in edges.items()}
    dependents: dict[str, list[str]] = defaultdict(list)
    for entry, targets in edges.items():
        for target in targets:
            dependents[target].append(entry)
    order: list[str] = []
    level = sorted(entry for entry, count in waiting.items() if not count)
    while level:
        order.extend(level)
        following: list[str] = []
        for entry in level:
            for dependent in dependents[entry]:
                waiting[dependent] -= 1
                if not waiting[dependent]:
                    following.append(dependent)
        level = sorted(following)
    if len(order) == len(edges):
        return tuple(order), ()
    return tuple(sorted(edges)), _a_cycle(edges, {entry for entry, count in waiting.items() if count})


def _a_cycle(edges: Mapping[str, tuple[str, ...]], within: set[str]) -> tuple[str, ...]:
    """Return one cycle, its first id repeated at the end; each id `within` depends on another one there."""
    path: dict[str, None] = {}
    entry = min(within)
    while entry not in path:
        path[entry] = None
        entry = next(target for target in edges[entry] if target in within)
    walked = list(path)
    return (*walked[walked.index(entry) :], entry)


def _references(draft: Draft) -> Iterator[str]:
    for pattern in _META:
        yield from _values_at(draft.meta, pattern)
    for pattern in _DATA:
        yield from _values_at(draft.resolved, pattern)
    yield from _variable_names(draft)


def _variable_names(draft: Draft) -> Iterator[str]:
    """Yield what placeholders and fields such as `password_env` name: variables, by public name or id."""
    if isinstance(draft.data, dict):
        for key, value in draft.data.items():
            if isinstance(key, str) and key.endswith(_ENVIRONMENT):
                yield from _texts(value)
    yield from draft.variables


def _values_at(value: Any, pattern: tuple[str, ...]) -> Iterable[str]:
    """Return the texts at `pattern`: a text, or the texts of a list."""
    for depth, part in enumerate(pattern):
        if not isinstance(value, dict):
            return ()
        if part == _ANY:
            rest = pattern[depth + 1 :]
            return [text for item in value.values() for text in _values_at(item, rest)]
        if part not in value:
            return ()
        value = value[part]
    return _texts(value)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else ()
