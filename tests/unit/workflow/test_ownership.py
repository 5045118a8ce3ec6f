"""Shards that come and go while something else is under way for them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from actorflow.errors import Error, unavailable
from actorflow.machine.op import Op
from actorflow.run.shard import UNITS
from actorflow.store.memory import MemoryStore
from actorflow.store.owning import DIED, NodeRow, Owner, Seen
from hosts.workflow.owned import Owned
from hosts.workflow.ownership import Ownership
from hosts.workflow.resident import Resident
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of


async def test_what_is_given_up_while_more_is_taken_stays_given_up() -> None:
    host: Any = Owned()
    host.id = WORKFLOWS
    host.own({1: 5, 2: 5})

    async def own(_change: Any) -> dict[int, int]:
        host.disown([1])
        return {3: 6}

    async def nothing(*_: Any) -> None:
        pass

    engine: Any = SimpleNamespace(
        writer=SimpleNamespace(own=own, pulse=lambda: None),
        suspects=SimpleNamespace(inherit=nothing),
        recovery=SimpleNamespace(take_over=nothing),
    )
    ownership = Ownership(engine)
    ownership._seen = Seen([NodeRow("me", 1, json.dumps({"hosts": [WORKFLOWS]}))], [], 0)  # noqa: SLF001
    assert len(host.shards) < UNITS
    await ownership._take(host)  # noqa: SLF001
    assert host.shards == {2: 5, 3: 6}


async def test_a_death_that_cannot_be_counted_now_is_counted_later() -> None:
    host: Any = Owned()
    host.id = WORKFLOWS
    host.own({})
    counted: list[set[int]] = []
    failures = [unavailable("the server has gone")]

    async def own(_change: Any) -> dict[int, int]:
        return {3: 6, 4: 6}

    async def inherit(_host: Any, shards: set[int]) -> None:
        if failures:
            raise failures.pop()
        counted.append(shards)

    async def nothing(*_: Any) -> None:
        pass

    engine: Any = SimpleNamespace(
        writer=SimpleNamespace(own=own, pulse=lambda: None),
        suspects=SimpleNamespace(inherit=inherit),
        recovery=SimpleNamespace(take_over=nothing),
    )
    ownership = Ownership(engine)
    about = json.dumps({"hosts": [WORKFLOWS]})
    ownership._seen = Seen([NodeRow("me", 1, about)], [Owner(WORKFLOWS, 3, 5, DIED)], 0)  # noqa: SLF001
    with pytest.raises(Error):
        await ownership._take(host)  # noqa: SLF001
    await ownership._take_over(host)  # noqa: SLF001
    await ownership._take_over(host)  # noqa: SLF001
    assert counted == [{3}], "once, and only what was the dead node's"


async def test_a_run_that_is_lost_while_it_is_read_begins_nothing_here() -> None:
    def main() -> Any:
        yield (Op.RECEIVE, (yield (Op.INBOX,)))
        return "done"

    durable = Durable(MemoryStore)
    durable.add("app:main", main)
    async with durable.node() as node:
        engine = engine_of(node)
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "o/1"})
        run = engine.open_ids["o/1"]
        was, lost = engine.residents[run], Resident(run, busy=True)
        await engine.recovery.load(lost)
        engine.recovery.pause(lost, "internal error: the machine is closed")
        engine.recovery.cede(lost)
        assert (lost.live, lost.busy) == (None, False)
        assert engine.residents[run] is was
        await node.send(pid, "go", 1)
        assert await node.wait(pid, timeout=30) == "done"


async def test_an_id_of_a_shard_that_another_node_has_is_looked_up() -> None:
    durable = Durable(MemoryStore)
    async with durable.node() as node:
        engine: Any = engine_of(node)
        host: Any = node.hosts[WORKFLOWS]
        engine.open_ids["o/1"] = 7  # it has ended elsewhere, and is not kept any more
        assert host.alive(host.pid_of("o/1"))
        engine.ownership, shards = SimpleNamespace(), host.shards
        host.own({8: 1})
        try:
            assert host.alive(host.pid_of("o/1")) is False
        finally:
            engine.ownership, host.shards = None, shards
            del engine.open_ids["o/1"]
