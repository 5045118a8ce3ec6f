"""The supervisor of a node's services: carries out what the restart policy decides.

A service starts as soon as everything it needs is ready, and stops after everything that needs it has stopped. The
policy is `actorflow.supervision`, how a run is started and stopped is its runner's; this file has the timers and tasks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import trio

from actorflow.duration import SECOND
from actorflow.errors import Error, Failure, failure_of
from actorflow.node.node import Node
from actorflow.node.runner import Runner
from actorflow.supervision.order import StartPlan
from actorflow.supervision.policy import (
    Action,
    Ended,
    Event,
    KillRun,
    Started,
    StartRefused,
    StartRequested,
    StartRun,
    StopRequested,
    StopRun,
    TimerFired,
    decide,
)
from actorflow.supervision.report import ServiceReport, report
from actorflow.supervision.spec import ServiceSpec
from actorflow.supervision.state import ALIVE, Service, State

Change: TypeAlias = Callable[[Service, Service], None]
"""Told of every change of state: the service before and after it."""


def _unheard(_before: Service, _after: Service) -> None:
    """Take a change and forget it."""


class Supervisor:
    """Starts, restarts and stops the services of one open node."""

    def __init__(
        self,
        node: Node,
        specs: Iterable[ServiceSpec],
        plan: StartPlan,
        runners: Mapping[str, Runner],
        changed: Change = _unheard,
    ) -> None:
        """Supervise `specs`, each with the runner of its id; nothing starts before `start`."""
        self._node = node
        self._services = {spec.id: Service(spec) for spec in specs}
        self._plan = plan
        self._runners = runners
        self._told = changed
        self._wanted: frozenset[str] = frozenset()
        self._alarms: dict[str, Callable[[], None]] = {}
        self._starting: dict[str, trio.CancelScope] = {}
        self._moved = trio.Event()
        self._random = random.Random()  # noqa: S311 - spreads restarts, guards nothing

    # ---- what the node asks ------------------------------------------------------------------------------------

    async def start(self, within: float) -> list[str]:
        """Start the `auto_start` services and what they need, and wait until it is known how each start went.

        Returns the ids that are still at it after `within` seconds; they go on in the background, as do services whose
        `startup` is optional, which are not waited for.
        """
        auto = (service.spec.id for service in self._services.values() if service.spec.auto_start)
        self._wanted = self._plan.closure(auto)
        for service_id, failure in self._plan.blocked.items():
            self._refuse(service_id, failure)
        self._advance()
        with trio.move_on_after(within):
            while self._awaited():
                await self._moved.wait()
        return self._awaited()

    async def stop(self) -> None:
        """Stop everything, dependents first; each service gets its stop time-out, then its run is ended."""
        self._wanted = frozenset()
        for level in self._plan.stop_levels():
            for service_id in level:
                self._feed(service_id, StopRequested())
            while any(self._services[service_id].state is State.STOPPING for service_id in level):
                await self._moved.wait()

    def report(self) -> list[ServiceReport]:
        """Return one line per service, ordered by id."""
        clock = self._node.clock
        return report(self._services.values(), clock.monotonic(), clock.now())

    def restarts(self, service_id: str) -> int:
        """Return how many times a service has been started again."""
        return max(self._services[service_id].run - 1, 0)

    # ---- the order of starting ---------------------------------------------------------------------------------

    def _awaited(self) -> list[str]:
        """Return the services that somebody who boots waits for."""
        return [
            service_id
            for service_id in sorted(self._wanted)
            if not self._known(self._services[service_id]) and service_id not in self._plan.optional
        ]

    def _advance(self) -> None:
        """Start whatever may start now, and refuse what never may."""
        for service_id in sorted(self._wanted):
            service = self._services[service_id]
            if service.state is not State.UNKNOWN or service.failure is not None:
                continue
            if all(self._lets_start(need) for need in self._plan.needs[service_id]):
                self._feed(service_id, StartRequested())

    def _lets_start(self, need: str) -> bool:
        service = self._services[need]
        tried = service.state is State.FAILED or self._known(service)
        return service.ready or (need in self._plan.optional and tried)

    @staticmethod
    def _known(service: Service) -> bool:
        """Tell whether the start is over, well or not, or was refused."""
        return service.settled and (service.state is not State.UNKNOWN or service.failure is not None)

    def _refuse(self, service_id: str, failure: Failure) -> None:
        service = self._services[service_id]
        if service.state not in ALIVE and service_id in self._wanted:
            self._feed(service_id, StartRefused(failure))

    # ---- the policy --------------------------------------------------------------------------------------------

    def _feed(self, service_id: str, event: Event) -> None:
        before = self._services[service_id]
        after, actions = decide(before, event, self._node.clock.monotonic(), self._random.random())
        self._services[service_id] = after
        self._arm(after)
        for action in actions:
            self._act(service_id, action)
        if after is not before:
            self._announce(before, after)

    def _announce(self, before: Service, after: Service) -> None:
        if before.state is not after.state or before.failure != after.failure:
            self._told(before, after)
        given_up = after.settled and not after.ready and after.state in {State.FAILED, State.EXITED}
        if given_up and after.spec.id in self._wanted:
            for service_id, failure in self._plan.blocked_by(after.spec.id).items():
                if not self._known(self._services[service_id]):
                    self._refuse(service_id, failure)
        self._moved.set()
        self._moved = trio.Event()
        self._advance()

    def _arm(self, service: Service) -> None:
        disarm = self._alarms.pop(service.spec.id, None)
        if disarm is not None:
            disarm()
        if service.deadline is not None:
            delay = max(service.deadline - self._node.clock.monotonic(), 0)
            self._alarms[service.spec.id] = self._node.after(delay, lambda: self._due(service))

    def _due(self, service: Service) -> None:
        if self._services[service.spec.id].deadline == service.deadline:
            self._feed(service.spec.id, TimerFired())

    # ---- its actions -------------------------------------------------------------------------------------------

    def _act(self, service_id: str, action: Action) -> None:
        match action:
            case StartRun(run):
                self._node.nursery.start_soon(self._start, service_id, run)
            case StopRun(run):
                self._node.nursery.start_soon(self._stop, service_id, run)
            case KillRun():
                self._node.nursery.start_soon(self._kill, service_id)

    async def _start(self, service_id: str, run: int) -> None:
        scope = self._starting[service_id] = trio.CancelScope()
        ended = _once(lambda failure: self._feed(service_id, Ended(run, failure)))
        with scope:
            try:
                await self._runners[service_id].start(ended)
            except Exception as error:  # noqa: BLE001 - whatever a host raises is this service's failure, not the node's
                ended(failure_of(error))
            else:
                self._feed(service_id, Started(run))
        if self._starting.get(service_id) is scope:
            del self._starting[service_id]

    async def _stop(self, service_id: str, run: int) -> None:
        if service_id in self._starting:
            return  # the policy asks again once it has started
        grace = self._services[service_id].spec.stop_timeout / SECOND
        try:
            await self._runners[service_id].stop(grace)
        except Error as error:
            self._feed(service_id, Ended(run, error.failure))

    async def _kill(self, service_id: str) -> None:
        scope = self._starting.pop(service_id, None)
        if scope is not None:
            scope.cancel()
        try:
            await self._runners[service_id].kill()
        except Error as error:
            self._node.log("warning", f"service {service_id} could not be ended: {error}", {"service": service_id})


def _once(action: Callable[[Failure | None], None]) -> Callable[[Failure | None], None]:
    done = False

    def wrapped(failure: Failure | None) -> None:
        nonlocal done
        if not done:
            done = True
            action(failure)

    return wrapped
