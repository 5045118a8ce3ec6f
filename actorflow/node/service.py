"""The supervisor of a node's services: carries out what the restart policy decides.

A service starts as soon as everything it needs is ready, and stops after everything that needs it has stopped. The
policy is `actorflow.supervision`, how a run is started and stopped is its runner's; this file has the timers and tasks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import trio

from actorflow.duration import SECOND
from actorflow.errors import Error, Failure, failure_of, not_found, unavailable
from actorflow.node.event_bus import service_update
from actorflow.node.node import Node
from actorflow.node.runner import Runner, once
from actorflow.node.suggest import did_you_mean
from actorflow.supervision.move import Move, plan_move
from actorflow.supervision.order import StartPlan
from actorflow.supervision.policy import (
    Action,
    Ended,
    Event,
    Held,
    KillRun,
    Released,
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


def _nothing() -> None:
    """Disarm what is not armed."""


def _unheard(_before: Service, _after: Service) -> None:
    """Take a change and forget it."""


@dataclass(frozen=True)
class Services:
    """The services of a registry: what is written about each, the order of starting, and the runner of each."""

    specs: Sequence[ServiceSpec]
    plan: StartPlan
    runners: Mapping[str, Runner]


class Supervisor:
    """Starts, restarts and stops the services of one open node."""

    def __init__(self, node: Node, services: Services, changed: Change = _unheard) -> None:
        """Supervise `services`; nothing starts before `start`."""
        self._node = node
        self._services = {spec.id: Service(spec) for spec in services.specs}
        self._given = services
        self._plan = services.plan
        self._runners = dict(services.runners)
        self._told = changed
        self._wanted: frozenset[str] = frozenset()
        self._asked: frozenset[str] = frozenset()
        self._moves: list[Move] = []
        self._revising = trio.Lock()
        self._stopped = False
        self._kills: Counter[str] = Counter()
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
        self._want(service.spec.id for service in self._services.values() if service.spec.auto_start)
        with trio.move_on_after(within):
            while self._awaited():
                await self._moved.wait()
        return self._awaited()

    async def stop(self) -> None:
        """Stop everything, dependents first; each service gets its stop time-out, then its run is ended."""
        self._wanted = frozenset()
        self._stopped = True
        await self._stop_all(tuple(self._services), self._plan)
        while any(self._kills.values()):
            await self._moved.wait()

    def report(self) -> list[ServiceReport]:
        """Return one line per service, ordered by id."""
        clock = self._node.clock
        return report(self._services.values(), clock.monotonic(), clock.now())

    def restarts(self, service_id: str) -> int:
        """Return how many times a service has been started again."""
        return max(self._services[service_id].run - 1, 0)

    # ---- by hand -----------------------------------------------------------------------------------------------

    async def move(self, service_id: str, *, stop: bool = False, start: bool = False) -> Move:
        """Stop a service with all that need it, start it with all it needs, or restart it with those that ran.

        Returns what is going to happen as soon as moves before it are over; see `moved`. What is stopped so stays
        stopped, whatever the registry says, until it or what needs it is started by hand.

        Raises:
            Error: kind NotFound, when there is no such service; kind Unavailable, when the node is stopping; what
                blocks the start, when it cannot be.
        """
        self._check_move(service_id, start=start)
        move: Move = await self._node.nursery.start(partial(self._carry_out, service_id, stop=stop, start=start))
        return move

    async def moved(self, move: Move) -> None:
        """Wait until a move is over: what it stops has stopped, and it is known how its starts went."""
        while move in self._moves or not all(self._known(one) for one in self._found(move.starting)):
            await self._moved.wait()

    def awaited_by(self, service_id: str) -> list[str]:
        """Return which services `service_id` has to wait for, of those it needs directly."""
        return sorted(need for need in self._plan.needs.get(service_id, ()) if not self._lets_start(need))

    def _check_move(self, service_id: str, *, start: bool) -> None:
        if service_id not in self._services:
            raise not_found(f"no service {service_id!r}{did_you_mean(service_id, self._services)}")
        if self._stopped:
            raise unavailable(f"service {service_id} is not moved any more: the node is stopping")
        if start and service_id in self._plan.blocked:
            raise Error(self._plan.blocked[service_id])

    async def _carry_out(self, service_id: str, *, stop: bool, start: bool, task_status: trio.TaskStatus[Move]) -> None:
        async with self._revising:
            self._check_move(service_id, start=start)  # it may be gone since then
            move = plan_move(self._services, self._plan, service_id, stop=stop, start=start)
            wanted = self._wanted & move.released
            self._wanted, self._asked = self._wanted - move.held, self._asked - move.held
            self._moves.append(move)
            task_status.started(move)
            for name in move.held:
                self._feed(name, Held())
            await self._stop_all(move.held, self._plan)
            self._moves.remove(move)
            if not self._stopped:
                self._start_again(move, wanted)
        self._move()

    def _start_again(self, move: Move, wanted: frozenset[str]) -> None:
        """Start what a move starts as if for the first time, and let those go on that were refused because of it."""
        refused = {
            name for name in self._plan.dependents(move.starting) & self._wanted if not self._services[name].held
        }
        for service in self._found({*move.starting, *move.released, *refused}):
            self._feed(service.spec.id, Released())
        starting = {service.spec.id for service in self._found(move.starting)}
        self._asked |= {name for name in starting if self._services[name].state not in ALIVE}
        self._want(self._wanted | starting | (wanted & self._services.keys()))

    def _found(self, names: Iterable[str]) -> list[Service]:
        """Return the services of these names that are still there."""
        return [self._services[name] for name in names if name in self._services]

    # ---- another registry --------------------------------------------------------------------------------------

    def revise(self, services: Services, changed: Collection[str]) -> None:
        """Take over other services: new ones start if they say so, those that are gone are stopped.

        One of `changed` that runs is stopped with all that need it, and they start again as they are written now; one
        that can be amended goes on. Returns at once; see `settled`.
        """
        specs = {spec.id: spec for spec in services.specs}
        gone = self._services.keys() - specs.keys()
        replaced = {name for name in changed if self._services.keys() & {name} and not self._amended(name, services)}
        restarted = {name for name in self._plan.dependents(replaced - gone) if self._services[name].state in ALIVE}
        leaving = gone | replaced | restarted
        again = (self._wanted & leaving | restarted) & specs.keys()
        plan, self._plan, self._given = self._plan, services.plan, services
        for name, spec in specs.items():
            self._enter(name, spec)
        auto = {name for name, spec in specs.items() if spec.auto_start and name not in leaving}
        self._want((self._wanted - leaving) | auto)
        if leaving:
            self._node.nursery.start_soon(self._restart, leaving, again, plan)

    async def settled(self, ids: Collection[str]) -> None:
        """Wait until it is known how the starts of `ids` went, those that are wanted and required."""
        while not set(ids).isdisjoint(self._awaited()):
            await self._moved.wait()

    async def _restart(self, leaving: Collection[str], again: Collection[str], plan: StartPlan) -> None:
        """Stop services, forget those that are gone meanwhile, and start `again` what is not."""
        async with self._revising:
            await self._stop_all(leaving, plan)
            specs = {spec.id: spec for spec in self._given.specs}
            for name in leaving:
                old = self._services.pop(name, None)
                disarm = self._alarms.pop(name, _nothing)
                disarm()
                self._runners.pop(name, None)
                if old is not None and name in specs:
                    self._services[name] = Service(specs[name], run=old.run, held=old.held)
                    self._runners[name] = self._given.runners[name]
            if not self._stopped:
                auto = {name for name in leaving if name in specs and specs[name].auto_start}
                self._want(self._wanted | auto | (set(again) & specs.keys()))

    def _enter(self, name: str, spec: ServiceSpec) -> None:
        old = self._services.get(name)
        if old is None:
            self._runners[name] = self._given.runners[name]
        self._services[name] = Service(spec) if old is None else replace(old, spec=spec)

    def _want(self, names: Iterable[str]) -> None:
        """Have these services running, with what they need, and start those that are not yet."""
        self._wanted = self._plan.closure(names)
        for name, failure in self._plan.blocked.items():
            self._refuse(name, failure)
        for name in sorted(name for name in self._wanted if self._services[name].held):
            self._block(name, "was stopped by hand")
        self._advance()

    def _amended(self, name: str, services: Services) -> bool:
        """Tell whether a service goes on as it is written now without being started again."""
        given = services.runners.get(name)
        return given is not None and self._services[name].state in ALIVE and self._runners[name].amend(given)

    async def _stop_all(self, names: Collection[str], plan: StartPlan) -> None:
        levels = plan.stop_levels()
        planned = {name for level in levels for name in level}
        for level in (*levels, sorted(set(names) - planned)):
            stopping = [name for name in level if name in names and name in self._services]
            for name in stopping:
                self._feed(name, StopRequested())
            while any(self._is_ending(name) for name in stopping):
                await self._moved.wait()

    def _is_ending(self, name: str) -> bool:
        service = self._services.get(name)
        return self._kills[name] > 0 or (service is not None and service.state is State.STOPPING)

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
            new = service.state is State.UNKNOWN and service.failure is None and not service.held
            if not new and service_id not in self._asked:
                continue
            if all(self._lets_start(need) for need in self._plan.needs[service_id]):
                self._asked -= {service_id}
                self._feed(service_id, StartRequested())

    def _lets_start(self, need: str) -> bool:
        service = self._services[need]
        tried = service.state is State.FAILED or self._known(service)
        return need not in self._asked and (service.ready or (need in self._plan.optional and tried))

    def _known(self, service: Service) -> bool:
        """Tell whether the start is over, well or not, or was refused."""
        told = service.state is not State.UNKNOWN or service.failure is not None or service.held
        return service.settled and told and service.spec.id not in self._asked

    def _block(self, service_id: str, reason: str) -> None:
        """Refuse those that wait for a service that is not going to run."""
        for name, failure in self._plan.blocked_by(service_id, reason).items():
            if not self._known(self._services[name]):
                self._refuse(name, failure)

    def _refuse(self, service_id: str, failure: Failure) -> None:
        self._asked -= {service_id}
        service = self._services[service_id]
        if service.state not in ALIVE and service_id in self._wanted:
            self._feed(service_id, StartRefused(failure))

    # ---- the policy --------------------------------------------------------------------------------------------

    def _feed(self, service_id: str, event: Event) -> None:
        before = self._services.get(service_id)
        if before is None:  # heard late of one that is gone
            return
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
            self._node.bus.publish("supervisor", "service.update", after.spec.id, service_update(before, after))
        given_up = after.settled and not after.ready and after.state in {State.FAILED, State.EXITED}
        if given_up and after.spec.id in self._wanted:
            self._block(after.spec.id, "did not start")
        self._move()
        self._advance()

    def _move(self) -> None:
        """Let those that wait look again."""
        self._moved.set()
        self._moved = trio.Event()

    def _arm(self, service: Service) -> None:
        disarm = self._alarms.pop(service.spec.id, None)
        if disarm is not None:
            disarm()
        if service.deadline is not None:
            delay = max(service.deadline - self._node.clock.monotonic(), 0)
            self._alarms[service.spec.id] = self._node.after(delay, lambda: self._due(service))

    def _due(self, service: Service) -> None:
        known = self._services.get(service.spec.id)
        if known is not None and known.deadline == service.deadline:
            self._feed(service.spec.id, TimerFired())

    # ---- its actions -------------------------------------------------------------------------------------------

    def _act(self, service_id: str, action: Action) -> None:
        match action:
            case StartRun(run):
                self._node.nursery.start_soon(self._start, service_id, self._runners[service_id], run)
            case StopRun(run):
                self._node.nursery.start_soon(self._stop, service_id, self._runners[service_id], run)
            case KillRun():
                self._kills[service_id] += 1
                self._node.nursery.start_soon(self._kill, service_id, self._runners[service_id])

    async def _start(self, service_id: str, runner: Runner, run: int) -> None:
        scope = self._starting[service_id] = trio.CancelScope()
        ended = once(lambda failure: self._feed(service_id, Ended(run, failure)))
        with scope:
            try:
                await runner.start(ended)
            except Exception as error:  # noqa: BLE001 - whatever a host raises is this service's failure, not the node's
                ended(failure_of(error))
            else:
                self._feed(service_id, Started(run))
        if self._starting.get(service_id) is scope:
            del self._starting[service_id]

    async def _stop(self, service_id: str, runner: Runner, run: int) -> None:
        if service_id in self._starting:
            return  # the policy asks again once it has started
        service = self._services.get(service_id)
        try:
            await runner.stop(service.spec.stop_timeout / SECOND if service is not None else 0)
        except Error as error:
            self._feed(service_id, Ended(run, error.failure))

    async def _kill(self, service_id: str, runner: Runner) -> None:
        scope = self._starting.pop(service_id, None)
        if scope is not None:
            scope.cancel()
        try:
            await runner.kill()
        except Error as error:
            self._node.log("warning", f"service {service_id} could not be ended: {error}", {"service": service_id})
        finally:
            self._kills[service_id] -= 1
            self._move()
