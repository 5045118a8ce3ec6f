"""Names that a database decides: at most one process has one, whoever is cut off from whom, or stands still."""

from __future__ import annotations

import pytest
import trio

from actorflow.codec import decode, encode
from actorflow.errors import ALREADY_EXISTS, INTERNAL, UNAVAILABLE, Error, invalid
from actorflow.mesh.claim import CONSISTENT, EVENTUAL, STRONG
from actorflow.mesh.tenure import FENCE, Tenure
from actorflow.run.document import PutDocument
from tests.conformance.mesh.society import SCRIPTS, Citizen, Society, society
from tests.conformance.mesh.test_names import ask, found
from tests.unit.mesh.guest import until

pytestmark = pytest.mark.mock_clock
SCOPES = pytest.mark.parametrize("scope", [CONSISTENT, STRONG])


def kept(nodes: Society) -> str | None:
    """Return whose the name is in the database."""
    row = nodes.store.reader().document("name", "clock")
    return None if row is None else str(decode(row.value)["pid"])


async def holder(nodes: Society, name: str, scope: int = CONSISTENT) -> str:
    """Have a process of a node take the name."""
    citizen = nodes.nodes[name]
    pid = await citizen.start("app:named", ["clock", scope])
    await until(lambda: found(citizen, "clock") == pid)
    return pid


def lost(citizen: Citizen) -> list[str]:
    return [notice.text for notice in citizen.notices if notice.code == "name-lost"]


async def test_a_name_stays_with_its_node_for_those_who_do_not_hear_that_node() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        pid = await holder(nodes, "a")
        for other in ("b", "c"):
            nodes.network.cut("a", other)
        b, c = nodes.nodes["b"], await nodes.start("c")
        await until(lambda: not b.mesh.cluster.is_up("a") and not found(b, "clock"))
        for citizen in (b, c):
            refused = await ask(citizen, "process.registry.register", "clock", "", CONSISTENT)
            assert (refused.kind, pid in refused.message) == (ALREADY_EXISTS, True)
        nodes.network.heal()
        await nodes.all_up()
        await until(lambda: all(found(one, "clock") == pid for one in nodes.nodes.values()))


@SCOPES
async def test_a_node_that_is_cut_off_from_the_database_lets_go_before_another_gets_the_name(scope: int) -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await holder(nodes, "a", scope)
        await until(lambda: found(b, "clock") == pid)
        nodes.stores["a"].failing = True
        with trio.fail_after(30):
            while await ask(b, "process.registry.register", "clock", "", scope) is not True:  # noqa: ASYNC110 - as they do
                await trio.sleep(0.2)
        assert not a.mesh.naming.tenure.holds
        assert found(a, "clock") != pid
        with pytest.raises(Error, match="it has lost the name 'clock'"):  # it was asked to stop, and has
            await a.node.wait(pid)
        assert f"{pid} has lost the name 'clock': its database has not heard of this node for 5 s" in lost(a)


async def test_who_stood_still_and_goes_on_has_no_name_that_another_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    async def _watches(_self: Tenure, _name: str) -> None:
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(Tenure, "_watches", _watches)  # no task of it runs meanwhile
    async with society("a", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"]
        pid = await holder(nodes, "a")
        nodes.stores["a"].failing = True
        await trio.sleep(FENCE - 1.5)
        assert found(a, "clock") == pid
        await trio.sleep(1.5)
        assert found(a, "clock") is None
        assert len(lost(a)) == 1


async def test_who_was_taken_for_dead_has_lost_its_names_and_gets_others_under_another_name() -> None:
    async with society("a", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"]
        pid = await holder(nodes, "a")
        first = a.mesh.naming.tenure.name
        nodes.store.ownership.leave(first, None)
        await until(lambda: lost(a))
        assert lost(a) == [f"{pid} has lost the name 'clock': this node was taken for dead"]
        assert await holder(nodes, "a") == kept(nodes) != pid
        assert a.mesh.naming.tenure.name not in {"", first}


async def test_a_node_that_stops_in_order_leaves_its_names_at_once() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        await holder(nodes, "b")
        await nodes.stop("b")
        assert nodes.stores["b"].closed
        del nodes.nodes["b"]
        assert await ask(nodes.nodes["a"], "process.registry.register", "clock", "", CONSISTENT) is True


async def test_a_name_that_the_release_before_has_written_is_free_when_its_node_is_not_up() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await a.start("app:child")
        written = encode({"pid": pid, "node": "a", "boot": a.node.boot, "stamp": 1})
        nodes.store.commit([PutDocument("name", "clock", written)])
        refused = await ask(b, "process.registry.register", "clock", "", CONSISTENT)
        assert (refused.kind, pid in refused.message) == (ALREADY_EXISTS, True)
        await nodes.stop("a")
        del nodes.nodes["a"]
        await until(lambda: not b.mesh.cluster.is_up("a"))
        assert await ask(b, "process.registry.register", "clock", "", CONSISTENT) is True


async def test_a_name_whose_process_ends_while_the_database_is_away_is_freed_later() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"]
        pid = await holder(nodes, "a")
        nodes.stores["a"].failing = True
        await a.node.send("clock", "ok")
        await a.node.wait(pid)
        await until(lambda: any(notice.code == "name-kept" for notice in a.notices))
        assert kept(nodes) == pid
        nodes.stores["a"].failing = False
        await until(lambda: kept(nodes) is None)


async def test_an_eventual_name_keeps_a_consistent_one_away_and_the_other_way_round() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        await holder(nodes, "a", EVENTUAL)
        await until(lambda: found(b, "clock"))
        refused = await ask(b, "process.registry.register", "clock", "", CONSISTENT)
        assert (refused.kind, kept(nodes)) == (ALREADY_EXISTS, None)
        await a.node.send("clock", "ok")
        await until(lambda: not found(b, "clock"))
        await holder(nodes, "b")
        await until(lambda: found(a, "clock"))
        assert (await ask(a, "process.registry.register", "clock", "", EVENTUAL)).kind == ALREADY_EXISTS


async def test_a_database_that_does_not_answer_gives_no_name_and_one_that_is_not_there_says_so() -> None:
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        nodes.stores["a"].failing = True
        refused = await ask(a, "process.registry.register", "clock", "", CONSISTENT)
        assert (refused.kind, found(a, "clock")) == (UNAVAILABLE, None)

        async def none(_database: str) -> None:
            raise invalid("no database that nodes share")

        b.node.open_shared = none
        refused = await ask(b, "process.registry.register", "clock", "", STRONG)
        assert (refused.kind, "strong registry not available: no database" in refused.message) == (INTERNAL, True)
