"""The delivery rules against a model: one ordered list of messages, walked whenever something changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actorflow.machine.op import Op
from actorflow.message import INBOX_TOPIC, Message
from tests.unit.machine.scripted import Bench

TOPICS = ("a", "b", "c")
STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.sampled_from(TOPICS)),
    st.tuples(st.sampled_from(["listen", "unlisten", "take"]), st.sampled_from([*TOPICS, INBOX_TOPIC])),
)


class Model:
    """What the reference says: exact topic first, then the inbox; what cannot be handed over stays, in order."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, int]] = []
        self.open: dict[str, list[int]] = {}

    def room(self, name: str) -> int:
        return 0 if name == INBOX_TOPIC else 1 - len(self.open[name])

    def settle(self) -> None:
        for message in list(self.kept):
            target = message[0] if message[0] in self.open else INBOX_TOPIC
            if target in self.open and self.room(target) > 0:
                self.open[target].append(message[1])
                self.kept.remove(message)

    def take(self, name: str) -> int | None:
        self.settle()
        if self.open[name]:
            number = self.open[name].pop(0)
            self.settle()
            return number
        for message in self.kept:
            target = message[0] if message[0] in self.open else INBOX_TOPIC
            if target == name:
                self.kept.remove(message)
                return message[1]
        return None


def driven() -> Any:
    """A script that does what it is told through the answers of its calls."""
    channels: dict[str, Any] = {}
    answer: Any = None
    while True:
        verb, name = yield (Op.CALL, "app:next", (answer,), {})
        answer = None
        if verb == "listen":
            channels[name] = yield ((Op.INBOX,) if name == INBOX_TOPIC else (Op.LISTEN, name, False))
        elif verb == "unlisten" and name in channels:
            yield (Op.UNLISTEN, channels.pop(name))
        elif verb == "take" and name in channels:
            index, item, _ = yield (Op.SELECT, [(channels[name], False, None)], True)
            answer = None if index < 0 else item.value if isinstance(item, Message) else item


@given(st.lists(STEPS, max_size=60))
def test_messages_go_where_the_model_says(steps: list[tuple[str, str]]) -> None:
    bench, model = Bench(driven), Model()
    for number, (verb, name) in enumerate(steps):
        if verb == "deliver":
            bench.machine.deliver(Message(name, "", (number,)))
            model.kept.append((name, number))
            model.settle()
            continue
        expected = None
        if verb == "listen":
            model.open.setdefault(name, [])
        elif verb == "unlisten":
            model.open.pop(name, None)  # what its buffer held is gone with it
        elif name in model.open:
            expected = model.take(name)
        model.settle()
        ref = bench.machine.last_ref
        bench.settle(ref, (verb, name))
        assert bench.driver.asked[-1][3] == (expected,)
    kept = [] if bench.machine.mailbox is None else bench.machine.mailbox.messages()
    assert [(message.topic, message.value) for message in kept] == model.kept
