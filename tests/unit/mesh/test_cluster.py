"""Clusters over the memory network, whose faults a seed decides: who is up, what arrives, and in which order."""

from __future__ import annotations

import pytest
import trio

from actorflow.mesh import outbox
from actorflow.mesh.memory import Faults
from tests.unit.mesh.guest import Guest, town, until

pytestmark = pytest.mark.mock_clock


def say(guest: Guest, name: str, item: bytes, told: list[bool] | None = None) -> None:
    guest.cluster.say(name, item, lambda done: told.append(done) if told is not None else None)


async def test_a_seed_is_enough_to_meet_everybody() -> None:
    async with town() as nodes:
        for name in "abcd":
            await nodes.start(name)
        await until(lambda: all(len(guest.cluster.up()) == 3 for guest in nodes.guests.values()))
        states = {line.name: line.state for line in nodes.guests["c"].cluster.members()}
        assert states == {"a": "up", "b": "up", "c": "self", "d": "up"}


async def test_nodes_meet_whoever_starts_first() -> None:
    async with town() as nodes:
        b = await nodes.start("b")
        await trio.sleep(30)
        await nodes.start("a", seeds="")
        await until(lambda: b.cluster.is_up("a"), 3)


@pytest.mark.parametrize("round_", range(3))
async def test_items_arrive_once_and_in_order_over_a_bad_network(seed: int, round_: int) -> None:
    async with town(seed + round_) as nodes:
        nodes.network.faults = Faults(delay=(0.0, 0.2), drop=0.2, double=0.2)
        a, b = await nodes.start("a"), await nodes.start("b")
        await until(lambda: a.cluster.is_up("b") and b.cluster.is_up("a"))
        expected = [b"%d" % number for number in range(300)]
        for item in expected:
            say(a, "b", item)
            say(b, "a", item)
            await trio.sleep(0.01)
        await until(lambda: len(b.items.get("a", [])) >= 300 <= len(a.items.get("b", [])), 600)
        assert (a.log, b.log) == ([("up", "b")], [("up", "a")])
        assert a.items["b"] == b.items["a"] == expected
        assert nodes.network.dropped > 0


async def test_a_short_partition_costs_nothing() -> None:
    async with town() as nodes:
        a, b = await nodes.start("a"), await nodes.start("b")
        await until(lambda: a.cluster.is_up("b"))
        nodes.network.cut("a", "b")
        say(a, "b", b"said in the dark")
        await trio.sleep(3)
        nodes.network.heal()
        await until(lambda: b.items.get("a"), 3)
        assert b.items["a"] == [b"said in the dark"]
        assert ("down", "a") not in b.log


@pytest.mark.parametrize("both_ways", [True, False])
async def test_a_long_partition_is_noticed_by_both_and_heals(both_ways: bool) -> None:  # noqa: FBT001
    async with town() as nodes:
        a, b = await nodes.start("a"), await nodes.start("b")
        await until(lambda: a.cluster.is_up("b") and b.cluster.is_up("a"))
        nodes.network.cut("a", "b", both_ways=both_ways)
        await until(lambda: ("down", "a") in b.log, 7)
        said: list[bool] = []
        say(b, "a", b"to nobody", said)
        assert said == [False]
        nodes.network.heal()
        await until(lambda: b.log.count(("up", "a")) == 2 and a.log.count(("up", "b")) == 2, 10)
        say(a, "b", b"after")
        await until(lambda: b.items.get("a") == [b"after"], 3)


async def test_a_killed_node_is_down_and_comes_back_as_another_incarnation() -> None:
    async with town() as nodes:
        a = await nodes.start("a")
        await nodes.start("b")
        await until(lambda: a.cluster.is_up("b"))
        nodes.kill("b")
        await trio.sleep(1)  # before anybody has noticed
        nodes.network.heal()
        await nodes.start("b", incarnation=2)
        await until(lambda: a.log == [("up", "b"), ("down", "b"), ("up", "b")], 3)
        assert a.reason == "it has been restarted"
        assert a.cluster.members()[1].incarnation == 2


async def test_a_node_that_stops_has_left_at_once() -> None:
    async with town() as nodes:
        a = await nodes.start("a")
        await nodes.start("b")
        await until(lambda: a.cluster.is_up("b"))
        nodes.stop("b")
        await until(lambda: ("down", "b") in a.log, 0.5)
        assert [line.state for line in a.cluster.members()] == ["self", "left"]


async def test_whoever_says_too_much_waits_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (10, 1 << 20))
    async with town() as nodes:
        a, b = await nodes.start("a"), await nodes.start("b")
        await until(lambda: a.cluster.is_up("b"))
        told: list[bool] = []
        for number in range(100):
            say(a, "b", b"%d" % number, told)
        assert len(told) == 10
        await until(lambda: len(told) == 100)
        await until(lambda: len(b.items["a"]) == 100)
        assert b.items["a"] == [b"%d" % number for number in range(100)]
        nodes.network.cut("a", "b")
        for number in range(20):
            say(a, "b", b"%d" % number, told)
        await until(lambda: len(told) == 120, 8)
        assert told[-10:] == [False] * 10  # they were never under way, and are told so


async def test_who_does_not_know_the_secret_is_refused_and_noticed() -> None:
    async with town() as nodes:
        a = await nodes.start("a")
        await nodes.start("b", misspelt="?")
        await trio.sleep(20)
        assert a.cluster.up() == []
        assert len(a.cluster.members()) == 1
        assert "'b' does not know the secret of this cluster" in {notice.text for notice in nodes.notices}


async def test_a_second_node_of_the_same_name_is_noticed() -> None:
    async with town() as nodes:
        a = await nodes.start("a")
        b = await nodes.start("b")
        await until(lambda: a.cluster.is_up("b"))
        nodes.guests["first b"] = b
        twin = nodes.network.transport("b2")
        nodes.network.transport = lambda _name: twin  # type: ignore[method-assign]
        await nodes.start("b", incarnation=2)
        await until(lambda: any("talks to another node 'b'" in notice.text for notice in nodes.notices), 20)
        await until(lambda: a.cluster.members()[1].incarnation == 2)
