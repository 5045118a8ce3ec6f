"""Names and groups that several nodes know: who has one, who hears of it, and what happens in partitions."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actorflow.errors import ALREADY_EXISTS, INTERNAL, NOT_FOUND, Error
from actorflow.mesh.claim import CONSISTENT, EVENTUAL, STRONG, Claim, Claims
from tests.conformance.mesh.society import SCRIPTS, Citizen, Society, society
from tests.conformance.process.rig import HOST, rig
from tests.unit.mesh.guest import until

pytestmark = pytest.mark.mock_clock
SCOPES = pytest.mark.parametrize("scope", [EVENTUAL, CONSISTENT, STRONG])


def found(citizen: Citizen, name: str) -> str | None:
    return citizen.node.directory.resolve(name)


async def ask(citizen: Citizen, operation: str, *args: Any) -> Any:
    return await citizen.node.exec("app:performing", host=HOST, args=[operation, *args])


@SCOPES
async def test_a_name_reaches_its_process_from_every_node_and_goes_with_it(scope: int) -> None:
    async with society("a", "b", "c", scripts=SCRIPTS) as nodes:
        b = nodes.nodes["b"]
        pid = await b.start("app:named", ["clock", scope])
        await until(lambda: all(found(one, "clock") == pid for one in nodes.nodes.values()))
        await nodes.nodes["c"].node.send("clock", "ok")
        assert await b.node.wait(pid) == "ok"
        await until(lambda: not any(found(one, "clock") for one in nodes.nodes.values()))
        with pytest.raises(Error, match="could not resolve 'clock'"):
            await nodes.nodes["a"].node.send("clock", "ok")
        await until(lambda: nodes.store.reader().document("name", "clock") is None)


@SCOPES
async def test_a_name_belongs_to_one_process(scope: int) -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await b.start("app:named", ["clock", scope], ["clock", scope])  # again is nothing
        await until(lambda: found(a, "clock") == pid)
        refused = await ask(a, "process.registry.register", "clock", "", scope)
        assert (refused.kind, refused.message) == (ALREADY_EXISTS, f"name already registered: 'clock' is {pid}")
        assert await ask(a, "process.registry.unregister", "clock", scope) is True
        await until(lambda: not found(a, "clock") and not found(b, "clock"))
        assert await ask(a, "process.registry.unregister", "clock", scope) is False
        assert await ask(a, "process.registry.register", "clock", "", scope) is True


async def test_a_strong_name_is_known_everywhere_once_it_is_given() -> None:
    async with society("a", "b", "c", scripts=SCRIPTS) as nodes:
        nodes.network.faults.delay = (0.3, 0.3)
        pid = await nodes.nodes["b"].start("app:child")
        await nodes.nodes["b"].mesh.register("leader", pid, STRONG)
        assert [found(one, "leader") for one in nodes.nodes.values()] == [pid] * 3


@pytest.mark.parametrize("scope", [CONSISTENT, STRONG])
async def test_of_many_who_want_a_consistent_name_at_once_one_gets_it(scope: int) -> None:
    async with society("a", "b", "c", scripts=SCRIPTS) as nodes:
        got: list[str] = []
        refused: list[str] = []

        async def want(citizen: Citizen) -> None:
            pid = await citizen.start("app:child")
            try:
                await citizen.mesh.register("leader", pid, scope)
            except Error as error:
                refused.append(error.kind)
            else:
                got.append(pid)

        async with trio.open_nursery() as nursery:
            for one in nodes.nodes.values():
                nursery.start_soon(want, one)
        assert (len(got), refused) == (1, [ALREADY_EXISTS] * 2)


@SCOPES
async def test_the_names_of_a_dead_node_are_free(scope: int) -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"]
        await nodes.nodes["b"].start("app:named", ["clock", scope])
        await until(lambda: found(a, "clock"))
        await nodes.kill("b")
        del nodes.nodes["b"]
        await until(lambda: not found(a, "clock"))
        mine = await a.start("app:named", ["clock", scope])
        await until(lambda: found(a, "clock") == mine)


async def in_a_partition(nodes: Society) -> tuple[str, str]:
    """Let both sides give the same eventual name away, then heal."""
    a, b = nodes.nodes["a"], nodes.nodes["b"]
    nodes.network.cut("a", "b")
    await until(lambda: not a.mesh.cluster.is_up("b") and not b.mesh.cluster.is_up("a"))
    first = await a.start("app:named", ["clock", EVENTUAL])
    await until(lambda: found(a, "clock"))
    await b.start("app:named", ["other", EVENTUAL])  # its clock is ahead now
    second = await b.start("app:named", ["clock", EVENTUAL])
    await until(lambda: found(b, "clock"))
    assert (found(a, "clock"), found(b, "clock")) == (first, second)
    nodes.network.heal()
    await nodes.all_up()
    return first, second


async def test_after_a_partition_the_earlier_eventual_name_stays_on_both_sides() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        first, second = await in_a_partition(nodes)
        await until(lambda: all(found(one, "clock") == first for one in nodes.nodes.values()))
        await until(lambda: any(notice.code == "name-lost" for notice in nodes.nodes["b"].notices))
        assert second != first


async def test_names_of_processes_elsewhere_and_wrong_ones() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await b.start("app:child")
        assert await ask(a, "process.registry.register", "far", pid, EVENTUAL) is True
        await until(lambda: found(b, "far") == found(a, "far") == pid)
        for args, kind in [
            (("x", "{b@app:processes|0xfffff}", EVENTUAL), NOT_FOUND),
            (("x", f"{{a@{HOST}|0xfffff}}", EVENTUAL), NOT_FOUND),
            (("", "", EVENTUAL), "Invalid"),
            (("{a|b}", "", EVENTUAL), "Invalid"),
            (("x", 7, EVENTUAL), "Invalid"),
            (("x", "", 9), "Invalid"),
            (("x", "", True), "Invalid"),
        ]:
            assert (await ask(a, "process.registry.register", *args)).kind == kind, args


async def test_a_node_that_is_alone_has_local_names_only() -> None:
    from actorflow.resource import global_name  # noqa: PLC0415

    async with rig() as node:
        global_name.install(node.node)
        node.add("app:performing", SCRIPTS["app:performing"])
        for scope, word in ((1, "eventual"), (2, "consistent"), (3, "strong")):
            refused = await node.node.exec(
                "app:performing", host=HOST, args=["process.registry.register", "x", "", scope]
            )
            assert (refused.kind, f"{word} registry not available: this node is alone" in refused.message) == (
                INTERNAL,
                True,
            )


async def test_groups_have_members_of_all_nodes_until_they_end_or_their_node_does() -> None:
    async with society("a", "b", "c", scripts=SCRIPTS) as nodes:
        a, b, c = nodes.nodes.values()
        local, everywhere = True, False
        pids = [await one.start("app:joining", "idlers") for one in (a, b, c)]

        async def members(one: Citizen, *, local: bool = False) -> list[str]:
            return sorted(await ask(one, "pg.members", "app:groups", "idlers", local))

        await until(lambda: all(len(groups_of(one)) == 3 for one in (a, b, c)))
        assert await members(a) == await members(c) == sorted(pids)
        assert await members(b, local=True) == [pids[1]]
        await ask(a, "pg.broadcast", "app:groups", "idlers", local, "ok", [])  # only its own
        await until(lambda: all(len(groups_of(one)) == 2 for one in (a, b, c)))
        await nodes.kill("b")
        del nodes.nodes["b"]
        await until(lambda: groups_of(a) == groups_of(c) == [pids[2]])
        d = await nodes.start("d")
        await until(lambda: groups_of(d) == [pids[2]])
        await ask(d, "pg.broadcast", "app:groups", "idlers", everywhere, "ok", [])
        assert await c.node.wait(pids[2]) == "ok"
        await until(lambda: groups_of(d) == [])


def groups_of(citizen: Citizen) -> list[str]:
    return citizen.mesh.grouping._scopes.groups_of("app:groups").members("idlers")  # noqa: SLF001


def test_one_rule_says_who_has_a_name_in_whatever_order_it_is_heard() -> None:
    said = [
        ("a", Claim("{a@h|1}", 5, EVENTUAL)),
        ("b", Claim("{b@h|1}", 4, EVENTUAL)),
        ("c", Claim("{c@h|1}", 9, CONSISTENT)),
        ("d", Claim("{d@h|1}", 11, STRONG)),
    ]
    for order in (said, said[::-1]):
        claims = Claims()
        for node, claim in order:
            claims.add("clock", node, claim)
        won = []
        while (winner := claims.winner("clock")) is not None:
            won.append(winner.pid[1])
            claims.drop(winner.pid[1])
        assert won == ["d", "c", "b", "a"]
        assert claims.next_stamp() == 12
