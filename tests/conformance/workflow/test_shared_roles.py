"""Hooks and retention of a host that two nodes share: one of both does them, and whoever comes after it leaves nothing out."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

import pytest
import trio

from actorflow.machine.op import Op
from actorflow.registry.kinds.workflow_hook import WorkflowHook
from actorflow.run.shard import HOOKS, RETENTION, UNITS
from actorflow.store.crash import CrashPoint
from actorflow.store.port import RunFilter
from actorflow.store.server import ServerStore
from hosts.workflow.hook.hook import Hook
from tests.conformance.workflow import tally
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.conformance.workflow.test_rolling_upgrade import Lives, host_of, until
from tests.conformance.workflow.test_sharing import parts
from tests.databases import MARIADB, POSTGRES, database, emptied

pytestmark = pytest.mark.slow
EACH = 12
TOLD = "from tests.conformance.workflow.tally import told\nasync def main(event):\n    await told(event)\n"
HOOK = {"host": WORKFLOWS, "call": "app:told", "on": ["completed"], "retry": {"initial_delay": "10ms"}}


@pytest.fixture(params=[POSTGRES, MARIADB])
def url(request: pytest.FixtureRequest) -> Any:
    return emptied(str(request.param))


def durable_on(url: Any, config: dict[str, Any] | None = None) -> Durable:
    def quick() -> Generator[tuple[Any, ...], Any, Any]:
        yield (Op.SLEEP, 1_000_000)
        return "done"

    durable = Durable(lambda: ServerStore(database(url), CrashPoint()), config)
    durable.add("app:quick", quick)
    durable.registry.add_python("app:told", TOLD)
    tally.TOLD.clear()
    tally.DONE.clear()
    tally.FAILING.clear()
    return durable


async def begin(node: Any, prefix: str) -> list[str]:
    options = [{"workflow.id": f"{prefix}/{number}"} for number in range(EACH)]
    return [await node.spawn("app:quick", host=WORKFLOWS, options=each) for each in options]


async def hooked(node: Any) -> Hook:
    hook = Hook("app:hook", WorkflowHook.model_validate(HOOK), node)
    await hook.start()
    return hook


async def balanced(*nodes: Any) -> None:
    """Wait until both have their parts: no role moves by itself after that."""
    await until(lambda: parts(*nodes) == [UNITS // 2 + UNITS % 2, UNITS // 2])


def leaders(role: int, *nodes: Any) -> list[Any]:
    return [node for node in nodes if host_of(node).leads(role)]


async def test_a_hook_on_two_nodes_tells_of_each_run_and_goes_on_where_the_role_goes(url: Any) -> None:
    durable = durable_on(url)
    async with trio.open_nursery() as nursery:
        lives = Lives(nursery)
        nodes = [await lives.start(durable, 3) for _ in range(2)]
        hooks = {node: await hooked(node) for node in nodes}
        await balanced(*nodes)
        pids = [pid for node, prefix in zip(nodes, "ab", strict=True) for pid in await begin(node, prefix)]
        await until(lambda: tally.TOLD.keys() >= set(pids))
        assert all(len(ids) == 1 for ids in tally.TOLD.values()), "one delivery each, though two nodes looked"
        tally.FAILING.add("all")  # what comes now is kept for another attempt, by whoever has the role then
        (leader,) = leaders(HOOKS, *nodes)
        (other,) = (node for node in nodes if node is not leader)
        pids += await begin(other, "c")
        await until(lambda: tally.TOLD.keys() >= set(pids))
        await hooks[leader].stop(0)
        await lives.stop(leader)
        await until(lambda: leaders(HOOKS, other) == [other])
        pids += await begin(other, "d")
        tally.FAILING.clear()
        await until(lambda: tally.DONE.keys() >= set(pids))
        line = await hooks[other].hook_line()
        with trio.fail_after(60):
            while line["waiting"] or line["behind"]:
                await trio.sleep(0.02)
                line = await hooks[other].hook_line()
        assert line["dead"] == 0
        assert all(len(set(ids)) == 1 for ids in tally.TOLD.values()), "each attempt has the id of its delivery"
        await hooks[other].stop(0)
        await lives.stop_all()


async def test_retention_on_two_nodes_leaves_no_run_out_when_its_role_goes_over(url: Any) -> None:
    durable = durable_on(url, {"retention": {"completed": "1ms"}})
    async with trio.open_nursery() as nursery:
        lives = Lives(nursery)
        nodes = [await lives.start(durable, 3) for _ in range(2)]
        await balanced(*nodes)
        (leader,) = leaders(RETENTION, *nodes)
        (other,) = (node for node in nodes if node is not leader)
        for node, prefix in zip(nodes, "ab", strict=True):
            for pid in await begin(node, prefix):
                await node.wait(pid, timeout=60)
        assert await engine_of(other).remover.sweep() == 0, "it has not the role"
        await swept(leader, url, 0)
        for pid in await begin(leader, "c"):
            await leader.wait(pid, timeout=60)
        await lives.stop(leader)
        await until(lambda: leaders(RETENTION, other) == [other])
        await swept(other, url, 0)
        await lives.stop_all()


async def test_what_waited_when_the_role_was_lost_in_a_sweep_goes_when_it_is_back(url: Any) -> None:
    durable = durable_on(url, {"retention": {"completed": "1ms"}})
    async with durable.node() as node:
        await until(lambda: len(host_of(node).shards or ()) == UNITS)
        host, remover = host_of(node), engine_of(node).remover
        for pid in await begin(node, "a"):
            await node.wait(pid, timeout=60)
        remove = remover._remove  # noqa: SLF001 - what is stopped in the middle

        async def later(host_id: str, runs: list[int], until: int, _floor: int) -> None:
            remover._later += [(host_id, run, until) for run in runs]  # noqa: SLF001 - as of children whose parents are open

        async def lost(*_args: Any) -> None:
            host.own({unit: token for unit, token in (host.shards or {}).items() if unit != RETENTION})
            await trio.lowlevel.checkpoint()

        before = dict(host.shards or {})
        for instead in (later, lost):
            remover._remove = instead  # type: ignore[method-assign] # noqa: SLF001
            assert await remover.sweep() == 0
        host.own(before)
        remover._remove = remove  # type: ignore[method-assign] # noqa: SLF001
        await swept(node, url, 0)


async def swept(node: Any, url: Any, left: int) -> None:
    """Sweep until so many runs are left."""
    with trio.fail_after(60):
        while await trio.to_thread.run_sync(count, url) != left:
            await engine_of(node).remover.sweep()
            await trio.sleep(0.02)


def count(url: Any) -> int:
    with closing(ServerStore(database(url), CrashPoint())) as store:
        return len(store.runs(RunFilter(), 1000))
