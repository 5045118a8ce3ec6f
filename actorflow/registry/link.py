"""Linking: do the ids in the entries name entries that exist and fit, do imports end, do the modules exist?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from actorflow.registry.document import Path
from actorflow.registry.draft import Draft
from actorflow.registry.fault import Scope, Suggester, closest
from actorflow.registry.kinds.fields import MEMORY
from actorflow.registry.kinds.lifecycle import Lifecycle
from actorflow.registry.kinds.script import Script
from actorflow.registry.kinds.security import Security

MAX_IMPORT_DEPTH: Final = 64
_CYCLE_SHOWN: Final = 8
_GROUPED: Final = ("group:", "ns:")
_POLICIES: Final = ("security.policy",)


def link(
    drafts: Mapping[str, Draft],
    modules: Mapping[str, frozenset[str]],
    suggester: Suggester,
    only: Collection[str] | None = None,
) -> None:
    """Check every draft that was decoded against the others, and add what is wrong to its faults.

    Args:
        drafts: all of them, by id.
        modules: the names that exist, by language (`lua`, `py`); the modules of other languages are not checked.
        suggester: knows their ids.
        only: the ids to check when the others have been; whoever imports one of them, directly or not, is among them.
    """
    linker = _Linker(drafts, modules, suggester)
    for draft_id in drafts if only is None else only:
        linker.check(drafts[draft_id])
    _check_imports(drafts, drafts if only is None else only)


def find_mentions(draft: Draft) -> frozenset[str]:
    """Return the ids that linking looks up for a draft: a change of one of them may change its faults."""
    found = {target for _, target, _ in _references(draft)}
    lifecycle = getattr(draft.config, "lifecycle", None)
    if isinstance(lifecycle, Lifecycle):
        found.update(lifecycle.required)
    if draft.about.default_host is not None:
        found.add(draft.about.default_host)
    for _, security in _securities(draft):
        found.update(security.policies)
    return frozenset(found)


def _securities(draft: Draft) -> Iterator[tuple[Path, Security]]:
    """Yield what is written about the actor and scope of a draft, with its path."""
    own = getattr(draft.config, "security", None)
    if isinstance(own, Security):
        yield ("security",), own
    lifecycle = getattr(draft.config, "lifecycle", None)
    if isinstance(lifecycle, Lifecycle) and lifecycle.security is not None:
        yield ("lifecycle", "security"), lifecycle.security


def importers(changed: Iterable[str], drafts: Mapping[str, Draft]) -> set[str]:
    """Return the ids of `changed` with all entries that import one of them, directly or not."""
    reached, layer = set(changed), set(changed)
    while layer:
        layer = {
            draft.id
            for draft in drafts.values()
            if draft.id not in reached and not layer.isdisjoint(getattr(draft.config, "imports", {}).values())
        }
        reached |= layer
    return reached


class _Linker:
    """Checks drafts one after another against all of them."""

    def __init__(
        self, drafts: Mapping[str, Draft], modules: Mapping[str, frozenset[str]], suggester: Suggester
    ) -> None:
        self._drafts = drafts
        self._modules = modules
        self._suggester = suggester

    def check(self, draft: Draft) -> None:
        for path, target, kinds in _references(draft):
            self._check_reference(draft, path, target, kinds)
        self._check_requires(draft)
        self._check_policies(draft)
        self._check_modules(draft)

    def _check_reference(self, draft: Draft, path: Path, target: str, kinds: tuple[str, ...]) -> None:
        if path == ("database",) and target == MEMORY:
            return
        found = self._drafts.get(target)
        expected = f"the id of a {' or '.join(kinds)}"
        if found is None:
            draft.add(path, f"{target}, which does not exist", expected, self._suggester.closest(target))
        elif not any(fnmatchcase(found.kind, kind) for kind in kinds):
            draft.add(path, f"{target}, a {found.kind}", expected)

    def _check_requires(self, draft: Draft) -> None:
        lifecycle = getattr(draft.config, "lifecycle", None)
        if isinstance(lifecycle, Lifecycle):
            for name in ("requires", "depends_on"):
                for index, target in enumerate(getattr(lifecycle, name)):
                    if not target.startswith(_GROUPED):
                        self._check_exists(draft, ("lifecycle", name, index), target, "entry")
        if draft.about.default_host is not None:
            self._check_exists(draft, ("meta", "default_host"), draft.about.default_host, "notice")

    def _check_policies(self, draft: Draft) -> None:
        for path, security in _securities(draft):
            for index, target in enumerate(security.policies):
                self._check_reference(draft, (*path, "policies", index), target, _POLICIES)

    def _check_exists(self, draft: Draft, path: Path, target: str, scope: Scope) -> None:
        if target not in self._drafts:
            suggestion = self._suggester.closest(target)
            draft.add(path, f"{target}, which does not exist", "the id of an entry", suggestion, scope)

    def _check_modules(self, draft: Draft) -> None:
        known = self._modules.get(draft.kind.rpartition(".")[2])
        if known is None or not isinstance(draft.config, Script):
            return
        for index, name in enumerate(draft.config.modules):
            if name not in known:
                expected = f"one of {', '.join(sorted(known))}"
                draft.add(("modules", index), f"the unknown module {name!r}", expected, closest(name, known))


def _references(draft: Draft) -> Iterator[tuple[Path, str, tuple[str, ...]]]:
    """Yield what the declared reference fields of a draft name: path, id, and the kinds it may have."""
    for field, kinds in draft.declaration.references.items() if draft.declaration else ():
        for path, target in _named(field, getattr(draft.config, field, None)):
            yield path, target, kinds


def _named(field: str, value: Any) -> Iterator[tuple[Path, str]]:
    """Yield each id in a field with its path."""
    if isinstance(value, str):
        yield (field,), value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield (field, key), item
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield (field, index), item


def _check_imports(drafts: Mapping[str, Draft], only: Collection[str]) -> None:
    """Give a fault to whoever is on a cycle of imports, imports something broken, or imports too deep."""
    graph = _import_graph(drafts, only)
    depths: dict[str, int] = {}
    for component in _components(graph):
        first = component[0]
        if len(component) > 1 or first in graph[first]:
            cycle = _cycle_text(graph, component)
            for member in set(component).intersection(only):
                alias = _alias(drafts[member], component)
                drafts[member].add(("imports", alias), f"a cycle of imports ({cycle})", "imports that end")
            continue
        depths[first] = 1 + max((depths.get(target, 0) for target in graph[first]), default=0)
        if first in only:
            _check_imported(drafts[first], drafts, depths[first])


def _import_graph(drafts: Mapping[str, Draft], start: Iterable[str]) -> dict[str, list[str]]:
    """Return what each entry of `start` imports, and what these import in turn."""
    graph: dict[str, list[str]] = {}
    waiting = list(start)
    while waiting:
        entry = waiting.pop()
        if entry not in graph:
            graph[entry] = list(_imports(drafts[entry], drafts))
            waiting.extend(graph[entry])
    return graph


def _check_imported(draft: Draft, drafts: Mapping[str, Draft], depth: int) -> None:
    if depth > MAX_IMPORT_DEPTH:
        draft.add(("imports",), f"imports {depth} deep", f"at most {MAX_IMPORT_DEPTH}")
    for alias, target in getattr(draft.config, "imports", {}).items():
        found = drafts.get(target)
        if found is not None and (found.broken or found.config is None):
            why = next((f" ({fault.where})" for fault in found.faults if fault.scope != "notice"), "")
            draft.add(("imports", alias), f"{target}, which is broken{why}", "a library that loads")


def _imports(draft: Draft, drafts: Mapping[str, Draft]) -> Iterable[str]:
    if not isinstance(draft.config, Script):
        return ()
    return dict.fromkeys(target for target in draft.config.imports.values() if target in drafts)


def _alias(draft: Draft, component: list[str]) -> str:
    imports: Mapping[str, str] = getattr(draft.config, "imports", {})
    return next(alias for alias, target in imports.items() if target in component)


def _cycle_text(graph: Mapping[str, list[str]], component: list[str]) -> str:
    """Return a cycle within a strongly connected component: `a → b → a`."""
    within, path = set(component), dict.fromkeys([min(component)])
    entry = min(component)
    while (entry := next(target for target in graph[entry] if target in within)) not in path:
        path[entry] = None
    walked = list(path)
    cycle = [*walked[walked.index(entry) :], entry]
    if len(cycle) > _CYCLE_SHOWN:
        cycle = [*cycle[: _CYCLE_SHOWN - 1], "…", entry]
    return " → ".join(cycle)


def _components(graph: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected components, each after those it leads to (Tarjan, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in graph:
        if root in number:
            continue
        work = [(root, iter(graph[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in on_stack:
                    lowest[node] = min(lowest[node], number[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == number[node]:
                    start = stack.index(node)
                    component = stack[start:]
                    del stack[start:]
                    on_stack.difference_update(component)
                    yield component
