"""Three real nodes over TCP, one of which is killed: who followed its processes hears of it, and what was of it stays dead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actorflow.errors import Error
from actorflow.mesh.claim import CONSISTENT, EVENTUAL, STRONG
from tests.crash.meshing import MeshNode, made, until
from tests.databases import POSTGRES, fresh, written

pytestmark = pytest.mark.slow  # three nodes take a while to start
UP = {"a": "self", "b": "up", "c": "up"}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[MeshNode]]:
    found = made(tmp_path, "a", "b", "c")
    try:
        for node in found:
            node.start()
        until(lambda: found[0].states() == UP and all(len(node.states()) == 3 for node in found), "for three nodes")
        yield found
    finally:
        for node in found:
            node.end()


def test_a_killed_node_takes_its_processes_along_and_comes_back_as_another(nodes: list[MeshNode]) -> None:
    a, b, c = nodes
    watching = {
        how: a.spawn("app:watch", "b@app:processes", how) for how in ("monitored", "linked", "linked_monitored")
    }
    still = c.spawn("app:watch", "a@app:processes", "monitored")
    old = str(a.client.spawn("app:idle", "b@app:processes", []))
    assert old.startswith("{b@app:processes|0x")
    b.kill()
    for how, watcher in watching.items():
        ended = a.client.wait(watcher, timeout=30)
        assert ended["kind"] == ("pid.link.down" if how == "linked" else "pid.exit")
        assert (ended["of_child"], ended.get("value"), ended["error_kind"]) == (True, None, "Unavailable")
        assert "node 'b' is down: no sign of life" in ended["error"]
    assert a.states() == {**UP, "b": "down"}
    until(lambda: c.states() == {"a": "up", "b": "down", "c": "self"}, "for c to find it by itself")
    with pytest.raises(Error, match="node 'b' cannot be reached: it is down"):
        a.client.send(old, "end")
    incarnation = a.members()["b"]["incarnation"]
    b.start()
    until(lambda: a.states() == UP and c.states().get("b") == "up", "for b to come back")
    assert a.members()["b"]["incarnation"] == incarnation + 1
    with pytest.raises(Error, match="was of an earlier life of node 'b'"):
        a.client.send(old, "end")
    assert a.spawn("app:idle", host="b@app:processes") != old
    assert any(line["pid"] == still for line in c.client.request("ps", {}))


def test_names_and_members_of_a_killed_node_vanish(nodes: list[MeshNode]) -> None:
    a, b, c = nodes
    pids = [b.spawn("app:idle", "lua", EVENTUAL), b.spawn("app:idle_py", "py", EVENTUAL)]
    mine = c.spawn("app:idle_py", "mine", EVENTUAL)

    def looked() -> tuple[list[str], set[str]]:
        seen = a.client.wait(a.spawn("app:look", "lua", "py", "mine"), timeout=30)
        return seen["found"], set(seen["members"])

    until(lambda: looked() == ([*pids, mine], {*pids, mine}), "for names and members")
    a.client.send("py", "end")  # by its name, from another node
    until(lambda: looked() == ([pids[0], "nobody", mine], {pids[0], mine}), "for the name of one that has ended")
    b.kill()
    until(lambda: looked() == (["nobody", "nobody", mine], {mine}), "for the names of the dead node")
    taken = a.spawn("app:idle", "lua", EVENTUAL)
    until(lambda: looked()[0][0] == taken, "for the name to have another process")
    refused = a.spawn("app:idle", "strong", STRONG)
    with pytest.raises(Error, match="strong registry not available"):
        a.client.wait(refused, timeout=30)


@pytest.mark.parametrize("kind", [pytest.param("sqlite"), POSTGRES])
def test_a_name_in_the_database_passes_on_from_a_killed_node_and_to_one_process_only(tmp_path: Path, kind: str) -> None:
    found = made(tmp_path, "a", "b")
    a, b = found
    url = f"sqlite:///{tmp_path / 'names.db'}" if kind == "sqlite" else written(fresh(kind))
    try:
        for node in found:
            node.environment["ACTORFLOW_DATABASE"] = url
            node.start()
        until(lambda: all(sorted(node.states().values()) == ["self", "up"] for node in found), "for two nodes")

        def leader(node: MeshNode) -> str:
            return str(node.client.wait(node.spawn("app:look", "leader"), timeout=30)["found"][0])

        first = b.spawn("app:idle", "leader", STRONG)
        until(lambda: leader(a) == first, "for the name")
        with pytest.raises(Error, match="name already registered: 'leader'"):
            a.client.wait(a.spawn("app:idle_py", "leader", STRONG), timeout=30)
        b.kill()

        def taken(node: MeshNode) -> bool:
            pid = node.spawn("app:idle_py", "leader", CONSISTENT)
            until(lambda: leader(node) == pid or node.ended(pid), "for a name or an end")
            return leader(node) == pid

        until(lambda: taken(a), "for the name of the dead node")
        b.start()
        until(lambda: len(b.states()) == 2 and leader(b) == leader(a) != first, "for the node to be back")
        with pytest.raises(Error, match="name already registered: 'leader'"):
            b.client.wait(b.spawn("app:idle", "leader", STRONG), timeout=30)
    finally:
        for node in found:
            node.end()


def test_nothing_is_lost_between_two_nodes_that_live(nodes: list[MeshNode]) -> None:
    a, b, c = nodes
    collecting = b.spawn("app:collect", 6000)
    counting = [one.spawn("app:count", collecting, 3000) for one in (a, c)]
    got = b.client.wait(collecting, timeout=60)
    assert sorted(got) == sorted([*range(3000), *range(3000)])
    assert len(counting) == 2


def test_a_node_that_stops_has_left_at_once(nodes: list[MeshNode]) -> None:
    a, b, _ = nodes
    b.process.terminate()
    until(lambda: a.states().get("b") == "left", "for b to leave")
    assert b.process.wait(30) == 0
