"""Channels and select against a small model: queues, first come, first served; the first case that is ready wins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actorflow.errors import Error
from actorflow.machine.op import Op
from tests.unit.machine.scripted import Bench

SIZES = (0, 1)
WORKERS = 5
CHANNEL = st.integers(0, len(SIZES) - 1)
CASE = st.tuples(CHANNEL, st.booleans())
STEP = st.tuples(
    st.integers(0, WORKERS - 1),
    st.one_of(
        st.tuples(st.sampled_from(["send", "send", "send", "receive", "receive", "receive", "close"]), CHANNEL),
        st.tuples(st.just("select"), st.lists(CASE, min_size=1, max_size=4), st.booleans()),
    ),
)
Done = Callable[[int, Any], None]


@dataclass
class Wait:
    """One worker that waits: on one channel (index -1) or in one case of a select."""

    worker: int
    index: int
    item: Any = None


@dataclass
class Model:
    """What the reference says, channel by channel."""

    done: Done
    buffers: list[deque[Any]] = field(default_factory=lambda: [deque() for _ in SIZES])
    senders: list[list[Wait]] = field(default_factory=lambda: [[] for _ in SIZES])
    receivers: list[list[Wait]] = field(default_factory=lambda: [[] for _ in SIZES])
    closed: set[int] = field(default_factory=set)

    def end(self, wait: Wait, item: Any, *, ok: bool, sent: bool) -> None:
        for queue in (*self.senders, *self.receivers):
            queue[:] = [other for other in queue if other.worker != wait.worker]
        plain = ok if sent else (item, ok)
        self.woken.append((wait.worker, plain if wait.index < 0 else (wait.index, item, ok)))

    def push(self, channel: int, item: Any) -> bool:
        if channel in self.closed:
            raise LookupError
        if self.receivers[channel]:
            self.end(self.receivers[channel][0], item, ok=True, sent=False)
            return True
        if len(self.buffers[channel]) < SIZES[channel]:
            self.buffers[channel].append(item)
            return True
        return False

    def take(self, channel: int) -> tuple[Any, bool] | None:
        if self.buffers[channel]:
            item = self.buffers[channel].popleft()
            if self.senders[channel]:
                waiting = self.senders[channel][0]
                self.buffers[channel].append(waiting.item)
                self.end(waiting, waiting.item, ok=True, sent=True)
            return item, True
        if self.senders[channel]:
            waiting = self.senders[channel][0]
            self.end(waiting, waiting.item, ok=True, sent=True)
            return waiting.item, True
        return (None, False) if channel in self.closed else None

    def close(self, channel: int) -> None:
        if channel in self.closed:
            return
        self.closed.add(channel)
        while self.receivers[channel]:
            self.end(self.receivers[channel][0], None, ok=False, sent=False)
        while self.senders[channel]:
            waiting = self.senders[channel][0]
            self.end(waiting, None, ok=False, sent=True)
            self.woken[-1] = (waiting.worker, "channel closed while sending")

    def select(self, worker: int, cases: list[tuple[int, bool]], item: int, *, default: bool) -> Any:
        for index, (channel, is_send) in enumerate(cases):
            if is_send and self.push(channel, item):
                return index, item, True
            taken = None if is_send else self.take(channel)
            if taken is not None:
                return index, *taken
        if default:
            return -1, None, True
        for index, (channel, is_send) in enumerate(cases):
            queue = self.senders if is_send else self.receivers
            queue[channel].append(Wait(worker, index, item))
        return None

    def step(self, worker: int, action: tuple[Any, ...], item: int) -> None:
        """Let a worker act; tell `done` what ends by that, the acting worker first."""
        self.woken: list[tuple[int, Any]] = []
        try:
            answer = self.act(worker, action, item)
        except LookupError:
            answer = "send on closed channel"
        for who, what in [(worker, answer)] * (answer is not None) + self.woken:
            self.done(who, what)

    def act(self, worker: int, action: tuple[Any, ...], item: int) -> Any:
        verb, channel = action[:2]
        if verb == "select":
            return self.select(worker, channel, item, default=action[2])
        if verb == "close":
            self.close(channel)
            return "closed"
        if verb == "send":
            if self.push(channel, item):
                return True
            self.senders[channel].append(Wait(worker, -1, item))
            return None
        taken = self.take(channel)
        if taken is None:
            self.receivers[channel].append(Wait(worker, -1))
        return taken


def told(number: int, channels: list[Any]) -> Any:
    """A worker: reports how the last step went, and does the next."""
    result: Any = None
    while True:
        action, item = yield (Op.CALL, "app:next", (number, result), {})
        verb, what = action[:2]
        try:
            if verb == "select":
                result = yield (Op.SELECT, [(channels[at], sends, item) for at, sends in what], action[2])
            elif verb == "close":
                yield (Op.CLOSE, channels[what])
                result = "closed"
            else:
                result = yield ((Op.SEND, channels[what], item) if verb == "send" else (Op.RECEIVE, channels[what]))
        except Error as error:
            result = error.message


def crew() -> Any:
    """The main task: makes channels and workers, and waits."""
    channels: list[Any] = []
    for size in SIZES:
        channels += [(yield (Op.CHANNEL, size))]
    for number in range(WORKERS):
        yield (Op.SPAWN_TASK, lambda number=number: told(number, channels), False)
    yield (Op.CALL, "app:forever", (), {})


@given(st.lists(STEP, max_size=60))
def test_channels_do_what_the_model_says(steps: list[tuple[int, tuple[Any, ...]]]) -> None:
    bench = Bench(crew)
    expected: list[tuple[int, Any]] = [(number, None) for number in range(WORKERS)]
    model = Model(lambda worker, what: expected.append((worker, what)))
    for number, (worker, action) in enumerate(steps):
        calls = [asked for asked in bench.driver.asked if asked[0] == "call" and asked[3]]
        assert [asked[3] for asked in calls] == expected
        ref = next(asked[1] for asked in reversed(calls) if asked[3][0] == worker)
        if bench.settle(ref, (action, number)):  # False: this worker still waits in a step before
            model.step(worker, action, number)
    calls = [asked for asked in bench.driver.asked if asked[0] == "call" and asked[3]]
    assert [asked[3] for asked in calls] == expected
