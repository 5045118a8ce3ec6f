"""The backlog of a queue against a model: three lists, moved until nothing can move."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actorflow.resource.backlog import Backlog

ROOM = 3


class BacklogMachine(RuleBasedStateMachine):
    """Senders, items and takers each keep their order; nothing waits that could move, and nothing is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog: Backlog[int] = Backlog(ROOM)
        self.accepted: list[int] = []
        self.taken: list[tuple[int, int]] = []
        self.give_up: dict[str, list[Callable[[], None]]] = {"offer": [], "want": []}
        self.senders: list[tuple[int, int]] = []
        self.items: list[int] = []
        self.takers: list[int] = []
        self.model_accepted: list[int] = []
        self.model_taken: list[tuple[int, int]] = []
        self.numbers = 0

    @rule()
    def offer(self) -> None:
        self.numbers += 1
        number = self.numbers
        self.senders.append((number, len(self.give_up["offer"])))
        self.give_up["offer"].append(self.backlog.offer(number, lambda: self.accepted.append(number)))
        self.settle()

    @rule()
    def put(self) -> None:
        self.numbers += 1
        self.items.append(self.numbers)
        self.backlog.put(self.numbers)
        self.settle()

    @rule()
    def want(self) -> None:
        number = len(self.give_up["want"])
        self.takers.append(number)
        self.give_up["want"].append(self.backlog.want(lambda item: self.taken.append((number, item))))
        self.settle()

    @rule(verb=st.sampled_from(["offer", "want"]), place=st.integers(0, 20))
    def withdraw(self, verb: str, place: int) -> None:
        if place < len(self.give_up[verb]):
            self.give_up[verb][place]()
            self.senders = [one for one in self.senders if verb != "offer" or one[1] != place]
            self.takers = [one for one in self.takers if verb != "want" or one != place]
            self.settle()

    def settle(self) -> None:
        moved = True
        while moved:
            moved = False
            if self.senders and len(self.items) < ROOM:
                number, _ = self.senders.pop(0)
                self.items.append(number)
                self.model_accepted.append(number)
                moved = True
            if self.items and self.takers:
                self.model_taken.append((self.takers.pop(0), self.items.pop(0)))
                moved = True

    @invariant()
    def it_did_what_the_model_did(self) -> None:
        assert self.accepted == self.model_accepted
        assert self.taken == self.model_taken
        assert len(self.backlog) == len(self.items)
        assert self.backlog.blocked == len(self.senders)


TestBacklog = BacklogMachine.TestCase
TestBacklog.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
