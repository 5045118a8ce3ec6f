"""The services that a registry describes: what they need, what runs them, and which changes concern them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import invalid
from actorflow.node.runner import HostRunner, ProcessRunner, ResourceRunner, Runner
from actorflow.node.service import Services, Supervisor
from actorflow.registry.registry import Entry, Registry
from actorflow.supervision.order import start_levels
from actorflow.supervision.spec import ServiceSpec

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.registry.change import Operation, Revision
    from actorflow.registry.live import AnyRegistry

CODE: Final = frozenset({"function.lua", "function.py", "library.lua", "library.py"})
"""Kinds of entries that are no services, and that none needs unless it says so."""


def services_of(node: Node, registry: AnyRegistry) -> Services:
    """Return the services of a registry; raises `Error` when they need each other in a circle."""
    entries = [entry for entry in registry if entry.service]
    specs = [_spec(entry) for entry in entries]
    references: dict[str, Collection[str]] = {entry.id: () for entry in registry}
    references |= {entry.id: registry.dependencies(entry.id) for entry in entries}
    runners = {entry.id: _runner(node, entry) for entry in entries}
    return Services(specs, start_levels(specs, references), runners)


def follow(node: Node, supervisor: Supervisor, revision: Revision) -> None:
    """Have the supervisor serve what the registry says now, if services are concerned."""
    before, after = revision.before, revision.registry
    if _concerns_services(revision.operations, before, after):
        ids = [operation.id for operation in revision.operations]
        changed = {entry for entry in ids if entry in before and entry in after and _differs(entry, before, after)}
        supervisor.revise(services_of(node, after), changed)


def judge(node: Node, operations: Iterable[Operation], before: Registry, after: Registry) -> None:
    """Raise `Error` when services would need each other in a circle."""
    if _concerns_services(operations, before, after):
        services_of(node, after)


def _concerns_services(operations: Iterable[Operation], before: Registry, after: Registry) -> bool:
    """Tell whether services may start, stop or change: with scripts they do not, unless these name their needs."""
    entries = [
        registry.entry(change.id) for change in operations for registry in (before, after) if change.id in registry
    ]
    return any(entry.kind not in CODE or "depends_on" in entry.meta for entry in entries)


def _differs(entry_id: str, before: Registry, after: Registry) -> bool:
    """Tell whether more than the lifecycle or the meta of a service is another one."""
    old, new = before.entry(entry_id), after.entry(entry_id)

    def fields(entry: Entry) -> Any:
        if entry.config is None:
            return None
        security = getattr(getattr(entry.config, "lifecycle", None), "security", None)
        return entry.config.model_dump(exclude={"lifecycle"}), security

    return old.kind != new.kind or fields(old) != fields(new)


def _spec(entry: Entry) -> ServiceSpec:
    """Return what is written about a service; a broken one starts as it says, and then fails with its fault."""
    if not entry.broken:
        return ServiceSpec.from_lifecycle(entry.id, entry.config.lifecycle.model_dump())
    lifecycle = entry.data.get("lifecycle") if isinstance(entry.data, Mapping) else None
    return ServiceSpec(entry.id, auto_start=isinstance(lifecycle, Mapping) and lifecycle.get("auto_start") is True)


def _runner(node: Node, entry: Entry) -> Runner:
    config = entry.config
    if entry.kind == "process.service" and not entry.broken:
        cancel_runs = config.on_stop == "cancel"
        security = config.lifecycle.security
        return ProcessRunner(node, entry.id, config.process, config.host, config.input, cancel_runs, security)
    if entry.declaration is not None and entry.declaration.resource:
        return ResourceRunner(node, entry.id, lambda: _made(node, entry))
    return HostRunner(node, entry.id, lambda: _made(node, entry), config)


def _made(node: Node, entry: Entry) -> Any:
    entry.require()
    if entry.declaration is None:
        raise invalid(f"{entry.id}: kind {entry.kind} is not installed")
    return entry.declaration.load_factory()(entry.id, entry.config, node)
