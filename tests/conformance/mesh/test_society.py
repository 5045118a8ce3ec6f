"""Processes on several nodes: messages, starts, monitors and links between them, and what a node takes along that dies."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actorflow.errors import INTERNAL, NOT_FOUND, UNAVAILABLE, Error
from actorflow.machine.op import Op
from actorflow.mesh import outbox
from actorflow.mesh.memory import Faults
from actorflow.message import EXIT, LINK_DOWN
from tests.conformance.mesh.society import SCRIPTS, Society, boom, society
from tests.conformance.process.rig import HOST
from tests.unit.mesh.guest import until

pytestmark = pytest.mark.mock_clock
THERE = f"b@{HOST}"


async def test_messages_of_one_sender_arrive_in_order_with_its_pid() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await b.start("app:collector", 100)
        from_ = await a.start("app:sender", pid, 100)
        got = await b.node.wait(pid)
        assert got == [[from_, number] for number in range(100)]


async def test_nothing_is_lost_doubled_or_overtaken_over_a_bad_network(seed: int) -> None:
    async with society("a", "b", "c", seed=seed, scripts=SCRIPTS) as nodes:
        nodes.network.faults = Faults(delay=(0.0, 0.2), drop=0.15, double=0.15)
        pid = await nodes.nodes["b"].start("app:collector", 400)
        senders = [await nodes.nodes[name].start("app:sender", pid, 200) for name in "ac"]
        got = await nodes.nodes["b"].node.wait(pid, timeout=600)
        for one in senders:
            assert [number for sender, number in got if sender == one] == list(range(200))


async def test_a_process_is_started_on_another_node_and_its_result_comes_back() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"].node
        pid = await a.spawn("app:child", host=THERE)
        assert pid.startswith("{b@")
        with trio.fail_after(30):
            await a.send(pid, "done")
            assert await a.wait(pid) == "done"
        assert await a.exec("app:child", host=THERE, args=["now"]) == "now"
        with pytest.raises(Error, match="boom") as failed:
            await a.exec("app:child", host=THERE, args=["fail"])
        assert failed.value.failure == boom()


@pytest.mark.parametrize(
    ("how", "then", "expected"),
    [
        ("monitor", "ok", [EXIT, True, "ok", None]),
        ("monitor", "fail", [EXIT, True, None, boom()]),
        ("link", "fail", [LINK_DOWN, True, None, boom()]),
        ("monitor link", "fail", [EXIT, True, None, boom()]),
    ],
)
async def test_a_parent_hears_of_its_child_on_another_node(how: str, then: str, expected: list[Any]) -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"].node
        got = await a.exec("app:watcher", host=HOST, args=["app:child", THERE, how, then], timeout=20)
        assert got == expected


async def test_a_child_that_ends_at_once_is_heard_of_too() -> None:
    async with society("a", "b", scripts=SCRIPTS | {"app:at_once": lambda: iter(())}) as nodes:
        a = nodes.nodes["a"].node
        got = await a.exec("app:watcher", host=HOST, args=["app:at_once", THERE, "monitor", ""], timeout=20)
        assert got[:2] == [EXIT, True]


@pytest.mark.parametrize("verb", ["monitor", "link"])
async def test_a_process_on_another_node_is_monitored_and_linked_later(verb: str) -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await b.start("app:child")
        watching = await a.start("app:relating", verb, pid)
        await until(lambda: pid in a.node.links.known())
        await b.node.send(pid, "fail")
        assert await a.node.wait(watching) == [EXIT if verb == "monitor" else LINK_DOWN, None, boom()]
        gone = await a.node.exec("app:relating", host=HOST, args=[verb, pid])
        assert (gone.kind, "pid not registered" in gone.message) == (INTERNAL, True)


async def test_a_link_kills_in_both_directions() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        for killed, told in (("here", "there"), ("there", "here")):
            pid = await b.start("app:child")
            linked = await a.start("app:relating", "link", pid, False)  # noqa: FBT003 - the argument of a script
            await until(lambda pid=pid, linked=linked: linked in b.node.links.known() and pid in a.node.links.known())
            await (a.node.terminate(linked) if killed == "here" else b.node.terminate(pid))
            waiting = b.node.wait(pid) if told == "there" else a.node.wait(linked)
            with pytest.raises(Error, match="linked process failed"):
                await waiting
        assert (len(a.node.links), len(b.node.links)) == (0, 0)


async def test_who_is_unlinked_or_unmonitored_hears_nothing() -> None:
    async def related(nodes: Society, verb: str) -> None:
        a, b = nodes.nodes["a"], nodes.nodes["b"]

        def script(pid: str) -> Any:
            yield (Op.CONTROL, verb, pid, None)
            yield (Op.CONTROL, f"un{verb}", pid, None)
            events = yield (Op.EVENTS,)
            yield (Op.RECEIVE, events)

        a.script(f"app:un{verb}", script)
        pid = await b.start("app:child")
        one = await a.start(f"app:un{verb}", pid)
        await trio.sleep(1)
        await b.node.send(pid, "fail")
        await until(lambda: b.node.router.resolve(pid)[0].alive(pid) is not True)
        await trio.sleep(1)
        assert a.node.router.resolve(one)[0].alive(one) is True

    async with society("a", "b", scripts=SCRIPTS) as nodes:
        await related(nodes, "monitor")
        await related(nodes, "link")


async def test_monitoring_twice_is_an_error_as_on_one_node() -> None:
    def twice(pid: str) -> Any:
        yield (Op.CONTROL, "monitor", pid, None)
        yield (Op.CONTROL, "monitor", pid, None)

    async with society("a", "b", scripts={**SCRIPTS, "app:twice": twice}) as nodes:
        pid = await nodes.nodes["b"].start("app:child")
        with pytest.raises(Error, match="already monitoring pid"):
            await nodes.nodes["a"].node.exec("app:twice", host=HOST, args=[pid])


async def test_a_node_that_dies_takes_its_processes_along_for_those_who_follow_them() -> None:
    async with society("a", "b", "c", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await b.start("app:child")
        one = await a.start("app:relating", "monitor", pid)
        other = await nodes.nodes["c"].start("app:relating", "link", pid, False)  # noqa: FBT003
        waiting = await a.start("app:watcher", "app:child", THERE, "monitor", "")
        await until(lambda: pid in nodes.nodes["c"].node.links.known() and len(a.node.links.known()) >= 2)
        await nodes.kill("b")
        del nodes.nodes["b"]
        kind, value, failure = await a.node.wait(one, timeout=30)
        assert (kind, value, failure.kind, failure.details) == (EXIT, None, UNAVAILABLE, {"node": "b"})
        assert "node 'b' is down: no sign of life" in failure.message
        assert (await a.node.wait(waiting, timeout=30))[0] == EXIT
        with pytest.raises(Error, match="linked process failed"):
            await nodes.nodes["c"].node.wait(other, timeout=30)
        assert len(a.node.links) == 0


async def test_what_a_dead_node_was_asked_is_answered() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"].node
        pid = await a.spawn("app:child", host=THERE)
        nodes.network.cut("a", "b")
        with pytest.raises(Error, match="went down before it answered") as failed:
            await a.wait(pid, timeout=20)
        assert failed.value.kind == UNAVAILABLE
        for asked in (a.send(pid, "x"), a.spawn("app:child", host=THERE), a.terminate(pid)):
            with pytest.raises(Error, match="node 'b' cannot be reached: it is down: no sign of life"):
                await asked


async def test_pids_of_an_earlier_life_stay_dead() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"].node
        old = await a.spawn("app:child", host=THERE)
        await nodes.kill("b")
        nodes.network.heal()
        await nodes.start("b", boot=2)
        await until(lambda: (peer := nodes.nodes["a"].mesh.cluster.peer("b")) is not None and peer.incarnation == 2)
        assert await a.spawn("app:child", host=THERE) != old
        with pytest.raises(Error, match="was of an earlier life of node 'b'") as failed:
            await a.send(old, "x")
        assert failed.value.kind == NOT_FOUND
        with pytest.raises(Error, match="not found"):
            await a.cancel(old)
        gone = await a.exec("app:relating", host=HOST, args=["monitor", old])
        assert "pid not registered" in gone.message


async def test_a_sender_waits_while_too_much_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (10, 1 << 20))
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await b.start("app:collector", 50)
        nodes.network.cut("a", "b")
        from_ = await a.start("app:sender", pid, 50)
        await trio.sleep(1)
        (info,) = [info for info in a.node.processes() if info.pid == from_]
        assert info.state == "waiting"
        nodes.network.heal()
        assert [number for _, number in await b.node.wait(pid, timeout=30)] == list(range(50))


async def test_a_local_name_of_a_process_elsewhere_goes_with_it() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"].node, nodes.nodes["b"]
        pid = await b.start("app:child")
        assert a.router.name("register", "far", pid) is True
        await trio.sleep(1)
        await a.send("far", "ok")
        await until(lambda: a.directory.find("far") is None)


async def test_a_node_that_nobody_knows_is_named() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"].node
        with pytest.raises(Error, match=r"node 'zzz' cannot be reached: no node of this name is known; there are a, b"):
            await a.spawn("app:child", host=f"zzz@{HOST}")
        with pytest.raises(Error, match="host not found: 'app:nothing'"):
            await a.spawn("app:child", host="b@app:nothing")
        assert (await a.spawn("app:child", host=f"a@{HOST}")).startswith("{a@")


async def test_items_that_are_none_are_noticed_and_change_nothing() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        for item in (
            b"\x00",
            b"\x81\x01",
            b"\x82\x02\x01",
            b"\x81\x18\x63",
            b"\x84\x02\x01\x61x\x80",
            b"\x83\x05\x01\x02",
        ):
            a.mesh.say("b", item)
        await trio.sleep(1)
        assert {notice.code for notice in b.notices} == {"mesh-item"}
        assert await a.node.exec("app:child", host=THERE, args=["now"]) == "now"
