"""The run table against a small model: every state, every operation, accepted and refused.

It runs on the store in memory; `test_stores_agree` holds the others equal to that one.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.run.turn import CallRow, ChangeRun, Committed, StateChange
from actorflow.store.memory import MemoryStore
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message

NAMES = ("order/1", "order/2")
MODEL: dict[str, dict[str, str]] = {
    "release": {"created": "pending"},
    "pause": dict.fromkeys(("created", "pending", "running", "waiting"), "paused"),
    "resume": {"paused": "pending"},
    "repin": {"paused": "pending"},
    "accept": {"paused": "pending"},
    "cancel": {
        "created": "cancelled",
        "pending": "pending",
        "running": "running",
        "waiting": "waiting",
        "paused": "pending",
    },
    "terminate": dict.fromkeys(("created", "pending", "running", "waiting", "paused"), "cancelled"),
    "expire": dict.fromkeys(("created", "pending", "running", "waiting", "paused"), "failed"),
    "retry": {"failed": "pending"},
    "delete-data": dict.fromkeys(("completed", "failed", "cancelled", "data_deleted"), "delete_requested"),
    "scrub": {"delete_requested": "data_deleted"},
    "purge": dict.fromkeys(("completed", "failed", "cancelled", "delete_requested", "data_deleted"), ""),
}
"""What each verb makes of a run in each state; it is refused in the others."""
QUIET = frozenset({"pending", "running", "waiting"})


class Model:
    """What a run should be: its state, what its history says, and how its next turn must look."""

    def __init__(self, book: Book, state: str) -> None:
        self.book = book
        self.state = state
        self.history = ["created"]
        self.paused_calls = False

    def enter(self, state: str) -> None:
        self.state = state
        self.history.append(state)
        self.book.revision += 1


class RunTable(RuleBasedStateMachine):
    """Runs that are started, take turns, and are changed from outside in any order."""

    models: Bundle[Model] = Bundle("models")

    @initialize()
    def begin(self) -> None:
        self.store: Any = MemoryStore()
        self.known: list[Model] = []
        self.count = 0

    def commit(self, item: Any) -> Committed:
        (answer,) = self.store.commit([item])
        return answer

    def holder(self, name: str) -> Model | None:
        held = (model for model in self.known if model.state in states.OPEN and model.book.workflow_id == name)
        return next(held, None)

    @rule(
        target=models, name=st.sampled_from(NAMES), state=st.sampled_from(["created", "pending", "running", "waiting"])
    )
    def start(self, name: str, state: str) -> Any:
        self.count += 1
        book = Book(name, f"run-{self.count}")
        answer = self.commit(book.start(state=state))
        model = Model(book.started(answer), state)
        assert answer.accepted == (self.holder(name) is None)
        if answer.accepted:
            self.known.append(model)
        else:
            model.state = "never"
        return model

    @rule(
        model=models,
        state=st.sampled_from(["running", "waiting", "completed", "failed", "cancelled"]),
        late=st.booleans(),
    )
    def turn(self, model: Model, state: str, late: bool) -> None:  # noqa: FBT001 - drawn by name
        """A turn on the revision it knows is taken while the run takes turns; one on an older revision never."""
        if model.state not in QUIET:
            return
        book, before = model.book, (model.book.seq, model.book.checksum, model.book.revision)
        ended = state in states.ENDED
        change = StateChange(state, EPOCH) if ended else None
        turn = book.turn(state, timers=[(1, EPOCH)], calls=[CallRow(2, 1, EPOCH)], change=change)
        turn.result = b"\x01" if ended else None
        turn.revision -= late
        answer = self.commit(turn)
        assert (answer.accepted, answer.refusal) == (not late, "revision" if late else "")
        if late:
            book.seq, book.checksum, book.revision = before
        else:
            model.state = state
            model.history += [state] if ended else []

    @rule(
        model=models,
        verb=st.sampled_from(sorted(MODEL)),
        by_name=st.booleans(),
        stale=st.sampled_from([False, False, False, True]),
    )
    def change(self, model: Model, verb: str, by_name: bool, stale: bool) -> None:  # noqa: FBT001 - drawn by name
        if model.state in {"never", "gone"}:
            return
        book = model.book
        change = ChangeRun(verb, book.run, at=EPOCH, reason="why", by="me", end=b"\x01", since=2, waits=b"\x02")
        change.source = "hash"  # what it has: a repin needs one
        change.revision = book.revision + 7 if stale else None
        if by_name and self.holder(book.workflow_id) is model:
            change.run, change.workflow_id = 0, book.workflow_id
        before = self.store.load(book.run)
        answer = self.commit(change)
        after = MODEL[verb].get(model.state)
        if stale:
            assert (answer.accepted, answer.refusal) == (False, "revision")
        elif after is None:
            assert (answer.accepted, answer.refusal, answer.state) == (False, "state", model.state)
        elif verb == "retry" and self.holder(book.workflow_id) is not None:
            assert (answer.accepted, answer.refusal) == (False, "exists")
        else:
            assert (answer.accepted, answer.state) == (True, after)
            self.took(model, verb, after)
            return
        assert self.store.load(book.run) == before, "what is refused changes nothing"

    def took(self, model: Model, verb: str, after: str) -> None:
        if verb == "purge":
            model.state = "gone"
            self.known.remove(model)
            return
        if verb != "cancel" or model.state in {"created", "paused"}:
            assert after != model.state or verb == "cancel", "never the same state twice"
            model.enter(after)
        last = self.store.load(model.book.run).row
        model.book.seq, model.book.checksum = last.last_seq, last.last_checksum

    @rule(model=models)
    def deliver(self, model: Model) -> None:
        """A message is taken in every open state, and in no other; a paused run moves with it."""
        if model.state != "never":
            answer = self.commit(message("", run=model.book.run))
            assert answer.accepted == (model.state in states.OPEN)
            model.book.revision += model.state == "paused"

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        for model in getattr(self, "known", ()):
            held = self.store.load(model.book.run)
            assert (held.row.state, held.row.revision) == (model.state, model.book.revision)
            assert [change.state for change in self.store.history(model.book.run)] == model.history
            assert self.store.verify(model.book.run) == []
            if model.state not in states.OPEN:
                assert (held.timers, held.calls) == ([], [])
            if model.state == "cancelled":
                assert held.row.result is not None

    @invariant()
    def paused_runs_are_not_due(self) -> None:
        if hasattr(self, "store"):
            due = {run for run, *_ in self.store.due_timers(HOST, 2**62)}
            assert due.isdisjoint(model.book.run for model in self.known if model.state == "paused")


RunTable.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestRunTable = RunTable.TestCase


def test_the_model_and_the_table_name_the_same_verbs_and_states() -> None:
    assert set(MODEL) == set(states.VERBS)
    for verb, ways in MODEL.items():
        assert set(ways) == states.VERBS[verb].froms, verb
        for old, new in ways.items():
            asked = states.VERBS[verb].to
            assert not asked or asked in states.TRANSITIONS[old] or old == asked, (verb, old)
            assert new in {asked, old, "pending"}, (verb, old)
    assert set(states.TRANSITIONS) == {state for ways in MODEL.values() for state in ways}
    assert events.RUN_RETRIED in events.FACTS
