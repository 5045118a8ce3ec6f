"""What a start, stop or restart by hand does to a service and to those around it, as a pure function.

A stop takes down all that need the service, a start brings up all that it needs, a restart does both and brings back
those that ran. How that is carried out is the driver's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from actorflow.supervision.order import StartPlan
from actorflow.supervision.state import ALIVE, Service, State


@dataclass(frozen=True, eq=False)
class Move:
    """One start, stop or restart by hand.

    Attributes:
        stopping: the services that run, or wait for their next start, and are stopped; dependents first.
        starting: the services that are started once those have stopped; what is needed first.
        held: the services that may not start meanwhile: the one that is stopped and all that need it.
        released: those of them that may start again afterwards, because it is a restart.
    """

    stopping: tuple[str, ...]
    starting: tuple[str, ...]
    held: frozenset[str]
    released: frozenset[str]


def plan_move(services: Mapping[str, Service], plan: StartPlan, target: str, *, stop: bool, start: bool) -> Move:
    """Return what stopping `target`, starting it, or both in that order comes to.

    What runs, and what it needs and has done its work and returned, is not started again.
    """
    held = plan.dependents([target]) if stop else frozenset()
    down = {name for name in held if _is_up(services[name])}
    up = down | _lacking(services, plan, target, down) if start else set()
    order = [name for level in plan.levels for name in level]
    return Move(
        stopping=tuple(name for name in reversed(order) if name in down),
        starting=tuple(name for name in order if name in up),
        held=held,
        released=frozenset(name for name in held if start and not services[name].held),
    )


def _is_up(service: Service) -> bool:
    return service.state in ALIVE or service.next_start is not None


def _lacking(services: Mapping[str, Service], plan: StartPlan, target: str, again: Collection[str]) -> set[str]:
    """Return what does not run of that which `target` and those that start with it need."""
    needed = {name: services[name] for name in plan.closure([target, *again])}
    idle = {name for name, service in needed.items() if service.state not in {State.STARTING, State.RUNNING}}
    return {name for name in idle if name == target or not needed[name].ready}
