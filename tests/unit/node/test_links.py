"""Monitors, links and watchers, by example and against a model."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actorflow.errors import INTERNAL, Error
from actorflow.node.links import Links
from actorflow.ports import Outcome

PIDS = st.sampled_from([f"p{number}" for number in range(6)])


class LinksMachine(RuleBasedStateMachine):
    """The tables do what sets of pairs would do; what ends is told once and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.links = Links()
        self.monitors: list[tuple[str, str]] = []
        self.linked: set[frozenset[str]] = set()
        self.watches: list[tuple[str, int]] = []
        self.told: list[int] = []
        self.tickets = 0

    @rule(watcher=PIDS, watched=PIDS)
    def monitor(self, watcher: str, watched: str) -> None:
        if (watcher, watched) in self.monitors:
            with pytest.raises(Error, match="already monitoring"):
                self.links.monitor(watcher, watched)
        else:
            self.links.monitor(watcher, watched)
            self.monitors.append((watcher, watched))

    @rule(watcher=PIDS, watched=PIDS)
    def unmonitor(self, watcher: str, watched: str) -> None:
        self.links.unmonitor(watcher, watched)
        if (watcher, watched) in self.monitors:
            self.monitors.remove((watcher, watched))

    @rule(one=PIDS, other=PIDS)
    def link(self, one: str, other: str) -> None:
        self.links.link(one, other)
        self.linked.add(frozenset({one, other}))

    @rule(one=PIDS, other=PIDS)
    def unlink(self, one: str, other: str) -> None:
        self.links.unlink(one, other)
        self.linked.discard(frozenset({one, other}))

    @rule(watched=PIDS, undo=st.booleans())
    def watch(self, watched: str, undo: bool) -> None:  # noqa: FBT001 - drawn
        self.tickets += 1
        ticket = self.tickets
        cancel = self.links.watch(watched, lambda _outcome: self.told.append(ticket))
        if undo:
            cancel()
            cancel()
        else:
            self.watches.append((watched, ticket))

    @rule(pid=PIDS)
    def end(self, pid: str) -> None:
        parting = self.links.part(pid)
        assert parting.monitors == tuple(who for who, target in self.monitors if target == pid != who)
        assert set(parting.links) == {peer for pair in self.linked if pid in pair for peer in pair - {pid}}
        self.told.clear()
        for watcher in parting.watchers:
            watcher(Outcome())
        assert self.told == [ticket for target, ticket in self.watches if target == pid]
        self.monitors = [pair for pair in self.monitors if pid not in pair]
        self.linked = {pair for pair in self.linked if pid not in pair}
        self.watches = [watch for watch in self.watches if watch[0] != pid]

    @invariant()
    def nothing_is_left_behind(self) -> None:
        mentioned = {pid for pair in self.monitors for pid in pair}
        mentioned |= {pid for pair in self.linked for pid in pair}
        mentioned |= {target for target, _ in self.watches}
        assert len(self.links) == len(mentioned)


LinksMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLinks = LinksMachine.TestCase


def test_monitoring_twice_is_an_internal_error() -> None:
    links = Links()
    links.monitor("a", "b")
    with pytest.raises(Error) as caught:
        links.monitor("a", "b")
    assert (caught.value.kind, caught.value.retryable) == (INTERNAL, False)


def test_an_implied_monitor_gives_way_to_one_that_was_asked_for() -> None:
    links = Links()
    links.monitor("a", "b")
    links.imply("a", "b")
    links.monitor("a", "b")
    with pytest.raises(Error, match="already monitoring"):
        links.monitor("a", "b")
    assert links.part("b").monitors == ("a",), "one EXIT, however often it was monitored"
    links.imply("a", "b")
    assert len(links) == 0
