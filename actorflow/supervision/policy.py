"""The restart policy: what a service does when something happened, as a pure function.

`decide` takes a service, an event and the time, and returns the service afterwards with the actions to carry out. The
driver keeps one timer per service, at `Service.deadline`, and feeds `TimerFired` when it is due.

Events about a run carry its number. What is heard of a run that is over already (killed, timed out) changes nothing.
Starting what runs or is held and stopping what does not run are no faults: they change nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from actorflow.errors import CANCELED, INTERNAL, TIMEOUT, Error, Failure
from actorflow.supervision.state import ALIVE, Service, State


@dataclass(frozen=True, slots=True)
class StartRequested:
    """Somebody wants the service to run; the count of failed runs begins anew."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody wants the service not to run."""


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody stops the service by hand: from now on it is not started, however often that is requested."""


@dataclass(frozen=True, slots=True)
class Released:
    """Somebody lets the service start again; what it was refused for is forgotten."""


@dataclass(frozen=True, slots=True)
class StartRefused:
    """The service may not start now, e.g. because what it requires is missing or has failed."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Started:
    """Run `run` has been spawned."""

    run: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Run `run` is over, or could not be spawned: cleanly (None), or with a failure."""

    run: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time may have reached the service's deadline; before it, this changes nothing."""


Wish: TypeAlias = StartRequested | StopRequested | Held | Released | StartRefused
Event: TypeAlias = Wish | Started | Ended | TimerFired


@dataclass(frozen=True, slots=True)
class StartRun:
    """Spawn run `run`, then feed `Started` or `Ended`."""

    run: int


@dataclass(frozen=True, slots=True)
class StopRun:
    """Ask run `run` to stop; `Ended` follows, or the deadline."""

    run: int


@dataclass(frozen=True, slots=True)
class KillRun:
    """End run `run` without asking; nothing more needs to be heard of it."""

    run: int


Action: TypeAlias = StartRun | StopRun | KillRun
Decision: TypeAlias = tuple[Service, tuple[Action, ...]]


def decide(service: Service, event: Event, now: int, jitter: float = 0.5) -> Decision:
    """Return `service` after `event` at `now` (nanoseconds), and what to do, in order.

    `jitter` is a uniform draw in [0, 1) for the delay before a restart.

    Raises:
        Error: kind Conflict, when the event asks for a move that the state table does not have.
    """
    match event:
        case Started():
            return _started(service, event.run, now) if _concerns(service, event.run) else (service, ())
        case Ended():
            return _ended(service, event.failure, now, jitter) if _concerns(service, event.run) else (service, ())
        case TimerFired():
            return _timer_fired(service, now, jitter)
        case _:
            return _asked(service, event, now)


def is_terminal(failure: Failure | None) -> bool:
    """Tell whether a run that ended so is never started again: a clean return, a cancellation, `retryable=False`."""
    return failure is None or failure.retryable is False or failure.kind == CANCELED


def _asked(service: Service, wish: Wish, now: int) -> Decision:
    match wish:
        case StartRequested():
            return _start_requested(service, now)
        case StopRequested():
            return _stop_requested(service, now)
        case StartRefused():
            return service.refused(wish.failure), ()
        case Held():
            return _hold(service, now), ()
        case Released():
            return _release(service), ()


def _concerns(service: Service, run: int) -> bool:
    if run > service.run:
        raise Error(f"service {service.spec.id}: heard of run {run}, but only {service.run} were started", INTERNAL)
    return run == service.run and service.state in ALIVE


def _start_requested(service: Service, now: int) -> Decision:
    if service.held or service.state in {State.STARTING, State.RUNNING}:
        return service, ()
    return _start(service, now, attempts=0, failure=None)


def _start(service: Service, now: int, attempts: int, failure: Failure | None) -> Decision:
    run, deadline = service.run + 1, now + service.spec.start_timeout
    changes = {"run": run, "attempts": attempts, "failure": failure, "deadline": deadline}
    return service.moved(State.STARTING, now, **changes), (StartRun(run),)


def _stop_requested(service: Service, now: int) -> Decision:
    if service.state in {State.STARTING, State.RUNNING}:
        deadline = now + service.spec.stop_timeout
        return service.moved(State.STOPPING, now, deadline=deadline), (StopRun(service.run),)
    if service.state is State.FAILED:
        return service.moved(State.STOPPED, now), ()
    return service, ()


def _hold(service: Service, now: int) -> Service:
    stopped = service.moved(State.STOPPED, now) if service.state is State.FAILED else service
    return replace(stopped, held=True)


def _release(service: Service) -> Service:
    refusal = None if service.state is State.UNKNOWN else service.failure
    return replace(service, held=False, failure=refusal) if service.held or refusal != service.failure else service


def _started(service: Service, run: int, now: int) -> Decision:
    if service.state is State.STOPPING:  # the stop overtook the start, so it may have reached nobody
        return service, (StopRun(run),)
    return service.moved(State.RUNNING, now), ()


def _ended(service: Service, failure: Failure | None, now: int, jitter: float) -> Decision:
    if service.state is State.STOPPING:
        return service.moved(State.STOPPED, now, attempts=0, failure=None), ()
    if is_terminal(failure):
        return service.moved(State.EXITED, now, attempts=0, failure=failure), ()
    return _failed(service, failure, now, jitter), ()


def _failed(service: Service, failure: Failure | None, now: int, jitter: float) -> Service:
    stable = service.state is State.RUNNING and now - service.since >= service.spec.stable_threshold
    attempts = 1 if stable else service.attempts + 1
    restart = service.spec.restart
    again = not service.held and (restart.max_attempts == 0 or attempts < restart.max_attempts)
    deadline = now + restart.delay(attempts, jitter) if again else None
    return service.moved(State.FAILED, now, attempts=attempts, failure=failure, deadline=deadline)


def _timer_fired(service: Service, now: int, jitter: float) -> Decision:
    if service.deadline is None or now < service.deadline:
        return service, ()
    if service.state is State.FAILED:
        return _start(service, now, service.attempts, service.failure)
    if service.state is State.STOPPING:
        slow = Failure(f"service {service.spec.id} did not stop within its stop_timeout and was ended", TIMEOUT)
        return service.moved(State.FAILED, now, attempts=0, failure=slow), (KillRun(service.run),)
    late = Failure(f"service {service.spec.id} did not start within its start_timeout", TIMEOUT, retryable=True)
    return _failed(service, late, now, jitter), (KillRun(service.run),)
