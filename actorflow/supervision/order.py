"""The order of starting and stopping: levels of services that may move at the same time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from actorflow.errors import INVALID, UNAVAILABLE, Failure, invalid
from actorflow.supervision.spec import OPTIONAL, ServiceSpec


@dataclass(frozen=True, slots=True)
class StartPlan:
    """In which order services start, and which may not.

    Attributes:
        levels: ids of services; each level needs only levels before it, and may start all at once.
        blocked: services that cannot start, with the reason: something they require does not exist.
        needs: id of each service to the services it needs directly, those reached through other entries included.
        optional: the services whose failure blocks nobody.
    """

    levels: tuple[tuple[str, ...], ...]
    blocked: Mapping[str, Failure]
    needs: Mapping[str, frozenset[str]]
    optional: frozenset[str]

    def stop_levels(self) -> tuple[tuple[str, ...], ...]:
        """Return the levels in the order of stopping: dependents before what they depend on."""
        return self.levels[::-1]

    def closure(self, ids: Iterable[str]) -> frozenset[str]:
        """Return `ids` with every service they need, directly or not."""
        return frozenset(_reach(ids, self.needs))

    def dependents(self, ids: Iterable[str]) -> frozenset[str]:
        """Return `ids` with every service that needs one of them, directly or not."""
        found = set(ids)
        while more := {name for name, needs in self.needs.items() if not needs.isdisjoint(found)} - found:
            found |= more
        return frozenset(found)

    def blocked_by(self, failed: str, reason: str = "did not start") -> dict[str, Failure]:
        """Return the services that may not start because `failed` did not, with the reason; none for an optional one.

        Only its subtree is in the result: what does not depend on it goes on.
        """
        blocked = _dependents({failed}, self.needs, self.optional)
        return {
            service: Failure(f"service {service} needs {cause}, which {reason}", UNAVAILABLE, retryable=True)
            for service, cause in blocked.items()
        }


def start_levels(specs: Iterable[ServiceSpec], references: Mapping[str, Collection[str]]) -> StartPlan:
    """Return the plan for `specs`.

    `references` has a key for every registry entry, with the full ids it refers to; a service depends on what it
    requires and on what it reaches through references and through entries that are not services. A referenced id that
    does not exist is ignored; a required one blocks the service and its dependents.

    Raises:
        Error: kind Invalid, when services need each other in a circle; the message and `details.cycle` name it.
    """
    services = {spec.id: spec for spec in specs}
    edges = {entry: frozenset(targets) for entry, targets in references.items()}
    for spec in services.values():
        edges[spec.id] = edges.get(spec.id, frozenset()) | set(spec.requires)
    needs = {service: _needs(service, services, edges) for service in services}
    sorter = _acyclic(needs)
    optional = frozenset(spec.id for spec in services.values() if spec.startup == OPTIONAL)
    blocked = _missing(services, edges, needs, optional)
    levels: list[tuple[str, ...]] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        levels.append(tuple(sorted(service for service in ready if service not in blocked)))
    return StartPlan(tuple(level for level in levels if level), blocked, needs, optional)


def _needs(service: str, services: Mapping[str, object], edges: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return the services next to `service`: the walk goes through other entries and stops at services."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(edges[service])
    while waiting:
        entry = waiting.pop()
        if entry in services:
            found.add(entry)
        elif entry not in seen:
            seen.add(entry)
            waiting.extend(edges.get(entry, ()))
    return frozenset(found)


def _acyclic(needs: Mapping[str, frozenset[str]]) -> TopologicalSorter[str]:
    sorter = TopologicalSorter({service: sorted(needs[service]) for service in sorted(needs)})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # graphlib lists it from what is needed to who needs it
        text = " → ".join(circle)
        message = f"services need each other in a circle: {text}; remove one of these references or requires"
        raise invalid(message, cycle=circle) from None
    return sorter


def _missing(
    services: Mapping[str, ServiceSpec],
    edges: Mapping[str, Collection[str]],
    needs: Mapping[str, frozenset[str]],
    optional: Collection[str],
) -> dict[str, Failure]:
    blocked: dict[str, Failure] = {}
    for spec in services.values():
        absent = sorted(required for required in spec.requires if required not in edges)
        if absent:
            reason = f"service {spec.id} requires {', '.join(absent)}, which is not in the registry"
            blocked[spec.id] = Failure(reason, INVALID, retryable=False, details={"missing": absent})
    for service, cause in _dependents(blocked, needs, optional).items():
        blocked[service] = Failure(f"service {service} needs {cause}, which may not start", INVALID, retryable=False)
    return blocked


def _dependents(
    causes: Collection[str], needs: Mapping[str, frozenset[str]], optional: Collection[str]
) -> dict[str, str]:
    """Return whoever needs one of `causes`, directly or not, with that cause; nobody is blocked by an optional one."""
    dependents: dict[str, set[str]] = {}
    for service, needed in needs.items():
        for other in needed - set(optional):
            dependents.setdefault(other, set()).add(service)
    blocked: dict[str, str] = {}
    for cause in sorted(causes):
        reached = _reach([cause], dependents) - set(causes)
        blocked |= dict.fromkeys(sorted(reached - blocked.keys()), cause)
    return blocked


def _reach(start: Iterable[str], edges: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        entry = waiting.pop()
        if entry not in found:
            found.add(entry)
            waiting.extend(edges.get(entry, ()))
    return found
