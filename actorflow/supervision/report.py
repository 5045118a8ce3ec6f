"""What `actorflow services` prints, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actorflow.errors import Failure
from actorflow.supervision.state import Service, State


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """One line of the report. Times are Unix nanoseconds.

    Attributes:
        id: registry id of the service.
        state: one of the words of `State`.
        since: when it came into that state, or None when it was never started.
        attempts: consecutive failed runs.
        failure: why the last run failed or the service may not start, or None.
        next_start: when it starts again, or None when it does not wait for that.
        held: whether it was stopped by hand and stays so until it is started by hand.
    """

    id: str
    state: str
    since: int | None
    attempts: int
    failure: Failure | None
    next_start: int | None
    held: bool = False

    def value(self) -> dict[str, Any]:
        """Return the line as a value that may cross a boundary."""
        return {
            "id": self.id,
            "state": self.state,
            "since": self.since,
            "attempts": self.attempts,
            "failure": self.failure,
            "next_start": self.next_start,
            "held": self.held,
        }


def report(services: Iterable[Service], now: int, wall: int) -> list[ServiceReport]:
    """Return one line per service, ordered by id.

    `now` is the time on the clock that the services are decided by, `wall` the Unix time of the same moment.
    """
    return [_line(service, wall - now) for service in sorted(services, key=lambda service: service.spec.id)]


def _line(service: Service, shift: int) -> ServiceReport:
    return ServiceReport(
        id=service.spec.id,
        state=str(service.state),
        since=None if service.state is State.UNKNOWN else service.since + shift,
        attempts=service.attempts,
        failure=service.failure,
        next_start=None if service.next_start is None else service.next_start + shift,
        held=service.held,
    )
