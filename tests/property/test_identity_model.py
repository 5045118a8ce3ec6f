"""Who gets a workflow id: every policy in every state of its runs, against a model that is a list of runs."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from actorflow.run import identity as rules
from actorflow.run.state import CANCELLED, COMPLETED, CREATED, FAILED, OPEN
from actorflow.run.turn import RELEASE
from actorflow.store.memory import MemoryStore
from actorflow.store.port import RunFilter
from actorflow.testing.conformance.items import EPOCH, Book, message

CONFLICTS = st.sampled_from([rules.REJECT, rules.RETURN_EXISTING, rules.SKIP, rules.REPLACE])
REUSES = st.sampled_from([rules.REUSE, rules.REUSE_FAILED, rules.REUSE_NEVER])
ENDS = st.sampled_from([COMPLETED, FAILED, CANCELLED])
KEY = "order/7"


class Identity(RuleBasedStateMachine):
    """One workflow id; the model knows the states of its runs in order, and who waits behind the one that holds it."""

    @initialize()
    def begin(self) -> None:
        self.store: Any = MemoryStore()
        self.states: dict[int, str] = {}
        self.own: dict[int, str] = {}
        self.line: list[int] = []
        self.holder = 0
        self.count = 0

    def _book(self, workflow_id: str) -> Book:
        self.count += 1
        return Book(workflow_id, f"run-{self.count}")

    def _ended(self, run: int, state: str) -> None:
        self.states[run] = state
        if run in self.line:
            self.line.remove(run)
        if run == self.holder:
            self.holder = self.line.pop(0) if self.line else 0

    @rule(conflict=CONFLICTS, reuse=REUSES)
    def start(self, conflict: str, reuse: str) -> None:
        book = self._book(KEY)
        (answer,) = self.store.commit([book.start(on_conflict=conflict, reuse=reuse, messages=[message("")])])
        past = [state for run, state in self.states.items() if self.own[run] == KEY and state not in OPEN]
        if self.holder and conflict == rules.REJECT:
            assert (answer.accepted, answer.refusal, answer.run) == (False, "exists", self.holder)
        elif self.holder and conflict != rules.REPLACE:
            assert (answer.accepted, answer.existing, answer.run) == (True, True, self.holder)
            assert len(answer.inbox) == (conflict == rules.RETURN_EXISTING)
        elif not self.holder and (
            (reuse == rules.REUSE_NEVER and past) or (reuse == rules.REUSE_FAILED and past[-1:] == [COMPLETED])
        ):
            assert (answer.accepted, answer.refusal) == (False, "reuse")
        else:
            assert (answer.accepted, answer.existing, len(answer.inbox)) == (True, False, 1)
            if self.holder:
                assert [item.run for item in answer.touched if item.ended] == [self.holder]
                self.states[self.holder] = CANCELLED
            self.holder, self.states[answer.run], self.own[answer.run] = answer.run, book.start().state, KEY

    @rule()
    def queue(self) -> None:
        book = self._book(f"{KEY}~{self.count}")
        start = book.start(key=KEY, state=CREATED, timers=[(RELEASE, EPOCH)])
        (answer,) = self.store.commit([start])
        self.states[answer.run], self.own[answer.run] = CREATED, book.workflow_id
        if self.holder:
            self.line.append(answer.run)
        else:
            self.holder = answer.run

    @rule(state=ENDS, place=st.integers(0, 5))
    def end(self, state: str, place: int) -> None:
        runs = [run for run, found in self.states.items() if found in OPEN]
        if not runs:
            return
        run = runs[place % len(runs)]
        row = self.store.load(run).row
        book = Book(row.workflow_id, row.run_id)
        book.run, book.seq, book.checksum, book.revision = run, row.last_seq, row.last_checksum, row.revision
        (answer,) = self.store.commit(
            [book.finish(state, {COMPLETED: "RunCompleted", FAILED: "RunFailed"}.get(state, "RunCancelled"))]
        )
        assert answer.accepted
        was = self.holder
        self._ended(run, state)
        released = [item.run for item in answer.touched if item.released]
        assert released == ([self.holder] if run == was and self.holder else [])

    @invariant()
    def the_id_has_one_holder(self) -> None:
        if not hasattr(self, "store"):
            return
        (answer,) = self.store.commit([message(KEY)])
        assert answer.run == self.holder
        assert {row.run: row.state for row in self.store.runs(RunFilter())} == self.states
        assert all(self.store.verify(run) == [] for run in self.states)


def test_the_rules_of_identity() -> None:
    run_state_machine_as_test(Identity, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))
