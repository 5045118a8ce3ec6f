"""Where the source of a run is kept, and what a worker does that does not have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.app import languages, read_registry
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.run.rule import FIRST, NEWEST, rules_of
from hosts.temporal.source import RIDES_ALONG
from hosts.temporal.worker import TemporalWorker
from tests.temporal.support import HOST, REGISTRY, on

_COLLECTING = """
from actorflow.script import process


async def collecting(count):
    inbox = process.inbox()
    return [(await inbox.receive()).payload for _ in range(count)]
"""


def padded(characters: int) -> str:
    return f"app:collecting:source={_COLLECTING}#{'x' * characters}"


async def pinned(source: str) -> tuple[int, dict[str, Any], list[str]]:
    """Return how large the source of a run is, what the run is pinned to, and what is said when that is recorded."""
    said: list[Notice] = []
    node = Node(read_registry(REGISTRY, (source,)), languages(), notices=said.append)
    async with node.open():
        worker = TemporalWorker(HOST, node.registry.entry(HOST).config, node)
        found = worker.sources.pinned("app:collecting")
        if "bundle" not in found:
            await worker.sources.store(found["hash"])
        size = len(worker.sources.bundle(found).data)
    return size, found, [notice.text for notice in said if notice.code == "source-not-kept"]


async def test_a_new_run_is_pinned_to_the_newest_rules() -> None:
    _, found, _ = await pinned(padded(10))
    assert rules_of(found) == NEWEST


async def test_a_source_below_64_kib_rides_along_and_a_larger_one_does_not() -> None:
    sizes = [(await pinned(padded(characters)))[0] for characters in (1000, 1001)]
    grows = sizes[1] - sizes[0]
    largest = 1000 + (64 * 1024 - 1 - sizes[0]) // grows
    size, found, said = await pinned(padded(largest))
    assert (size + grows >= RIDES_ALONG > size, "bundle" in found, said) == (True, True, [])
    size, found, said = await pinned(padded(largest + 1))
    assert (size >= RIDES_ALONG, "bundle" in found) == (True, False)
    assert len(said) == 1
    assert f"app:collecting is {size} bytes with its imports, too large for a history" in said[0]
    assert "`sources:`" in said[0]


@pytest.mark.slow
async def test_a_worker_without_the_source_fails_the_task_and_another_goes_on(server: str, tmp_path: Path) -> None:
    queue, kept = tmp_path.name, "app:worker:sources=kept"
    async with on(server, tmp_path / "one", padded(70_000), kept, queue=queue) as node:
        pid = await node.spawn("app:collecting", host=HOST, args=[1], options={"workflow.id": queue})
        with trio.fail_after(60):
            while not (await node.query(pid, "where")):  # noqa: ASYNC110 - it has begun, and is pinned, then
                await trio.sleep(0.05)
    async with on(server, tmp_path / "two", queue=queue) as node:
        await node.send(pid, "n", "here")
        host: Any = node.hosts[HOST]
        with trio.fail_after(90):
            while "does not have source" not in (why := str((await host.explained(queue))["reasons"])):  # noqa: ASYNC110
                await trio.sleep(0.1)
        assert "its workflow task has failed" in why
        assert "name the database of the other workers of this task queue with `sources:`" in why
        assert (await host.shown(queue))["state"] == "running", "the task failed, not the workflow"
    async with on(server, tmp_path / "one", kept, queue=queue) as node:
        assert await node.wait(pid, timeout=90) == ["here"], "on the source that is in the database, not the registered"


@pytest.mark.slow
async def test_a_large_source_that_no_database_keeps_runs_where_it_is_registered(server: str, tmp_path: Path) -> None:
    said: list[Notice] = []
    async with on(server, tmp_path / "one", padded(70_000), queue=tmp_path.name, notices=said.append) as node:
        pid = await node.spawn("app:collecting", host=HOST, args=[0])
        assert await node.wait(pid, timeout=60) == [], "whoever has registered it needs no database"
        assert [notice.code for notice in said].count("source-not-kept") == 1
        with pytest.raises(Error, match="no entry 'app:colecting'"):
            await node.spawn("app:colecting", host=HOST)


@pytest.mark.slow
async def test_a_run_of_newer_rules_is_left_to_a_worker_that_knows_them(server: str, tmp_path: Path) -> None:
    queue = tmp_path.name
    async with on(server, tmp_path, queue=queue) as node:
        host: Any = node.hosts[HOST]
        host.rules = NEWEST + 1
        pid = await node.spawn("app:collecting", host=HOST, args=[1], options={"workflow.id": queue})
        with trio.fail_after(90):
            while "rules" not in (why := str((await host.explained(queue))["reasons"])):  # noqa: ASYNC110
                await trio.sleep(0.1)
        assert f"began under rules {NEWEST + 1} of the engine; this release knows those up to {NEWEST}" in why
        assert (await host.shown(queue))["state"] == "running", "the task failed, not the workflow"
        await node.terminate(pid)


def test_a_run_that_was_pinned_before_rules_were_said_goes_by_the_first() -> None:
    assert rules_of({"entry": "app:collecting", "hash": "", "seed": ""}) == FIRST
