"""The event bus: who hears of what, in which order, and what a subscriber may do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actorflow.errors import INVALID, Error
from actorflow.node.event_bus import EventBus
from actorflow.notice import Notice

SYSTEMS = st.sampled_from(["a", "b", "a.b"])
KINDS = st.sampled_from(["made", "gone"])
PATTERNS = {"a": {"a"}, "b": {"b"}, "*": {"a", "b"}, "**": {"a", "b", "a.b"}, "(a|a.b)": {"a", "a.b"}}


class BusMachine(RuleBasedStateMachine):
    """Each subscriber has heard what was published while it was subscribed and fits, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.bus = EventBus()
        self.subscribers: list[dict[str, Any]] = []
        self.published = 0

    @rule(system=st.sampled_from(sorted(PATTERNS)), kind=st.sampled_from(["**", "made"]))
    def subscribe(self, system: str, kind: str) -> None:
        heard: list[int] = []
        end = self.bus.subscribe(system, kind, lambda event: heard.append(event["data"]))
        self.subscribers.append(
            {"system": system, "kind": kind, "heard": heard, "end": end, "wanted": [], "open": True}
        )

    @rule(place=st.integers(0, 9))
    def close(self, place: int) -> None:
        if place < len(self.subscribers):
            self.subscribers[place]["end"]()
            self.subscribers[place]["open"] = False

    @rule(system=SYSTEMS, kind=KINDS)
    def publish(self, system: str, kind: str) -> None:
        self.published += 1
        self.bus.publish(system, kind, "/", self.published)
        for known in self.subscribers:
            if known["open"] and system in PATTERNS[known["system"]] and known["kind"] in {"**", kind}:
                known["wanted"].append(self.published)

    @invariant()
    def everybody_heard_what_they_wanted(self) -> None:
        assert all(known["heard"] == known["wanted"] for known in self.subscribers)
        assert len(self.bus) == sum(known["open"] for known in self.subscribers)


TestBus = BusMachine.TestCase
TestBus.settings = settings(deadline=None, max_examples=40, stateful_step_count=30)


def test_a_subscriber_may_publish_and_everybody_keeps_the_order() -> None:
    bus, heard = EventBus(), []

    def answer(event: dict[str, Any]) -> None:
        if event["kind"] == "ask":
            bus.publish("s", "answer", "/", event["data"])

    bus.subscribe("s", "**", answer)
    bus.subscribe("s", "**", lambda event: heard.append((event["kind"], event["data"])))
    bus.publish("s", "ask", "/", 1)
    bus.publish("s", "ask", "/", 2)
    assert heard == [("ask", 1), ("answer", 1), ("ask", 2), ("answer", 2)]


def test_a_subscriber_that_fails_is_told_of_and_the_others_hear() -> None:
    notices: list[Notice] = []
    bus, heard = EventBus(notices.append), []

    def fail(_event: dict[str, Any]) -> None:
        raise RuntimeError("broken")

    bus.subscribe("s", "**", fail)
    bus.subscribe("s", "**", heard.append)
    bus.publish("s", "k", "/p", [1])
    assert [event["data"] for event in heard] == [[1]]
    assert ["broken" in notice.text for notice in notices] == [True]


def test_each_subscriber_gets_a_copy_and_the_publisher_keeps_its_own() -> None:
    bus, data = EventBus(), {"list": [1]}
    got: list[dict[str, Any]] = []
    for _ in range(2):
        bus.subscribe("s", "**", lambda event: got.append(event["data"]) or event["data"]["list"].append(2))
    bus.publish("s", "k", "/", data)
    assert data == {"list": [1]}
    assert got == [{"list": [1, 2]}, {"list": [1, 2]}]


@pytest.mark.parametrize("parts", [("", "k", "/"), ("s", "", "/"), ("s", "k", ""), ("s", None, "/")])
def test_an_event_needs_system_kind_and_path(parts: tuple[Any, Any, Any]) -> None:
    with pytest.raises(Error) as raised:
        EventBus().publish(*parts)
    assert raised.value.kind == INVALID
