"""The registered tests of tests/apps/workflows, on a real Temporal server: as they are on our own host."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actorflow.app import boot
from actorflow.cli.test import PASSED, Result, run_test, select

_TREE = Path(__file__).parents[1] / "apps" / "workflows"
_AT_A_TIME = 8


@pytest.mark.slow
async def test_the_whole_tree_runs_on_temporal(server: str, tmp_path: Path) -> None:
    results: list[Result] = []
    overrides = [
        f"app.workflows:client:address={server}",
        # a call that comes with the answer to a workflow task is lost with it, where a busy server answers too late
        "app.workflows:worker:worker_options={disable_eager_activities: true}",
    ]
    async with boot(_TREE, data=tmp_path, overrides=overrides) as booted:
        limit = trio.CapacityLimiter(_AT_A_TIME)

        async def run(entry: object) -> None:
            async with limit:
                results.append(await run_test(booted.node, entry))

        async with trio.open_nursery() as nursery:
            for entry in select(booted.registry, ()):
                nursery.start_soon(run, entry)
    bad = [result for result in results if result.outcome != PASSED]
    assert len(results) > 100
    assert not bad, "\n\n".join(f"{test.outcome} {test.id}\n{test.message}" for test in bad)
