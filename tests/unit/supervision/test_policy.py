"""The restart policy, rule by rule."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actorflow.duration import MILLISECOND, SECOND
from actorflow.errors import CANCELED, INTERNAL, TIMEOUT, Error, Failure
from actorflow.supervision.policy import (
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
from actorflow.supervision.spec import RestartPolicy, ServiceSpec
from actorflow.supervision.state import Service, State

CRASH = Failure("boom")
LINKED = Failure("linked process failed", INTERNAL)


def fed(*events: Event, spec: ServiceSpec | None = None, now: int = 0) -> Service:
    service = Service(spec or ServiceSpec("app:s"))
    for event in events:
        service, _ = decide(service, event, now)
    return service


def running(spec: ServiceSpec | None = None) -> Service:
    return fed(StartRequested(), Started(1), spec=spec)


def limited(attempts: int) -> ServiceSpec:
    return ServiceSpec("app:s", restart=RestartPolicy(max_attempts=attempts))


def test_a_start_spawns_the_first_run_and_waits_for_it() -> None:
    service, actions = decide(Service(ServiceSpec("app:s")), StartRequested(), 7)
    assert (service.state, service.run, service.since, actions) == (State.STARTING, 1, 7, (StartRun(1),))
    assert service.deadline == 7 + 10 * SECOND
    assert not service.settled


def test_a_service_runs_as_soon_as_the_spawn_succeeded() -> None:
    service = running()
    assert service.state is State.RUNNING
    assert service.ready
    assert service.settled
    assert service.deadline is None


@pytest.mark.parametrize(
    "failure",
    [
        None,
        Failure("no", retryable=False),
        Failure("asked to", CANCELED),
    ],
)
def test_a_terminal_end_is_never_started_again(failure: Failure | None) -> None:
    service, actions = decide(running(), Ended(1, failure), 9)
    assert (service.state, service.deadline, actions) == (State.EXITED, None, ())
    assert decide(service, TimerFired(), 10**18) == (service, ())
    assert service.ready is (failure is None)


@pytest.mark.parametrize("retryable", [None, True])
def test_any_other_failure_waits_for_the_next_start(retryable: bool | None) -> None:  # noqa: FBT001 - three-valued data
    failure = Failure("boom", retryable=retryable)
    service, actions = decide(running(), Ended(1, failure), 9)
    assert (service.state, service.attempts, service.failure, actions) == (State.FAILED, 1, failure, ())
    assert service.next_start == 9 + SECOND
    assert not service.settled


def test_the_next_start_comes_at_its_time_and_not_before() -> None:
    failed, _ = decide(running(), Ended(1, CRASH), 0)
    assert decide(failed, TimerFired(), SECOND - 1) == (failed, ())
    again, actions = decide(failed, TimerFired(), SECOND)
    assert (again.state, again.run, again.attempts, actions) == (State.STARTING, 2, 1, (StartRun(2),))


def test_max_attempts_counts_failed_runs_not_restarts() -> None:
    service, starts, now = Service(limited(3)), 0, 0
    service, actions = decide(service, StartRequested(), now)
    while actions:
        starts += 1
        service, _ = decide(service, Started(starts), now)
        service, _ = decide(service, Ended(starts, CRASH), now)
        now += 100 * SECOND
        service, actions = decide(service, TimerFired(), now)
    assert (starts, service.state, service.attempts, service.settled) == (3, State.FAILED, 3, True)
    assert not service.ready
    assert service.failure == CRASH


def test_one_attempt_means_no_restart() -> None:
    service, _ = decide(running(limited(1)), Ended(1, CRASH), 0)
    assert service.settled
    assert service.next_start is None


@pytest.mark.parametrize(("lasted", "attempts"), [(5 * SECOND - 1, 3), (5 * SECOND, 1)])
def test_a_stable_run_resets_the_count_of_failed_runs(lasted: int, attempts: int) -> None:
    service = Service(ServiceSpec("app:s"), State.RUNNING, since=100, run=3, attempts=2)
    failed, _ = decide(service, Ended(3, CRASH), 100 + lasted)
    assert failed.attempts == attempts


def test_a_long_start_is_not_a_stable_run() -> None:
    service = Service(ServiceSpec("app:s"), State.STARTING, since=0, run=3, attempts=2, deadline=10 * SECOND)
    failed, _ = decide(service, Ended(3, CRASH), 9 * SECOND)
    assert failed.attempts == 3


def test_delays_grow_up_to_the_cap() -> None:
    restart = RestartPolicy(initial_delay=SECOND, max_delay=5 * SECOND, backoff_factor=2)
    assert [restart.delay(n, 0.5) // SECOND for n in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]
    assert restart.delay(100_000, 0.5) == 5 * SECOND


def test_jitter_is_applied_to_both_sides_after_the_cap() -> None:
    restart = RestartPolicy(max_delay=90 * SECOND, jitter=0.1)
    assert restart.delay(50, 0.0) == 81 * SECOND
    assert restart.delay(50, 1.0) == pytest.approx(99 * SECOND)
    assert restart.delay(1, 0.75) == 1050 * MILLISECOND


def test_a_failed_start_follows_the_same_counters() -> None:
    service = fed(StartRequested(), Ended(1, CRASH), spec=limited(2))
    assert (service.state, service.attempts, service.next_start) == (State.FAILED, 1, SECOND)
    service, _ = decide(service, TimerFired(), SECOND)
    service, _ = decide(service, Ended(2, CRASH), SECOND)
    assert (service.state, service.attempts, service.settled) == (State.FAILED, 2, True)


def test_a_start_that_cannot_succeed_is_not_tried_again() -> None:
    service = fed(StartRequested(), Ended(1, Failure("no such entry", retryable=False)))
    assert (service.state, service.ready, service.settled) == (State.EXITED, False, True)


def test_a_start_that_takes_too_long_is_killed_and_counts_as_failed() -> None:
    service = fed(StartRequested())
    service, actions = decide(service, TimerFired(), 10 * SECOND)
    assert actions == (KillRun(1),)
    assert service.state is State.FAILED
    assert service.failure is not None
    assert service.failure.kind == TIMEOUT
    assert decide(service, Started(1), 11 * SECOND) == (service, ())


def test_a_stop_asks_then_kills() -> None:
    service, actions = decide(running(), StopRequested(), 5)
    assert (service.state, service.deadline, actions) == (State.STOPPING, 5 + 10 * SECOND, (StopRun(1),))
    service, actions = decide(service, TimerFired(), 5 + 10 * SECOND)
    assert (service.state, service.deadline, actions) == (State.FAILED, None, (KillRun(1),))
    assert service.failure is not None
    assert (service.failure.kind, "stop_timeout" in service.failure.message) == (TIMEOUT, True)
    assert decide(service, Ended(1, CRASH), 11 * SECOND) == (service, ())
    assert decide(service, TimerFired(), 999 * SECOND) == (service, ())


@pytest.mark.parametrize("failure", [None, CRASH])
def test_a_stopped_service_stays_stopped_however_it_ended(failure: Failure | None) -> None:
    service, _ = decide(running(), StopRequested(), 0)
    service, actions = decide(service, Ended(1, failure), 1)
    assert (service.state, service.deadline, service.failure, actions) == (State.STOPPED, None, None, ())


def test_a_stop_overtakes_a_start() -> None:
    service, actions = decide(fed(StartRequested()), StopRequested(), 1)
    assert actions == (StopRun(1),)
    service, actions = decide(service, Started(1), 2)
    assert (service.state, actions) == (State.STOPPING, (StopRun(1),))


def test_a_stop_overtakes_a_restart() -> None:
    failed, _ = decide(running(), Ended(1, CRASH), 0)
    service, actions = decide(failed, StopRequested(), 1)
    assert (service.state, actions) == (State.STOPPED, ())
    assert decide(service, TimerFired(), 100 * SECOND) == (service, ())


@pytest.mark.parametrize("state", [State.UNKNOWN, State.STOPPED, State.EXITED, State.STOPPING])
def test_stopping_what_does_not_run_changes_nothing(state: State) -> None:
    service = Service(ServiceSpec("app:s"), state)
    assert decide(service, StopRequested(), 1) == (service, ())


@pytest.mark.parametrize("state", [State.STARTING, State.RUNNING])
def test_starting_what_runs_changes_nothing(state: State) -> None:
    service = Service(ServiceSpec("app:s"), state, run=1)
    assert decide(service, StartRequested(), 1) == (service, ())


@pytest.mark.parametrize("state", [State.UNKNOWN, State.STOPPED, State.EXITED, State.FAILED])
def test_a_start_by_hand_begins_to_count_anew(state: State) -> None:
    service = Service(ServiceSpec("app:s"), state, run=4, attempts=4, failure=CRASH)
    service, actions = decide(service, StartRequested(), 1)
    assert (service.state, service.attempts, service.failure, actions) == (State.STARTING, 0, None, (StartRun(5),))


@pytest.mark.parametrize("state", [State.UNKNOWN, State.STOPPED, State.EXITED])
def test_a_held_service_does_not_start_until_it_is_released(state: State) -> None:
    held, actions = decide(Service(ServiceSpec("app:s"), state), Held(), 1)
    assert (held.state, held.held, actions) == (state, True, ())
    assert decide(held, StartRequested(), 2) == (held, ())
    free, actions = decide(held, Released(), 3)
    assert (free.held, actions) == (False, ())
    assert decide(free, StartRequested(), 4)[1] == (StartRun(1),)


def test_a_held_service_does_not_come_back() -> None:
    waiting, _ = decide(running(), Ended(1, CRASH), 0)
    stopped, actions = decide(waiting, Held(), 1)
    assert (stopped.state, stopped.next_start, actions) == (State.STOPPED, None, ())
    held, actions = decide(running(), Held(), 0)
    assert (held.state, held.ready, actions) == (State.RUNNING, False, ())
    failed, actions = decide(held, Ended(1, CRASH), 1)
    assert (failed.state, failed.next_start, failed.settled, actions) == (State.FAILED, None, True, ())


def test_a_release_forgets_why_a_start_was_refused_and_nothing_else() -> None:
    refused = fed(StartRefused(CRASH))
    assert decide(refused, Released(), 1)[0].failure is None
    given_up = Service(ServiceSpec("app:s"), State.FAILED, run=1, failure=CRASH)
    assert decide(given_up, Released(), 1) == (given_up, ())


@pytest.mark.parametrize("failure", [Failure("error('text')"), Failure("process terminated", INTERNAL), LINKED])
def test_a_raise_a_termination_and_a_failed_link_are_started_again(failure: Failure) -> None:
    assert decide(running(), Ended(1, failure), 1)[0].next_start is not None


@given(
    initial=st.integers(1, 10**12),
    longest=st.integers(1, 10**13),
    factor=st.floats(1, 10),
    share=st.floats(0.001, 1),
    attempts=st.integers(1, 5000),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_a_delay_is_the_documented_formula(  # noqa: PLR0913, PLR0917 - the numbers of the formula
    initial: int, longest: int, factor: float, share: float, attempts: int, draw: float
) -> None:
    policy = RestartPolicy(initial_delay=initial, max_delay=longest, backoff_factor=factor, jitter=share)
    grown = min(Decimal(initial) * Decimal(factor) ** (attempts - 1), Decimal(longest))
    delay = policy.delay(attempts, draw)
    assert delay == pytest.approx(float(grown) * (1 + share * (2 * draw - 1)), rel=1e-9, abs=1)
    assert (1 - share) * float(grown) - 1 <= delay <= (1 + share) * float(grown) + 1


def test_what_is_heard_of_an_earlier_run_changes_nothing() -> None:
    service = Service(ServiceSpec("app:s"), State.RUNNING, run=2)
    assert decide(service, Ended(1, CRASH), 1) == (service, ())
    assert decide(service, Started(1), 1) == (service, ())


def test_what_is_heard_of_a_run_that_was_never_started_is_an_error() -> None:
    with pytest.raises(Error, match=r"heard of run 3, but only 2"):
        decide(Service(ServiceSpec("app:s"), State.RUNNING, run=2), Ended(3), 1)


def test_a_refused_start_says_why_and_can_be_tried_again() -> None:
    service = fed(StartRefused(CRASH))
    assert (service.state, service.failure, service.ready) == (State.UNKNOWN, CRASH, False)
    assert decide(service, StartRequested(), 1)[0].state is State.STARTING


@pytest.mark.parametrize(
    ("state", "event", "to"),
    [
        (State.STOPPING, StartRequested(), "starting"),
        (State.RUNNING, Started(1), "running"),
        (State.RUNNING, StartRefused(CRASH), "unknown"),
    ],
)
def test_an_illegal_move_names_both_states(state: State, event: Event, to: str) -> None:
    with pytest.raises(Error, match=rf"app:s: got a move from {state} to {to}") as caught:
        decide(Service(ServiceSpec("app:s"), state, run=1), event, 1)
    assert caught.value.details == {"id": "app:s", "from": str(state), "to": to}
    assert caught.value.kind == "Conflict"
