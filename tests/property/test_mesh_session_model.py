"""The session against a model, under loss, doubles, another order, silence and restarts.

The model: in each conversation a receiver has a beginning of what its peer was allowed to say in it, each once, in order.
"""

from __future__ import annotations

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.unit.mesh.wire import MS, Wire

SIDES = strategies.sampled_from("ab")


class SessionModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.wire = Wire(7)
        self.wire.arrive()
        self.said: dict[str, list[bytes]] = {"a": [], "b": []}
        self.count = 0
        self.incarnation = 1
        self.calm = True
        """Whether no conversation has broken, so that nothing at all may be missing in the end."""

    @rule(name=SIDES, many=strategies.integers(1, 5))
    def say(self, name: str, many: int) -> None:
        for _ in range(many):
            if self.wire.side(name).session.has_room:
                self.count += 1
                item = b"%d" % self.count
                self.said[name].append(item)
                self.wire.side(name).session.send(item)

    @rule(milliseconds=strategies.sampled_from([0, 10, 60, 250, 1100]))
    def time_passes(self, milliseconds: int) -> None:
        self.wire.now += milliseconds * MS
        self.wire.pump()

    @precondition(lambda self: self.wire.under_way["a"] or self.wire.under_way["b"])
    @rule(data=strategies.data(), what=strategies.sampled_from(["arrives", "arrives", "arrives", "lost", "doubled"]))
    def something_happens_to_a_frame(self, data: strategies.DataObject, what: str) -> None:
        to = data.draw(strategies.sampled_from([name for name in "ab" if self.wire.under_way[name]]))
        frames = self.wire.under_way[to]
        place = data.draw(strategies.integers(0, len(frames) - 1))
        if what == "lost":
            frames.pop(place)
        elif what == "doubled":
            frames.insert(data.draw(strategies.integers(0, len(frames))), frames[place])
        else:
            self.wire.deliver(to, place)

    @rule()
    def all_arrives(self) -> None:
        self.wire.arrive()

    @precondition(lambda self: self.count > 20)
    @rule()
    def nothing_arrives_for_long(self) -> None:
        self.wire.lose(6000, step=500)

    @precondition(lambda self: self.count > 20)
    @rule(name=SIDES)
    def restart(self, name: str) -> None:
        self.incarnation += 1
        self.calm = False
        self.forget(name)
        self.wire.restart(name, self.incarnation)

    def forget(self, name: str) -> None:
        """What a side that dies has been told is known to nobody; what it said may arrive or not."""
        other = "b" if name == "a" else "a"
        delivered = self.wire.side(name).delivered
        assert is_subsequence(delivered, self.said[other])

    @invariant()
    def each_once_and_in_order(self) -> None:
        for name, other in (("a", "b"), ("b", "a")):
            delivered = self.wire.side(name).delivered
            assert len(set(delivered)) == len(delivered)
            assert is_subsequence(delivered, self.said[other])

    def teardown(self) -> None:
        self.wire.run(8000, step=250)  # the network heals
        a, b = self.wire.a, self.wire.b
        assert a.is_open
        assert b.is_open
        if self.calm and not a.broken and not b.broken:
            assert b.delivered == self.said["a"]
            assert a.delivered == self.said["b"]
        before = len(b.delivered)
        a.session.send(b"last")
        self.wire.run(5000, step=250)
        assert b.delivered[before:][-1:] == [b"last"]


def is_subsequence(part: list[bytes], whole: list[bytes]) -> bool:
    rest = iter(whole)
    return all(item in rest for item in part)


def test_the_session_keeps_its_model() -> None:
    run_state_machine_as_test(SessionModel, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
