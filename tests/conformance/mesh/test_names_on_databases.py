"""Consistent names on real databases: nodes that race, that leave, and that are found dead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import ALREADY_EXISTS
from actorflow.mesh.claim import CONSISTENT, STRONG
from actorflow.store.apart import Apart
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.server import ServerStore
from actorflow.store.sql import SqlStore
from actorflow.store.writer import open_writer
from tests.conformance.mesh.society import SCRIPTS, Citizen, society
from tests.conformance.mesh.test_names import ask, found
from tests.databases import MARIADB, POSTGRES, SLOW_MARIADB, database, emptied
from tests.unit.mesh.guest import until

SQLITE = pytest.param("sqlite")
EACH = pytest.mark.parametrize("kind", [SQLITE, POSTGRES, MARIADB])
DAILY = pytest.mark.parametrize("kind", [SQLITE, POSTGRES, SLOW_MARIADB])


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of a node whose tasks were cancelled under them hear of nothing: nobody need wait for them."""
    monkeypatch.setattr("actorflow.node.node.STOP_GRACE", 0.1)


def opener(kind: str, directory: Path) -> Callable[[], Apart]:
    """Return what opens the one database for a node."""
    if kind == "sqlite":
        return lambda: Apart(open_writer(SqlStore(Sqlite(directory / "names.db"), CrashPoint())))
    url = emptied(kind)
    return lambda: Apart(open_writer(ServerStore(database(url), CrashPoint())))


async def race(citizens: list[Citizen], scope: int) -> tuple[list[str], list[Any]]:
    """Have a process of each node want the name at the same time; return who has got it, and what the others got."""
    got, refused = [], []

    async def want(citizen: Citizen) -> None:
        pid = await citizen.start("app:child")
        try:
            await citizen.mesh.register("leader", pid, scope)
        except Exception as error:  # noqa: BLE001 - looked at below
            refused.append(error)
        else:
            got.append(citizen.node.name)

    async with trio.open_nursery() as nursery:
        for citizen in citizens:
            nursery.start_soon(want, citizen)
    return got, refused


@DAILY
async def test_of_nodes_that_race_for_a_name_one_gets_it_and_whoever_leaves_sets_it_free(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("actorflow.mesh.tenure.FENCE", "actorflow.store.sighting.DEAD"):
        monkeypatch.setattr(place, 3600.0)  # nobody stands still for so long, whatever the machine does
    async with society("a", "b", "c", scripts=SCRIPTS, shared=opener(kind, tmp_path)) as nodes:
        got, refused = await race(list(nodes.nodes.values()), CONSISTENT)
        assert len(got) == 1
        assert [error.kind for error in refused] == [ALREADY_EXISTS] * 2
        await until(lambda: all(found(one, "leader") for one in nodes.nodes.values()))
        assert {found(one, "leader") for one in nodes.nodes.values()} == {found(nodes.nodes[got[0]], "leader")}
        await nodes.stop(got[0])
        del nodes.nodes[got[0]]
        other = next(iter(nodes.nodes.values()))
        assert await ask(other, "process.registry.register", "leader", "", STRONG) is True


@pytest.mark.slow
@EACH
async def test_the_name_of_a_node_that_stands_still_is_free_once_it_has_let_go(kind: str, tmp_path: Path) -> None:
    async with society("a", "b", scripts=SCRIPTS, shared=opener(kind, tmp_path)) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        pid = await a.start("app:named", ["leader", STRONG])
        await until(lambda: found(b, "leader") == pid)
        tenure = a.mesh.naming.tenure
        store = tenure._store  # noqa: SLF001 - the way to the database is what is cut
        assert store is not None
        still = trio.Event()

        async def beat(_node: str) -> None:
            await still.wait()

        store.beat = beat  # type: ignore[method-assign]
        with trio.fail_after(60):
            while await ask(b, "process.registry.register", "leader", "", STRONG) is not True:  # noqa: ASYNC110 - as they do
                await trio.sleep(0.1)
        assert not tenure.holds
        assert found(a, "leader") != pid
        still.set()
