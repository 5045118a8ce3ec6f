"""A machine whose process parks does what one does that never parks, whatever happens to it while it is parked."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from actorflow.errors import Error, Failure
from actorflow.machine import channel as channels
from actorflow.machine.machine import Machine
from actorflow.machine.op import Op
from actorflow.message import EXIT, Message, exit_event
from actorflow.ports import Outcome
from actorflow.shape import Shapes
from actorflow.value import Limits
from hosts.process import posting
from hosts.process.queue import RunQueue
from tests.unit.machine.scripted import FakeDriver, Interrupted, Program

TOPICS = ("one", "two")
TASKS = 2
WHAT = st.one_of(
    st.sampled_from(
        ["receive"] * 6
        + ["select", "send", "unlisten", "events", "enter", "late", "exit", "yield", "channel"]
        + ["side", "hand", "self"]
    ),
    st.tuples(st.just("listen"), st.sampled_from(TOPICS)),
)
FACT = st.one_of(
    st.tuples(st.just("post"), st.sampled_from(TOPICS), st.one_of(st.integers(-3, 3), st.just({"id": 1, "to": "x"}))),
    st.tuples(st.just("deliver"), st.sampled_from(TOPICS), st.integers(0, 3)),
    st.tuples(st.sampled_from(["cancel", "exit", "fire", "waits", "awaits", "run", "interrupt", "unread"])),
)
Log = list[tuple[Any, ...]]


class World:
    """A machine with tasks that do given steps, and a process of the same host that posts to it."""

    def __init__(self, steps: list[list[Any]], budget: int) -> None:
        self.log: Log = []
        self.steps, self.budget, self.side = steps, budget, channels.Channel()
        self.driver = FakeDriver()
        self.machine = Machine(self.driver, Program(self.main))
        self.machine.start(())
        self.parked = 0
        target = SimpleNamespace(machine=self.machine, queued=True, watched=1 << 30, watch_anew=lambda: None)
        self.queue, self.target = RunQueue(ended, failed), target
        shapes = Shapes()
        for topic in TOPICS:  # what is posted first teaches the host, and goes the longer way
            shapes.learn(topic, None)
        host = SimpleNamespace(table={"target": target}, shapes=shapes, copies=shapes.copies, ready=[])
        own = SimpleNamespace(left=1 << 30)
        self.sender: Any = SimpleNamespace(
            host=host, machine=own, pid="sender", bounds=SimpleNamespace(values=Limits())
        )
        self.run()

    def main(self) -> Generator[tuple[Any, ...], Any, Any]:
        inbox = yield (Op.INBOX,)
        op = (Op.RECEIVE, inbox)
        for number, steps in enumerate(self.steps[1:], 1):
            yield (Op.SPAWN_TASK, self.task(number, steps, inbox, op))
        yield from self.task(0, self.steps[0], inbox, op)()

    def task(self, number: int, steps: list[Any], inbox: Any, op: tuple[Any, ...]) -> Callable[[], Any]:
        def body() -> Generator[tuple[Any, ...], Any, Any]:
            held: dict[str, Any] = {}
            for step in steps:
                try:
                    got = yield from self.step(step, inbox, op, held)
                except Error as error:
                    got = str(error)
                except Interrupted as interrupted:
                    got = f"interrupted: {interrupted.failure.message}"
                self.log.append((number, step, seen(got)))

        return body

    def step(self, step: Any, inbox: Any, op: tuple[Any, ...], held: dict[str, Any]) -> Any:
        channel = held.get("channel", inbox)
        if step == "hand":  # without an op, as what a script asks for that never waits
            return channels.push(self.machine, self.side, "handed")
        if step == "end":
            return self.machine.end(Outcome())
        if step == "self":
            return posting.post(self.sender, "target", "one", (5,))
        asked: dict[Any, tuple[Any, ...]] = {
            "receive": op,
            "channel": (Op.RECEIVE, channel),
            "select": (Op.SELECT, [(inbox, False, None), (channel, False, None)], False),
            "send": (Op.SEND, channel, "own"),
            "side": (Op.RECEIVE, self.side),
            "unlisten": (Op.UNLISTEN, channel),
            "events": (Op.EVENTS,),
            "sleep": (Op.SLEEP, 5),
            "late": (Op.TIMEOUT_ENTER, 0),
            "enter": (Op.TIMEOUT_ENTER, 5),
            "exit": (Op.TIMEOUT_EXIT, held["scope"]) if "scope" in held else (Op.YIELD,),
        }
        if isinstance(step, tuple):
            held["channel"] = yield (Op.LISTEN, step[1], True)
            return None
        got = yield asked.get(step, (Op.YIELD,))
        if step in {"events", "enter", "late"}:
            held["channel" if step == "events" else "scope"] = got
            return None
        if step == "exit":
            held.pop("scope", None)
        return got

    def run(self) -> None:
        if self.budget > 0:  # only the run queue resumes who is parked where it is
            self.queue.ready.append(self.target)
            self.queue.run_round()
            assert not self.machine.ready
            assert self.machine.parked is None or self.machine.parked.item is None
        else:
            while self.machine.run(-1):
                pass
        self.parked += self.machine.parked is not None

    def take(self, fact: tuple[Any, ...]) -> Any:
        if self.machine.outcome is not None:
            return None
        name, *given = fact
        return getattr(self, f"take_{name}")(*given)

    def take_post(self, topic: str, value: Any) -> Any:
        return posting.post(self.sender, "target", topic, (value,))

    def take_deliver(self, topic: str, value: Any) -> Any:
        return self.machine.deliver(Message(topic, "sender", (value,)))

    def take_cancel(self) -> Any:
        self.machine.cancel("other", "why")

    def take_exit(self) -> Any:
        self.machine.event(exit_event("other", 0, 1, None, EXIT))

    def take_fire(self) -> Any:
        timers = [asked[1] for asked in self.driver.asked if asked[0] == "timer"]
        return self.machine.fire(timers[-1]) if timers else None

    def take_interrupt(self) -> Any:
        if self.machine.main is not None:
            self.machine.interrupt(self.machine.main, Failure("stop"))

    def take_waits(self) -> Any:
        return self.machine.waits()

    def take_awaits(self) -> Any:
        return self.machine.awaits("one")

    def take_run(self) -> Any:
        self.run()

    def take_unread(self) -> Any:
        return [seen(message) for message in self.machine.unread()]


def ended(_process: object) -> None:
    """Do nothing: the test sees how it ended."""


def failed(_process: object, error: Exception) -> None:
    raise error


def seen(got: Any) -> Any:
    """Return what can be compared of an answer."""
    if isinstance(got, tuple):
        return tuple(seen(part) for part in got)
    return (got.topic, got.sender, got.payloads) if isinstance(got, Message) else got


POSTS = [("post", "one", 3), ("post", "two", 4)]


@example(
    steps=[["receive"] * 3, [("listen", "one"), "channel", "channel"]],
    facts=[("fire",), *POSTS, *POSTS],
    at_once=True,
)
@example(
    steps=[["receive"] * 3, []], facts=[POSTS[0], ("interrupt",), ("run",), *POSTS, ("run",), *POSTS], at_once=False
)
@example(steps=[["receive"] * 3, ["select", "receive"]], facts=[("fire",), *POSTS, *POSTS], at_once=True)
@example(steps=[["receive"] * 3, ["receive", "receive"]], facts=[("fire",), *POSTS, *POSTS], at_once=True)
@example(steps=[["receive"] * 3, ["unlisten", "receive"]], facts=[("fire",), *POSTS], at_once=True)
@example(
    steps=[["sleep", "receive", "receive"], ["send", "send"]],
    facts=[("fire",), *POSTS, ("fire",), *POSTS],
    at_once=True,
)
@example(steps=[["late", "receive", "receive"], []], facts=POSTS, at_once=True)
@example(steps=[["receive"] * 3, []], facts=[("fire",), POSTS[0]], at_once=False)
@example(steps=[["receive"] * 3, []], facts=[POSTS[0], ("unread",), POSTS[1], ("unread",)], at_once=False)
@example(steps=[["receive", "hand", "receive"], ["side"]], facts=[("fire",), *POSTS, *POSTS], at_once=True)
@example(steps=[["self", "receive", "receive"], []], facts=POSTS, at_once=True)
@given(
    steps=st.lists(st.lists(WHAT, max_size=8), min_size=TASKS, max_size=TASKS),
    facts=st.lists(FACT, max_size=14),
    at_once=st.booleans(),
)
def test_parking_changes_nothing(steps: list[list[Any]], facts: list[tuple[Any, ...]], *, at_once: bool) -> None:
    begun = [["receive"] * 3 + steps[0], ["sleep", *steps[1]]]  # parked after two messages
    parks, never = World(begun, 1000), World(begun, -1)
    for fact in [("post", "one", 1), ("run",), ("post", "two", 2), ("run",), *facts]:
        assert parks.take(fact) == never.take(fact)
        if at_once and fact != ("run",):  # who is run for nothing parks no more
            parks.run()
            never.run()
    for world in (parks, never):
        world.run()
    assert not never.parked
    assert parks.log == never.log
    assert parks.machine.waits() == never.machine.waits()
    assert parks.machine.outcome == never.machine.outcome


def test_who_receives_again_and_again_parks() -> None:
    world = World([["receive"] * 9, []], 1000)
    for number in range(4):
        assert world.take(("post", "one", {"n": number})), number
        world.run()
    assert world.parked > 2


def test_who_ends_while_it_runs_is_known_to_have_ended() -> None:
    world, ends = World([["receive"] * 3 + ["end", "receive"], []], 1000), list[object]()
    world.queue = RunQueue(ends.append, failed)
    for number in range(3):
        assert world.take(("post", "one", number))
        world.run()
    assert ends == [world.target]
    assert world.machine.parked is None
