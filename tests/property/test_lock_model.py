"""Who gets lock keys: many runs that want several each, in any order, against a model that is a list of runs."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from actorflow.run.lock import lock_id
from actorflow.run.state import CREATED, PAUSED, PENDING
from actorflow.run.turn import NEVER, RELEASE, ChangeRun, Committed
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.memory import MemoryStore
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import EPOCH, Book

KEYS = ("a", "b", "c")
SOME = st.sets(st.sampled_from(KEYS), min_size=1)


class Waiting:
    """A run of the model: what it wants, and whether it stands in line."""

    def __init__(self, book: Book, keys: set[str], *, ready: bool, priority: int) -> None:
        self.book = book
        self.keys = keys
        self.ready = ready
        self.priority = priority
        self.paused = False
        self.holds = False


class Model:
    """Runs in the order of their start; `settle` gives keys by priority, then first come first served."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.runs: dict[int, Waiting] = {}
        self.count = 0

    def settle(self) -> None:
        taken = {key for run in self.runs.values() if run.holds for key in run.keys}
        for _, run in sorted(self.runs.items(), key=lambda item: (-item[1].priority, item[0])):
            if run.holds or run.paused or not run.ready:
                continue
            run.holds = not run.keys & taken
            taken |= run.keys  # those behind it wait too

    def commit(self, *items: Any) -> list[Committed]:
        answers: list[Committed] = self.store.commit(items)
        assert all(answer.accepted for answer in answers)
        return answers

    def start(self, keys: set[str], *, ready: bool = True, priority: int = 0) -> None:
        self.count += 1
        book = Book(f"run-{self.count}")
        locks = sorted(map(lock_id, keys))
        timers = [(RELEASE, EPOCH if ready else NEVER)]
        start = book.start(locks=locks, ready=ready, state=CREATED, timers=timers, priority=priority)
        (answer,) = self.commit(start)
        self.runs[answer.run] = Waiting(book.started(answer), keys, ready=ready, priority=priority)
        self.settle()

    def change(self, verb: str, run: int) -> None:
        self.commit(ChangeRun(verb, run, at=EPOCH, end=b"\x01"))
        mine = self.runs[run]
        if verb in {"terminate", "cancel"}:
            del self.runs[run]
        elif verb == "release":
            mine.ready = True
        else:
            mine.paused = verb == "pause"
        self.settle()

    def end(self, *runs: int) -> None:
        """End runs that hold what they want, in one commit."""
        self.commit(*(ChangeRun("terminate", run, at=EPOCH, end=b"\x01") for run in runs))
        for run in runs:
            del self.runs[run]
        self.settle()

    def check(self) -> None:
        for run, mine in self.runs.items():
            wanted = {want.key for want in self.store.wanted(run)}
            assert wanted == (set() if mine.holds else set(map(lock_id, mine.keys))), run
            assert self.store.load(run).row.state in ({PAUSED} if mine.paused else {CREATED, PENDING})


class Locks(RuleBasedStateMachine):
    """Starts, ends, pauses and releases in any order."""

    @initialize()
    def begin(self) -> None:
        self.model = Model(MemoryStore())

    def pick(self, place: int, **being: bool) -> int:
        def fits(run: Waiting) -> bool:
            return all(getattr(run, name) == value for name, value in being.items())

        found = [run for run, mine in self.model.runs.items() if fits(mine)]
        return found[place % len(found)] if found else 0

    @rule(keys=SOME, ready=st.sampled_from([True, True, False]), priority=st.integers(-1, 1))
    def start(self, keys: set[str], ready: bool, priority: int) -> None:  # noqa: FBT001 - drawn by name
        self.model.start(keys, ready=ready, priority=priority)

    @rule(place=st.integers(0, 20), verb=st.sampled_from(["terminate", "cancel"]))
    def remove(self, place: int, verb: str) -> None:
        if run := self.pick(place, holds=False):
            self.model.change(verb, run)

    @rule(place=st.integers(0, 20))
    def pause(self, place: int) -> None:
        if run := self.pick(place, paused=False):
            self.model.change("pause", run)

    @rule(place=st.integers(0, 20))
    def resume(self, place: int) -> None:
        if run := self.pick(place, paused=True):
            self.model.change("resume", run)

    @rule(place=st.integers(0, 20))
    def release(self, place: int) -> None:
        if run := self.pick(place, ready=False, paused=False):
            self.model.change("release", run)

    @rule(place=st.integers(0, 20), both=st.booleans())
    def end(self, place: int, both: bool) -> None:  # noqa: FBT001 - drawn by name
        runs = {run for step in range(1 + both) if (run := self.pick(place + step, holds=True, paused=False))}
        if runs:
            self.model.end(*sorted(runs))

    @invariant()
    def the_store_agrees(self) -> None:
        if hasattr(self, "model"):
            self.model.check()


def test_the_rules_of_locks() -> None:
    run_state_machine_as_test(Locks, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


@pytest.mark.parametrize("kind", ["memory", "sql"])
def test_fifty_waiters_get_their_keys_in_order_and_nobody_twice(kind: str, tmp_path: Any, seed: int) -> None:
    random, dialect = Random(seed), Sqlite(tmp_path / "runs.db")
    store: Any = MemoryStore() if kind == "memory" else SqlStore(dialect)
    model = Model(store)
    for _ in range(50):
        model.start(set(random.sample(KEYS, random.randint(1, len(KEYS)))), priority=random.randint(-1, 1))
    order = []
    while model.runs:
        held = [run for run, mine in model.runs.items() if mine.holds]
        model.check()
        if kind == "sql" and len(order) % 10 == 0:
            assert [fault for fault in examine(dialect) if fault.table in {"queued_run", "open_run"}] == []
        assert held, "nobody is stuck"
        run = random.choice(held)
        order.append(run)
        model.end(run)
    assert len(order) == 50
    store.close()
