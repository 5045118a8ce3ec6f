"""The states of a service: one table of who may follow whom.

This file knows neither why a service moves nor what a move causes; `policy` does. Diagrams are drawn from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from actorflow.errors import CONFLICT, Error, Failure
from actorflow.supervision.spec import ServiceSpec


class State(StrEnum):
    """Where a service stands, in the words that people see."""

    UNKNOWN = "unknown"
    """It was never started, or may not start."""
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    """It was asked to stop."""
    EXITED = "exited"
    """It ended by itself, for good."""
    FAILED = "failed"
    """A run failed or did not stop in time: it waits for its next start or, without one, has been given up."""


TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.UNKNOWN: frozenset({State.STARTING}),
    State.STARTING: frozenset({State.RUNNING, State.EXITED, State.FAILED, State.STOPPING}),
    State.RUNNING: frozenset({State.EXITED, State.FAILED, State.STOPPING}),
    State.STOPPING: frozenset({State.STOPPED, State.FAILED}),
    State.STOPPED: frozenset({State.STARTING}),
    State.EXITED: frozenset({State.STARTING}),
    State.FAILED: frozenset({State.STARTING, State.STOPPED}),
}

ALIVE: Final = frozenset({State.STARTING, State.RUNNING, State.STOPPING})
"""The states in which a run exists."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service at one moment. All times are nanoseconds of the one clock that `decide` is given.

    Attributes:
        spec: what is written about it.
        state: where it stands.
        since: when it came into that state.
        run: number of its current or last run; 0 before the first.
        attempts: consecutive failed runs.
        failure: why the last run failed or the service may not start; None after a clean end.
        deadline: when `TimerFired` is due: the end of a start or stop time-out, or the next start. None: never.
        held: whether it was stopped by hand, so that nothing but a release lets it start again.
    """

    spec: ServiceSpec
    state: State = State.UNKNOWN
    since: int = 0
    run: int = 0
    attempts: int = 0
    failure: Failure | None = field(default=None)
    deadline: int | None = None
    held: bool = False

    @property
    def next_start(self) -> int | None:
        """When a failed service starts again; None when it does not wait for a start."""
        return self.deadline if self.state is State.FAILED else None

    @property
    def settled(self) -> bool:
        """Whether a start that somebody waits for is over, well or not; `ready` tells which."""
        return self.state not in {State.STARTING, State.STOPPING} and self.next_start is None

    @property
    def ready(self) -> bool:
        """Whether dependents may start: it runs, or did its work and returned, and is not held."""
        return not self.held and (self.state is State.RUNNING or (self.state is State.EXITED and self.failure is None))

    def moved(self, state: State, now: int, **changes: Any) -> Service:
        """Return the service in `state` since `now`, without a deadline unless `changes` sets one.

        Raises:
            Error: kind Conflict, when the table does not allow the move.
        """
        if state not in TRANSITIONS[self.state]:
            raise self._illegal(state)
        return replace(self, state=state, since=now, **{"deadline": None, **changes})

    def refused(self, failure: Failure) -> Service:
        """Return the service with the reason why it may not start, in the state it has.

        Raises:
            Error: kind Conflict, when it is alive: what is up cannot be refused.
        """
        if self.state in ALIVE:
            raise self._illegal(State.UNKNOWN)
        return replace(self, failure=failure)

    def _illegal(self, state: State) -> Error:
        allowed = ", ".join(sorted(TRANSITIONS[self.state]))
        return Error(
            f"service {self.spec.id}: got a move from {self.state} to {state}, expected one to {allowed}",
            CONFLICT,
            retryable=False,
            details={"id": self.spec.id, "from": str(self.state), "to": str(state)},
        )
