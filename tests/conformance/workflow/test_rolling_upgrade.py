"""Nodes of two releases that share a host: what is begun while both are there both can do, and who knows too little is refused."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest
import trio

from actorflow.codec import decode
from actorflow.errors import CONFLICT, Error
from actorflow.machine.op import Op
from actorflow.run.rule import NEWEST
from actorflow.run.state import COMPLETED
from actorflow.store.crash import CrashPoint
from actorflow.store.examine import examine
from actorflow.store.migrate.run import Migration, migrations
from actorflow.store.port import RunFilter
from actorflow.store.server import ServerStore
from tests.conformance.workflow.durable import WORKFLOWS, Durable
from tests.conformance.workflow.test_sharing import host_of, until
from tests.databases import MARIADB, POSTGRES, database, emptied, fresh

pytestmark = pytest.mark.slow
OLD, NEW = NEWEST, NEWEST + 1
EACH = 4


@pytest.fixture(params=[POSTGRES, MARIADB])
def url(request: pytest.FixtureRequest) -> Any:
    return emptied(str(request.param))


def durable_on(url: Any) -> Durable:
    def waiting() -> Generator[tuple[Any, ...], Any, Any]:
        message, _ = yield (Op.RECEIVE, (yield (Op.INBOX,)))
        return message.value

    durable = Durable(lambda: ServerStore(database(url), CrashPoint()))
    durable.add("app:wait", waiting)
    return durable


async def started(node: Any, prefix: str) -> list[str]:
    options = [{"workflow.id": f"{prefix}/{number}"} for number in range(EACH)]
    return [await node.spawn("app:wait", host=WORKFLOWS, options=each) for each in options]


async def finish(node: Any, pids: list[str]) -> None:
    for number, pid in enumerate(pids):
        await node.send(pid, "go", number)
    with trio.fail_after(60):
        assert [await node.wait(pid) for pid in pids] == list(range(len(pids)))


def rules_of(url: Any) -> dict[str, int]:
    """Return the rules that runs began under, by the first part of their ids."""
    with closing(ServerStore(database(url), CrashPoint())) as store:
        rows = store.runs(RunFilter(), 1000)
        return {row.workflow_id.split("/")[0]: decode(store.journal(row.run)[0].payload)["format"] for row in rows}


def refused_by(error: BaseException) -> Error:
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    assert isinstance(error, Error)
    return error


class Lives:
    """Nodes that are started and stopped in any order."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._ends: dict[Any, tuple[trio.Event, trio.Event]] = {}

    async def start(self, durable: Durable, rules: int) -> Any:
        return await self._nursery.start(self._live, durable, rules)

    async def stop(self, node: Any) -> None:
        end, ended = self._ends.pop(node)
        end.set()
        await ended.wait()

    async def stop_all(self) -> None:
        for node in list(self._ends):
            await self.stop(node)

    async def _live(self, durable: Durable, rules: int, task_status: trio.TaskStatus[Any]) -> None:
        end, ended = trio.Event(), trio.Event()
        async with durable.node(rules) as node:
            self._ends[node] = (end, ended)
            task_status.started(node)
            await end.wait()
        ended.set()


async def test_what_is_begun_beside_an_older_node_goes_by_its_rules_and_newer_ones_begin_when_it_has_gone(
    url: Any,
) -> None:
    durable = durable_on(url)
    async with trio.open_nursery() as nursery:
        lives = Lives(nursery)
        old = await lives.start(durable, OLD)
        before = await started(old, "before")
        new = await lives.start(durable, NEW)
        await until(lambda: bool(host_of(new).shards))
        beside = await started(new, "beside")
        assert (host_of(old).rules, host_of(new).rules) == (OLD, OLD)
        await finish(old, [*before[::2], *beside[::2]])
        await lives.stop(old)
        await until(lambda: host_of(new).rules == NEW)
        after = await started(new, "after")
        await finish(new, [*before[1::2], *beside[1::2], *after])
        try:
            async with durable.node(OLD):
                pytest.fail("it serves a host whose runs it does not understand")
        except (Error, BaseExceptionGroup) as error:
            refused = refused_by(error)
        assert refused.kind == CONFLICT
        assert f"may have begun under rule {NEW} of a newer release, this one knows {OLD}" in refused.message
        other = await lives.start(durable, NEW)
        await until(lambda: host_of(other).rules == NEW and bool(host_of(other).shards))
        await finish(other, await started(other, "again"))
        await lives.stop_all()
    assert rules_of(url) == {"before": OLD, "beside": OLD, "after": NEW, "again": NEW}
    with closing(ServerStore(database(url), CrashPoint())) as store:
        assert {row.state for row in store.runs(RunFilter(), 1000)} == {COMPLETED}
    assert list(examine(database(url))) == []


@pytest.mark.parametrize("kind", [POSTGRES, MARIADB])
async def test_a_newer_node_adds_to_the_schema_while_an_older_one_serves(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = fresh(kind)
    durable = durable_on(place)
    dialect = {"postgres": "postgresql", "mariadb": "mysql"}[kind]
    module = {"postgres": "postgres", "mariadb": "mysql"}[kind]
    known = migrations(dialect)
    added = "-- Additive: colours of runs\nALTER TABLE run ADD COLUMN colour BIGINT DEFAULT '0' NOT NULL;\n"
    step = Migration(known[-1].version + 1, "colour", "0" * 32, added)
    async with durable.node(OLD) as old:
        pids = await started(old, "before")
        with monkeypatch.context() as patched:
            patched.setattr(f"actorflow.store.{module}.migrations", lambda _: [*known, step])
            ServerStore(database(place), CrashPoint()).close()
        with closing(database(place).connect()) as connection:
            assert connection.execute("SELECT max(version) FROM migration").fetchone()[0] == step.version
        pids += await started(old, "beside")
        async with durable.node(OLD) as other:  # one of the older release that is started once more
            await finish(other, pids)
    assert list(examine(database(place))) == []
