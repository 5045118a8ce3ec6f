"""The event bus and process groups from Python scripts, and what the node itself publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actorflow.errors import INVALID, NOT_FOUND
from actorflow.registry.change import Change
from tests.conformance.hosts.place import ACTORS, Place
from tests.conformance.process.rig import until

SUBSCRIBER = """
    from actorflow.script import Error, channel, events, process

    async def main():
        kinds = []
        async with await events.subscribe("shop.*", "(made|gone)") as subscription:
            for kind in ("made", "seen", "gone"):
                await events.send("shop.orders", kind, "/1", {"kind": kind})
            for number in range(100):
                await events.send("shop.flood", "made", "/", number)
            async for event in subscription:
                kinds.append(event.data if event.system == "shop.flood" else (event.kind, event.path, event.data))
                if len(kinds) == 102:
                    break
        nothing = await channel.select(subscription.channel, default=True)
        assert not subscription.channel.closed or nothing.ok is False
        refused = []
        for wrong in (events.send("", "k", "/"), events.send("s", "k", "/", main), events.subscribe("(a")):
            try:
                await wrong
            except Error as error:
                refused.append(error.kind)
        return kinds, refused
"""

MEMBER = """
    from actorflow.script import Error, pg, process

    async def main():
        groups = await pg.open("app:scope")
        me = process.pid()
        subscription, members = await groups.monitor("g")
        every, snapshot = await groups.events()
        await groups.join("g", "h")
        await groups.join("g")
        await groups.leave("g")
        seen = [await groups.get_members("g") == [me], await groups.get_local_members("h") == [me]]
        seen += [await groups.which_groups(), await groups.which_local_groups(), members, snapshot]
        await groups.broadcast("g", "hello", 1)
        message = await process.inbox().receive()
        seen += [message.topic, message.payload, message.sender == me]
        await groups.leave("g")
        kinds = [(await subscription.channel.receive()).kind for _ in range(2)]
        await every.close(flush=True)
        left = [event async for event in every]
        groups.release()
        refused = []
        for wrong in (groups.join("x"), pg.open("app:none"), pg.open("app:actors")):
            try:
                await wrong
            except Error as error:
                refused.append(error.kind)
        return seen, kinds, left, refused
"""

FUNCTION = """
    from actorflow.script import Error, events, pg

    async def main():
        await events.send("from.function", "called", "/", 1)
        refused = []
        groups = await pg.open("app:scope")
        for wrong in (events.subscribe("s"), groups.join("g")):
            try:
                await wrong
            except Error as error:
                refused.append((error.kind, "app:function" in error.message))
        return refused, await groups.get_members("g")
"""


async def test_a_python_script_subscribes_and_sends(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.python("subscriber", SUBSCRIBER)
    async with place.node() as node:
        kinds, refused = await node.exec("app:subscriber", host=ACTORS)
        assert len(node.bus) == 0
    assert kinds[:2] == [["made", "/1", {"kind": "made"}], ["gone", "/1", {"kind": "gone"}]]
    assert kinds[2:] == list(range(100))
    assert refused == [INVALID] * 3


async def test_a_python_script_is_a_member_of_groups(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.entries["scope"] = {"kind": "pg.scope"}
    place.python("member", MEMBER)
    async with place.node() as node:
        seen, kinds, left, refused = await node.exec("app:member", host=ACTORS)
    assert seen == [True, True, ["g", "h"], ["g", "h"], [], {}, "hello", 1, True]
    assert kinds == ["member.joined", "member.left"]
    assert left == []
    assert refused == [INVALID, NOT_FOUND, INVALID]


async def test_a_function_sends_events_and_cannot_subscribe_or_join(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.entries["scope"] = {"kind": "pg.scope"}
    place.python("function", FUNCTION, kind="function")
    heard: list[dict[str, Any]] = []
    async with place.node() as node:
        node.bus.subscribe("from.*", "**", heard.append)
        assert await node.call("app:function") == [[[INVALID, True]] * 2, []]
    assert [event["data"] for event in heard] == [1]


async def test_a_subscription_ends_with_its_process(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.lua("forgetful", 'local function main() require("events").subscribe("s") end')
    place.entries["forgetful"]["modules"] = ["events"]
    async with place.node() as node:
        await node.exec("app:forgetful", host=ACTORS)
        await until(lambda: len(node.bus) == 0)


async def test_changes_of_the_registry_are_published(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.entries["scope"] = {"kind": "pg.scope"}
    heard: list[dict[str, Any]] = []
    async with place.node() as node:
        node.bus.subscribe("registry", "entry.*", heard.append)
        node.registry.apply([Change("create", "app:more", "pg.scope", {}, {})])  # type: ignore[attr-defined]
        node.registry.apply([Change("update", "app:more", meta={"a": 1}), Change("delete", "app:scope")])  # type: ignore[attr-defined]
    told = [(event["kind"], event["path"], event["data"]["kind"], event["data"]["version"]) for event in heard]
    assert told == [
        ("entry.create", "app:more", "pg.scope", 2),
        ("entry.update", "app:more", "pg.scope", 3),
        ("entry.delete", "app:scope", "pg.scope", 3),
    ]


async def test_changes_of_services_are_published(tmp_path: Path) -> None:
    place = Place(tmp_path)
    heard: list[dict[str, Any]] = []
    async with place.node() as node:
        node.bus.subscribe("supervisor", "service.update", heard.append)
    stopped = [event["data"]["state"] for event in heard if event["path"] == ACTORS]
    assert stopped == ["stopping", "stopped"]


OLD = """
    local events, pg = require("events"), require("pg")
    local function main()
      pg.open("app:scope"):join("g")
      events.subscribe("s")
      for i = 1, 100 do events.send("s", "k", "/", i) end
      process.upgrade("app:new")
    end
"""
NEW = """
    local pg = require("pg")
    local function main()
      local inbox = process.inbox()
      local rest = channel.select({inbox:case_receive(), default = true})
      return {pg.open("app:scope"):get_members("g")[1] == process.pid(), rest.default}
    end
"""


async def test_an_upgrade_keeps_groups_and_ends_subscriptions(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.entries["scope"] = {"kind": "pg.scope"}
    for name, source in (("old", OLD), ("new", NEW)):
        place.lua(name, source)
        place.entries[name]["modules"] = ["events", "pg"]
    async with place.node() as node:
        assert await node.exec("app:old", host=ACTORS) == [True, True]
        assert len(node.bus) == 0


async def test_a_lot_of_subscribers_hear_of_a_lot_of_events(tmp_path: Path) -> None:
    place = Place(tmp_path)
    source = """
        local events = require("events")
        local function main(parent, n)
          local sub = events.subscribe("flood")
          process.send(parent, "ready")
          local sum = 0
          for _ = 1, n do sum = sum + sub:channel():receive().data end
          return sum
        end
    """
    place.lua("hearer", source)
    place.lua(
        "sender",
        """
        local events = require("events")
        local function main(count, n)
          local ready, exits = process.listen("ready"), process.events()
          for _ = 1, count do process.spawn_monitored("app:hearer", "app:actors", process.pid(), n) end
          for _ = 1, count do ready:receive() end
          for i = 1, n do events.send("flood", "k", "/", i) end
          local sum = 0
          for _ = 1, count do sum = sum + exits:receive().result.value end
          return sum
        end
        """,
    )
    for name in ("hearer", "sender"):
        place.entries[name]["modules"] = ["events"]
    async with place.node() as node:
        assert await node.exec("app:sender", host=ACTORS, args=[50, 100]) == 50 * 5050
        await until(lambda: len(node.bus) == 0)
