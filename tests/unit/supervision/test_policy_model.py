"""The policy against a model that keeps only what a person would: a list of starts, a count, and a wish."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actorflow.duration import SECOND
from actorflow.errors import Failure
from actorflow.supervision.policy import (
    Ended,
    Event,
    Held,
    KillRun,
    Released,
    Started,
    StartRequested,
    StartRun,
    StopRequested,
    StopRun,
    TimerFired,
    decide,
)
from actorflow.supervision.spec import RestartPolicy, ServiceSpec
from actorflow.supervision.state import Service, State

CRASH, REFUSAL = Failure("boom"), Failure("no", retryable=False)


class Supervised(RuleBasedStateMachine):
    """A world with at most one live run, driven at random; the model predicts what the policy asks for."""

    @initialize(attempts=st.integers(0, 4))
    def begin(self, attempts: int) -> None:
        self.limit = attempts
        spec = ServiceSpec("app:s", restart=RestartPolicy(max_attempts=attempts))
        self.service, self.now = Service(spec), 0
        self.live: int | None = None
        self.wanted = self.held = False
        self.up_since: int | None = None
        self.failed = 0

    def feed(self, event: Event, jitter: float = 0.5) -> None:
        self.service, actions = decide(self.service, event, self.now, jitter)
        for action in actions:
            if isinstance(action, StartRun):
                assert self.live is None, "a second run was started beside a live one"
                assert self.wanted, "a service that nobody wants was started"
                self.live, self.up_since = action.run, None
            else:
                assert isinstance(action, StopRun | KillRun)
                assert action.run == self.live, "a run that is not alive was asked to stop"
                self.live = None if isinstance(action, KillRun) else self.live

    @rule(seconds=st.integers(0, 200))
    def wait(self, seconds: int) -> None:
        """Time passes as a driver would let it: never over a deadline without saying so."""
        until = self.now + seconds * SECOND
        deadline = self.service.deadline
        if deadline is None or deadline > until:
            self.now = until
            return
        state = self.service.state
        self.now = deadline
        if state is State.STARTING:
            self.count()
        elif state is State.STOPPING:
            self.failed = 0
        self.feed(TimerFired())

    @precondition(lambda self: self.service.state is not State.STOPPING)
    @rule()
    def start(self) -> None:
        if self.held:
            self.feed(StartRequested())
            return
        if self.service.state not in {State.STARTING, State.RUNNING}:
            self.failed = 0
        self.wanted = True
        self.feed(StartRequested())

    @rule()
    def stop(self) -> None:
        self.wanted = False
        self.feed(StopRequested())

    @rule()
    def hold(self) -> None:
        """By hand, a stop follows at once, or when those that need the service have stopped."""
        self.held = True
        if self.live is None:
            self.wanted = False
        self.feed(Held())

    @rule()
    def release(self) -> None:
        self.held = False
        self.feed(Released())

    @precondition(lambda self: self.live is not None and self.up_since is None)
    @rule()
    def come_up(self) -> None:
        assert self.live is not None
        self.up_since = self.now
        self.feed(Started(self.live))

    @precondition(lambda self: self.live is not None)
    @rule(failure=st.sampled_from([None, CRASH, REFUSAL]), jitter=st.floats(0, 1, exclude_max=True))
    def end(self, failure: Failure | None, jitter: float) -> None:
        run, self.live = self.live, None
        assert run is not None
        if self.wanted and failure is CRASH:
            self.count()
        else:
            self.wanted, self.failed = False, 0
        self.feed(Ended(run, failure), jitter)
        if self.service.next_start is not None:
            base = min(SECOND * 2 ** (self.failed - 1), 90 * SECOND)
            assert 0.9 * base - 1 <= self.service.next_start - self.now <= 1.1 * base

    @rule(back=st.integers(1, 3), failure=st.sampled_from([None, CRASH]))
    def hear_late(self, back: int, failure: Failure | None) -> None:
        """A run that is over is heard of again: nothing may change."""
        run = self.service.run - back + (self.live is None)
        before = self.service
        if run >= 1:
            self.feed(Ended(run, failure))
            self.feed(Started(run))
        assert self.service == before

    def count(self) -> None:
        stable = self.up_since is not None and self.now - self.up_since >= 5 * SECOND
        self.failed = 1 if stable else self.failed + 1
        self.wanted = not self.held and (self.limit == 0 or self.failed < self.limit)

    @invariant()
    def agrees(self) -> None:
        state = self.service.state
        assert (self.live is not None) == (state in {State.STARTING, State.RUNNING, State.STOPPING})
        assert (self.service.deadline is not None) == (
            state in {State.STARTING, State.STOPPING} or (state is State.FAILED and self.wanted)
        )
        if state in {State.FAILED, State.STARTING, State.RUNNING}:
            assert self.service.attempts == self.failed


Supervised.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestSupervised = Supervised.TestCase
