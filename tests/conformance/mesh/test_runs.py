"""Durable runs in a mesh: whatever is sent to one arrives at a node that runs its host, from wherever it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actorflow.errors import NOT_FOUND, Error, Failure
from actorflow.message import EXIT
from actorflow.ports import Outcome, Started
from tests.conformance.mesh.society import SCRIPTS, Citizen, society
from tests.conformance.process.rig import HOST
from tests.unit.mesh.guest import until
from tests.unit.node.test_router import FLOWS, DurableHost

pytestmark = pytest.mark.mock_clock
RUN = f"{{local@{FLOWS}|order-1}}"


@asynccontextmanager
async def flows() -> AsyncIterator[tuple[Citizen, Citizen, DurableHost]]:
    """Nodes a and b, of which b alone runs a durable host."""
    async with society("a", "b", scripts=SCRIPTS) as nodes:
        a, b = nodes.nodes["a"], nodes.nodes["b"]
        host = DurableHost(b)
        await b.node.start_host(host)
        await until(lambda: a.mesh.offers.find(FLOWS) == "b")
        yield a, b, host


async def answering(host: DurableHost, outcome: Outcome) -> None:
    await until(lambda: host.replies)
    host.replies.pop()(outcome)


@pytest.mark.parametrize("verb", ["send", "cancel", "terminate"])
async def test_a_signal_arrives_from_a_node_without_the_host_and_is_answered_when_it_is_safe(verb: str) -> None:
    async with flows() as (a, _b, host):
        over: list[Any] = []
        args: dict[str, tuple[Any, ...]] = {
            "send": (RUN, "approve", ({"by": "me"},), ""),
            "cancel": (RUN, "", "enough"),
            "terminate": (RUN,),
        }
        getattr(a.node.router, verb)(*args[verb], over.append)
        await until(lambda: host.replies)
        assert (host.asked[0][:2], over) == ((verb, RUN), [])  # nothing is said before it is committed
        await answering(host, Outcome(value=True))
        await until(lambda: over == [Outcome(value=True)])


async def test_a_run_is_started_where_its_host_is_and_its_end_is_heard_of() -> None:
    async with flows() as (a, b, host):
        watching = await a.start("app:watcher", "flows:order", FLOWS, "monitor", "")
        await answering(host, Started(RUN, None, "started", "run-1"))
        await until(lambda: RUN in a.node.links.known())
        b.node.exited(RUN, Outcome({"total": 3}), durable=True)
        assert await a.node.wait(watching) == [EXIT, True, {"total": 3}, None]


async def test_a_run_that_has_ended_is_read_from_everywhere() -> None:
    async with flows() as (a, _b, host):
        host.state = Outcome("done")
        assert await a.node.wait(RUN) == "done"
        assert await a.node.exec("app:relating", host=HOST, args=["monitor", RUN]) == [EXIT, "done", None]
        host.state = Outcome(failure=Failure("no such order", "Conflict"))
        with pytest.raises(Error, match="no such order"):
            await a.node.wait(RUN)


async def test_who_follows_a_run_hears_of_its_end_from_whichever_node_runs_its_host_then() -> None:
    async with society("a", "b", "c", scripts=SCRIPTS) as nodes:
        a = nodes.nodes["a"]
        await nodes.nodes["b"].node.start_host(DurableHost(nodes.nodes["b"]))
        await until(lambda: a.mesh.offers.find(FLOWS) == "b")
        watching = [await a.start("app:relating", verb, RUN) for verb in ("monitor", "link")]
        await until(lambda: RUN in a.node.links.known() and len(nodes.nodes["b"].node.links) == 2)
        await trio.sleep(1)
        await nodes.kill("b")
        del nodes.nodes["b"]
        await until(lambda: not a.mesh.cluster.is_up("b"))
        await trio.sleep(1)
        assert [a.node.router.resolve(pid)[0].alive(pid) for pid in watching] == [True, True]  # the run has not ended
        other = DurableHost(nodes.nodes["c"])
        other.state = Outcome("done")
        await nodes.nodes["c"].node.start_host(other)
        assert [await a.node.wait(pid) for pid in watching] == [[EXIT, "done", None]] * 2


async def test_without_the_host_anywhere_it_is_not_found() -> None:
    async with flows() as (a, b, _host):
        await b.node.stop_host(FLOWS, 1)
        await until(lambda: a.mesh.offers.find(FLOWS) == "")
        with pytest.raises(Error, match="host not found") as failed:
            await a.node.send(RUN, "approve")
        assert failed.value.kind == NOT_FOUND
