"""Process groups against a model: how often each process has joined each group."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.node.groups import JOINED, LEFT, Groups

PIDS = st.sampled_from(["{n@h|1}", "{n@h|2}", "{other@h|3}"])
GROUPS = st.lists(st.sampled_from(["g", "h", "i"]), min_size=1, max_size=4)


class GroupsMachine(RuleBasedStateMachine):
    """Members are those who joined more often than they left; who watches hears of every change, and only of those."""

    def __init__(self) -> None:
        super().__init__()
        self.groups = Groups("n")
        self.joined: Counter[tuple[str, str]] = Counter()
        self.heard: list[tuple[str, str, str]] = []
        self.of_g: list[tuple[str, str]] = []
        self.groups.watch(None, self.hear)
        self.groups.watch("g", lambda event: self.of_g.append((event["kind"], event["data"]["PIDs"][0])))

    def hear(self, event: dict[str, Any]) -> None:
        assert event["system"] == "pg"
        assert event["data"]["Group"] == event["path"]
        self.heard += [(event["kind"], event["path"], pid) for pid in event["data"]["PIDs"]]

    @rule(pid=PIDS, groups=GROUPS)
    def join(self, pid: str, groups: list[str]) -> None:
        self.groups.join(pid, groups)
        self.joined.update((pid, group) for group in groups)

    @rule(pid=PIDS, groups=GROUPS)
    def leave(self, pid: str, groups: list[str]) -> None:
        asked = Counter((pid, group) for group in groups)
        if all(self.joined[key] >= count for key, count in asked.items()):
            self.groups.leave(pid, groups)
            self.joined -= asked
        else:
            with pytest.raises(Error) as raised:
                self.groups.leave(pid, groups)
            assert raised.value.kind == NOT_FOUND

    @rule(pid=PIDS)
    def part(self, pid: str) -> None:
        self.groups.part(pid)
        self.joined = Counter({key: count for key, count in self.joined.items() if key[0] != pid})

    @invariant()
    def members_are_those_of_the_model(self) -> None:
        for group in "ghi":
            wanted = {pid for (pid, joined), count in self.joined.items() if joined == group and count}
            members = self.groups.members(group)
            assert sorted(members) == sorted(wanted)
            assert self.groups.members(group, local=True) == [pid for pid in members if pid.startswith("{n@")]
        names = {group for (_, group), count in self.joined.items() if count}
        assert set(self.groups.groups()) == set(self.groups.snapshot()) == names

    @invariant()
    def what_was_heard_gives_the_members(self) -> None:
        known: dict[tuple[str, str], bool] = {}
        for kind, group, pid in self.heard:
            assert known.get((group, pid), False) is (kind == LEFT)
            known[group, pid] = kind == JOINED
        told = {key for key, there in known.items() if there}
        assert told == {(group, pid) for (pid, group), count in self.joined.items() if count}
        assert self.of_g == [(kind, pid) for kind, group, pid in self.heard if group == "g"]


TestGroups = GroupsMachine.TestCase
TestGroups.settings = settings(deadline=None, max_examples=40, stateful_step_count=30)


def test_who_no_longer_watches_hears_nothing() -> None:
    groups, heard = Groups("n"), []
    end = groups.watch(None, heard.append)
    end()
    end()
    groups.join("{n@h|1}", ["g"])
    assert heard == []


@pytest.mark.parametrize("names", [[""], ["g", 7], [None]])
def test_a_group_is_a_text_and_nothing_is_joined_by_half(names: list[Any]) -> None:
    groups = Groups("n")
    with pytest.raises(Error) as raised:
        groups.join("{n@h|1}", names)
    assert raised.value.kind == INVALID
    assert groups.groups() == []


def test_a_member_has_to_leave_as_often_as_it_joined() -> None:
    groups, heard = Groups("n"), []
    groups.watch("g", lambda event: heard.append(event["kind"]))
    for _ in range(3):
        groups.join("{n@h|1}", ["g"])
    for left in range(3):
        assert groups.members("g") == ["{n@h|1}"], left
        groups.leave("{n@h|1}", ["g"])
    assert groups.members("g") == []
    assert heard == [JOINED, LEFT]
