"""Several nodes that share one host on a server: each turns its part of the runs, and whoever goes leaves none behind."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio

from actorflow.clock import SystemClock
from actorflow.codec import encode
from actorflow.duration import SECOND
from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.run.event import MESSAGE_RECEIVED
from actorflow.run.shard import ROLES, SHARDS, UNITS, shard_of
from actorflow.run.state import COMPLETED
from actorflow.run.turn import Delivery
from actorflow.store.crash import CrashPoint
from actorflow.store.examine import examine
from actorflow.store.owning_sql import SqlPulse
from actorflow.store.port import RunFilter
from actorflow.store.server import ServerStore
from hosts.workflow.host import WorkflowHost
from hosts.workflow.watching import Watching
from tests.conformance.workflow import tally
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.databases import POSTGRES, SLOW_MARIADB, database, emptied

Ops = Generator[tuple[Any, ...], Any, Any]
RUNS = 24


@pytest.fixture(params=[POSTGRES, SLOW_MARIADB])
def url(request: pytest.FixtureRequest) -> Any:
    return emptied(str(request.param))


@pytest.fixture
def durable(url: Any) -> Durable:
    return Durable(lambda: ServerStore(database(url), CrashPoint()))


def waiting() -> Ops:
    inbox = yield (Op.INBOX,)
    message, _ = yield (Op.RECEIVE, inbox)
    yield (Op.SLEEP, 1_000_000)
    doubled = yield (Op.CALL, "app:double", (message.value,), {})
    return doubled


STEP = "from tests.conformance.workflow.tally import step\nasync def main(*args):\n    return await step(*args)\n"


def add(durable: Durable) -> Counter[int]:
    """Add a workflow that waits for a number and doubles it in a function; returns how often that has ended."""
    durable.add("app:wait", waiting)
    durable.registry.add_python("app:double", STEP)
    tally.ENDED.clear()
    return tally.ENDED


def host_of(node: Any) -> WorkflowHost:
    host = node.hosts[WORKFLOWS]
    assert isinstance(host, WorkflowHost)
    return host


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - of several nodes
            await trio.sleep(0.02)


@asynccontextmanager
async def two(durable: Durable) -> AsyncIterator[tuple[Any, Any]]:
    """Two nodes, each of which has its part."""
    async with durable.node() as one, durable.node() as other:
        await until(lambda: parts(one, other) == [UNITS // 2 + UNITS % 2, UNITS // 2])
        yield one, other


def parts(*nodes: Any) -> list[int]:
    return sorted((len(host_of(node).shards or ()) for node in nodes), reverse=True)


async def started(node: Any, first: int, count: int) -> list[str]:
    options = [{"workflow.id": f"o/{number}"} for number in range(first, first + count)]
    return [await node.spawn("app:wait", host=WORKFLOWS, options=each) for each in options]


def check(url: Any, count: int = RUNS) -> None:
    store = ServerStore(database(url), CrashPoint())
    runs = store.runs(RunFilter())
    store.close()
    assert [row.state for row in runs] == [COMPLETED] * count
    assert list(examine(database(url))) == []


async def test_each_who_waits_elsewhere_gets_the_end_of_the_run_that_he_found(
    durable: Durable, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(durable)
    seen = trio.Event()
    look = Watching.look

    async def late(self: Watching) -> list[int]:
        await seen.wait()
        return await look(self)

    ends: dict[str, Any] = {}

    async def ended(node: Any, pid: str, who: str) -> None:
        ends[who] = await node.wait(pid, timeout=60)

    async with two(durable) as (one, other), trio.open_nursery() as nursery:
        monkeypatch.setattr(Watching, "look", late)  # nothing is noticed of what the other node writes
        pid = (await started(one, 0, 1))[0]
        nursery.start_soon(ended, other, pid, "first")
        await until(lambda: pid in other.links.known())
        await one.send(pid, "go", 1)
        assert await one.wait(pid, timeout=60) == 2
        await started(one, 0, 1)
        nursery.start_soon(ended, other, pid, "second")
        await until(lambda: "first" in ends)
        seen.set()
        await one.send(pid, "go", 2)
        await until(lambda: len(ends) == 2)
    assert ends == {"first": 2, "second": 4}


async def test_what_a_process_of_this_machine_had_that_has_ended_is_taken_over_at_once(
    durable: Durable, url: Any
) -> None:
    said = "import json; from actorflow.node.life import life; print(json.dumps(life()))"
    ended = await trio.run_process([sys.executable, "-c", said], capture_stdout=True)
    store = ServerStore(database(url), CrashPoint())
    store.ownership.enter("former", json.dumps({**json.loads(ended.stdout), "hosts": [WORKFLOWS]}))
    assert len(store.ownership.take(WORKFLOWS, "former", UNITS) or {}) == UNITS
    store.close()
    async with durable.node() as node:
        assert parts(node) == [UNITS]


async def test_two_nodes_share_a_host_and_either_reaches_every_run(durable: Durable, url: Any) -> None:
    calls = add(durable)
    async with two(durable) as (one, other):
        mine, theirs = (host_of(node).shards or {} for node in (one, other))
        assert not mine.keys() & theirs.keys()
        assert len(mine) + len(theirs) == SHARDS + len(ROLES)
        pids = await started(one, 0, RUNS // 2) + await started(other, RUNS // 2, RUNS // 2)
        near = [shard_of(engine_of(one).open_ids[f"o/{number}"]) in mine for number in range(RUNS // 2)]
        assert near == [True] * (RUNS // 2), "a run stays where it was started"
        for number, pid in enumerate(reversed(pids)):
            await (one, other)[number % 2].send(pid, "go", number)
        with trio.fail_after(60):
            for number, pid in enumerate(reversed(pids)):
                assert await (other, one)[number % 2].wait(pid, timeout=60) == number * 2
    assert calls == Counter(range(RUNS)), "each function was called once"
    check(url)


@pytest.mark.slow
async def test_who_leaves_hands_its_runs_over_at_once(durable: Durable, url: Any) -> None:
    calls = add(durable)
    async with durable.node() as stays:
        async with durable.node() as leaves:
            await until(lambda: parts(stays, leaves)[-1] == UNITS // 2)
            pids = await started(leaves, 0, RUNS)
        await until(lambda: parts(stays) == [UNITS])
        for number, pid in enumerate(pids):
            await stays.send(pid, "go", number)
        for number, pid in enumerate(pids):
            assert await stays.wait(pid, timeout=60) == number * 2
    assert calls == Counter(range(RUNS))
    assert not any("dead" in text for text in durable.logs), "it has left, and nobody was found dead"
    check(url)


@pytest.mark.slow
async def test_who_joins_gets_a_part_while_everything_goes_on(durable: Durable, url: Any) -> None:
    def main(number: int) -> Ops:
        for _ in range(20):
            yield (Op.CALL, "app:double", (number, 0.05), {})
            yield (Op.SLEEP, 5_000_000)
        return number

    ended = add(durable)
    durable.add("app:main", main)
    async with durable.node() as one:
        pids = [await one.spawn("app:main", host=WORKFLOWS, args=[number]) for number in range(RUNS)]
        async with durable.node() as other:
            await until(lambda: parts(one, other)[-1] == UNITS // 2)
            for number, pid in enumerate(pids):
                assert await other.wait(pid, timeout=60) == number
    assert ended == Counter(dict.fromkeys(range(RUNS), 20)), "no call was cut off and made again"
    check(url)


@pytest.mark.slow
async def test_who_was_taken_for_dead_lets_go_and_joins_again(durable: Durable, url: Any) -> None:
    calls = add(durable)
    async with two(durable) as (one, other):
        pids = await started(one, 0, RUNS)
        ownership = engine_of(one).ownership
        assert ownership is not None
        dead = ownership.node
        await engine_of(other).writer.own(lambda owning: owning.leave(dead))
        await until(lambda: ownership.node not in {dead, ""} and parts(one, other)[-1] == UNITS // 2)
        for number, pid in enumerate(pids):
            await one.send(pid, "go", number)
        for number, pid in enumerate(pids):
            assert await one.wait(pid, timeout=60) == number * 2
    assert sorted(calls) == list(range(RUNS))
    check(url)


@pytest.mark.slow
async def test_a_death_is_counted_for_what_was_under_way_and_a_hand_over_is_not(durable: Durable) -> None:
    def main(number: int) -> Ops:
        return (yield (Op.CALL, "app:double", (number, 60.0), {}))

    add(durable)
    durable.add("app:main", main)

    def crashes(node: Any) -> list[int]:
        return [call.crashes for call in engine_of(node).calls.all()]

    async with durable.node() as stays:
        async with durable.node() as other:
            await until(lambda: parts(stays, other)[-1] == UNITS // 2)
            for node in (stays, other):
                await node.spawn("app:main", host=WORKFLOWS, args=[1])
            await until(lambda: len(engine_of(stays).calls.attempted()) == len(engine_of(other).calls.attempted()) == 1)
            assert crashes(stays) == crashes(other) == [0]
            ownership = engine_of(other).ownership
            assert ownership is not None
            dead = ownership.node
            assert ownership._seen is not None  # noqa: SLF001 - the counter that it is found dead with
            while not await engine_of(stays).writer.own(partial(buried, dead, ownership)):
                pass
            await until(lambda: ownership.node not in {dead, ""} and parts(stays, other)[-1] == UNITS // 2)
            await until(lambda: sorted(crashes(stays) + crashes(other)) == [0, 1])
        await until(lambda: parts(stays) == [UNITS] and len(crashes(stays)) == 2)
        assert sorted(crashes(stays)) == [0, 1]


def buried(node: str, ownership: Any, owning: Any) -> bool:
    """Find a node dead by the counter that it had just now."""
    counter = next(row.counter for row in ownership._seen.nodes if row.node == node)  # noqa: SLF001
    return bool(owning.leave(node, counter))


async def test_signals_keep_their_order_whichever_nodes_they_came_to(
    durable: Durable, url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def main() -> Ops:
        inbox, heard = (yield (Op.INBOX,)), []
        while len(heard) < 4:
            message, _ = yield (Op.RECEIVE, inbox)
            heard.append(message.value)
        return heard

    durable.add("app:main", main)
    monkeypatch.setattr("hosts.workflow.engines.watch", lambda _engine: None)  # nobody hears of what others write
    async with durable.node() as node:
        pid = await node.spawn("app:main", host=WORKFLOWS, options={"workflow.id": "o"})
        await until(lambda: engine_of(node).residents[engine_of(node).open_ids["o"]].live is not None)
        other = ServerStore(database(url), CrashPoint())
        for place in (1, 3):
            other.commit([Delivery("o", MESSAGE_RECEIVED, "go", "", encode(["", [place]]), 0)])
            await node.send(pid, "go", place + 1)
        other.close()
        assert await node.wait(pid, timeout=60) == [1, 2, 3, 4]
    check(url, 1)


class Ahead(SystemClock):
    """A clock that is an hour ahead."""

    def now(self) -> int:
        return super().now() + 3600 * SECOND


class Late(Ahead):
    """A clock that is an hour ahead, of a machine that stands still for a second when something happens."""

    stood = 0

    def monotonic(self) -> int:
        return super().monotonic() + self.stood


async def test_a_node_knows_the_time_of_the_database_before_it_takes_anything(
    durable: Durable, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = durable.clock = Late()
    ask, known = SqlPulse.time, []

    def slow(pulse: SqlPulse) -> int:
        late.stood = min(late.stood + SECOND, 2 * SECOND)  # the first two answers take long
        with pytest.raises(Error, match="host is not running"):
            _ = hosts[0].engine
        known.append(ask(pulse))
        return known[-1]

    hosts: list[WorkflowHost] = []
    made = WorkflowHost.__init__

    def noted(host: WorkflowHost, *args: Any) -> None:
        made(host, *args)
        hosts.append(host)

    monkeypatch.setattr(WorkflowHost, "__init__", noted)
    monkeypatch.setattr(SqlPulse, "time", slow)
    async with durable.node() as node:
        assert len(known) >= 3, "asked until an answer came soon"
        ahead = engine_of(node).clock.now() - SystemClock().now()
        assert abs(ahead) < 60 * SECOND


@pytest.mark.slow
async def test_what_is_due_goes_by_the_time_of_the_database(durable: Durable, url: Any) -> None:
    def main() -> Ops:
        yield (Op.SLEEP, 1_000_000_000)
        return "slept"

    durable.add("app:sleep", main)
    durable.clock = Ahead()
    async with durable.node() as ahead:
        pids = [await ahead.spawn("app:sleep", host=WORKFLOWS) for _ in range(4)]
        assert await ahead.wait(pids[0], timeout=60) == "slept"
        pids += [await ahead.spawn("app:sleep", host=WORKFLOWS) for _ in range(4)]
    durable.clock = None
    async with durable.node() as right:
        for pid in pids:
            assert await right.wait(pid, timeout=60) == "slept", "not in an hour"
    check(url, len(pids))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [POSTGRES])
async def test_who_waits_elsewhere_is_told_of_the_end_and_need_not_look(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hosts.workflow.watching.INTERVAL", 3600.0)
    monkeypatch.setattr("hosts.workflow.watching._SOON", 3600.0)
    where = emptied(kind)
    stores: list[ServerStore] = []

    def opened() -> ServerStore:
        stores.append(ServerStore(database(where), CrashPoint()))
        return stores[-1]

    durable, ends = Durable(opened), []
    add(durable)

    async def ended(node: Any, pid: str) -> None:
        ends.append(await node.wait(pid, timeout=60))

    async with two(durable) as (one, other), trio.open_nursery() as nursery:
        pid = (await started(one, 0, 1))[0]
        run = next(iter(engine_of(one).open_ids.values()))
        nursery.start_soon(ended, other, pid)
        await until(lambda: any(store._server.awaited([run]) for store in stores))  # noqa: SLF001 - the owner has heard
        await until(lambda: all(store._server.awaited([run]) for store in stores))  # noqa: SLF001 - so has the other
        await one.send(pid, "go", 1)
        await until(lambda: ends == [2])
