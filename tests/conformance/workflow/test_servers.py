"""Durable runs on databases on servers: the same as elsewhere, and while the server crashes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from typing import Any

import pytest
import trio

from actorflow.codec import encode
from actorflow.errors import Error
from actorflow.machine.op import Op
from actorflow.run.event import MESSAGE_RECEIVED
from actorflow.run.state import COMPLETED, PAUSED
from actorflow.run.turn import Delivery
from actorflow.store.control import asking
from actorflow.store.crash import CrashPoint
from actorflow.store.examine import examine
from actorflow.store.port import RunFilter
from actorflow.store.server import ServerStore
from actorflow.testing.conformance.items import EPOCH
from hosts.workflow import watching
from tests.conformance.workflow.durable import WORKFLOWS, Durable
from tests.databases import POSTGRES, SERVERS, connected, database, emptied

Ops = Generator[tuple[Any, ...], Any, Any]
RUNS = 12
CALLS = 4


@pytest.fixture(params=SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str) -> Any:
    return emptied(kind)


@pytest.fixture
def durable(url: Any) -> Durable:
    return Durable(lambda: ServerStore(database(url), CrashPoint()))


def waiting() -> Ops:
    inbox = yield (Op.INBOX,)
    message, _ = yield (Op.RECEIVE, inbox)
    doubled = yield (Op.CALL, "app:double", (message.value,), {})
    yield (Op.SLEEP, 1_000_000)
    return doubled


async def test_a_run_goes_on_where_it_was_on_the_next_node(durable: Durable, url: Any) -> None:
    durable.add("app:wait", waiting)
    durable.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    async with durable.node() as node:
        pid = await node.spawn("app:wait", host=WORKFLOWS, options={"workflow.id": "order/1"})
    async with durable.node() as node:
        await node.send(pid, "go", 21)
        assert await node.wait(pid, timeout=30) == 42
    assert list(examine(database(url))) == []


async def test_what_another_connection_writes_reaches_a_run_within_its_watch(durable: Durable, url: Any) -> None:
    durable.add("app:wait", waiting)
    durable.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    other = ServerStore(database(url), CrashPoint())
    async with durable.node() as node:
        pids = [await node.spawn("app:wait", host=WORKFLOWS, options={"workflow.id": f"o/{n}"}) for n in range(2)]
        paused = other.find("o/1")
        assert paused is not None
        pause = asking("pause", at=EPOCH, run=paused.run, reason="by somebody else")
        resume = asking("resume", at=EPOCH, run=paused.run)
        told = [Delivery(f"o/{n}", MESSAGE_RECEIVED, "go", "", encode(["", [n]]), EPOCH) for n in range(2)]
        assert [answer.accepted for answer in other.commit([pause, *told])] == [True] * 3
        assert await node.wait(pids[0], timeout=30) == 0, "sooner than the sweeper looks twice"
        row = other.find("o/1")
        assert row is not None
        assert row.state == PAUSED
        assert other.commit([resume])[0].accepted
        assert await node.wait(pids[1], timeout=30) == 2
    other.close()


@pytest.mark.parametrize("kind", [POSTGRES])
async def test_a_signal_of_another_node_wakes_a_run_though_nobody_looks(
    durable: Durable, url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "INTERVAL", 3600.0)
    durable.add("app:wait", waiting)
    durable.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    other = ServerStore(database(url), CrashPoint())
    async with durable.node() as node:
        pid = await node.spawn("app:wait", host=WORKFLOWS, options={"workflow.id": "o/1"})
        await _until(lambda: bool(_listeners(url)))
        other.commit([Delivery("o/1", MESSAGE_RECEIVED, "go", "", encode(["", [1]]), EPOCH)])
        assert await node.wait(pid, timeout=20) == 2
    other.close()


@pytest.mark.parametrize("kind", [POSTGRES])
async def test_a_signal_arrives_though_the_connection_that_listens_is_killed(durable: Durable, url: Any) -> None:
    durable.add("app:wait", waiting)
    durable.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    other = ServerStore(database(url), CrashPoint())
    async with durable.node() as node:
        for number in range(2):
            pid = await node.spawn("app:wait", host=WORKFLOWS, options={"workflow.id": f"o/{number}"})
            await _until(lambda: bool(_listeners(url)))
            with connected(url) as connection:
                for process in _listeners(url):
                    connection.execute("SELECT pg_terminate_backend(%s::int)", (process,))
            other.commit([Delivery(f"o/{number}", MESSAGE_RECEIVED, "go", "", encode(["", [1]]), EPOCH)])
            assert await node.wait(pid, timeout=20) == 2
    other.close()


def _listeners(url: Any) -> list[int]:
    """Return the processes of the server that serve connections which listen."""
    with connected(url) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        done = f"{query} AND state = 'idle'"  # before that nothing is heard
        return [process for (process,) in connection.execute(done).fetchall()]


async def _until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(20):
        while not await trio.to_thread.run_sync(condition):
            await trio.lowlevel.checkpoint()


@pytest.mark.slow
async def test_a_server_that_crashes_under_load_loses_and_doubles_nothing(
    durable: Durable, url: Any, kind: str
) -> None:
    def main(number: int) -> Ops:
        total = 0
        for step in range(CALLS):
            total += yield (Op.CALL, "app:charge", (number, step), {})
            yield (Op.SLEEP, 20_000_000)
        return total

    durable.add("app:order", main)
    durable.registry.add_python("app:charge", "async def main(number, step):\n    return number * 10 + step\n")
    async with durable.node() as node, trio.open_nursery() as nursery:
        nursery.start_soon(_crash_now_and_then, url, kind, 4)
        pids = [await _started(node, number) for number in range(RUNS)]
        for number, pid in enumerate(pids):
            assert await node.wait(pid, timeout=60) == CALLS * number * 10 + sum(range(CALLS))
        nursery.cancel_scope.cancel()
    with connected(url) as connection:
        rows = connection.execute("SELECT run, count(*) FROM journal GROUP BY run").fetchall()
    assert len({count for _, count in rows}) == 1, "the journals are of one length: no event is missing or there twice"
    store = ServerStore(database(url), CrashPoint())
    runs = store.runs(RunFilter())
    store.close()
    assert sorted(row.workflow_id for row in runs) == sorted(f"order/{number}" for number in range(RUNS))
    assert {row.state for row in runs} == {COMPLETED}
    assert list(examine(database(url))) == []


async def _started(node: Any, number: int) -> str:
    """Start a run; who is told that it cannot be done now asks again, as any client would."""
    while True:
        try:
            options = {"workflow.id": f"order/{number}"}
            pid: str = await node.spawn("app:order", host=WORKFLOWS, args=[number], options=options)
        except Error as error:
            assert error.retryable is not False  # noqa: PT017 - any other is a failure of the test
            await trio.sleep(0.05)
        else:
            return pid


async def _crash_now_and_then(url: Any, kind: str, times: int) -> None:
    for _ in range(times):
        await trio.sleep(0.15)
        await trio.to_thread.run_sync(_crash, url, kind)


def _crash(url: Any, kind: str) -> None:
    """Have the server lose every session: PostgreSQL starts anew when one of its processes is killed."""
    try:
        with connected(url) as connection:
            if kind == "postgres":
                os.kill(connection.info.backend_pid, signal.SIGKILL)
            else:
                own = connection.thread_id()
                for (thread,) in connection.execute("SELECT id FROM information_schema.processlist").fetchall():
                    if thread != own:
                        connection.execute(f"KILL CONNECTION {thread}")
    except Exception:  # noqa: BLE001, S110 - it is what the test is about
        pass
