"""The report of `actorflow services`."""

from __future__ import annotations

from actorflow.codec import decode, encode
from actorflow.errors import Failure
from actorflow.supervision.report import report
from actorflow.supervision.spec import ServiceSpec
from actorflow.supervision.state import Service, State

CRASH = Failure("boom")


def test_lines_are_ordered_and_their_times_are_those_of_the_wall() -> None:
    waiting = Service(ServiceSpec("app:b"), State.FAILED, since=40, run=2, attempts=2, failure=CRASH, deadline=60)
    starting = Service(ServiceSpec("app:a"), State.STARTING, since=45, run=1, deadline=70)
    first, second = report([waiting, starting], now=50, wall=1_000)
    assert first.value() == {
        "id": "app:a",
        "state": "starting",
        "since": 995,
        "attempts": 0,
        "failure": None,
        "next_start": None,
        "held": False,
    }
    assert (second.id, second.since, second.attempts, second.failure, second.next_start) == (
        "app:b",
        990,
        2,
        CRASH,
        1_010,
    )


def test_a_service_that_never_started_has_no_since() -> None:
    (line,) = report([Service(ServiceSpec("app:a"))], now=50, wall=1_000)
    assert (line.state, line.since) == ("unknown", None)


def test_a_line_crosses_a_boundary() -> None:
    (line,) = report([Service(ServiceSpec("app:a"), State.FAILED, failure=CRASH)], now=0, wall=0)
    assert decode(encode(line.value())) == line.value()
