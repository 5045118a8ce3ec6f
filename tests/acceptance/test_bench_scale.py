"""The workloads of scale in `actorflow bench`, at the size of a test: they measure what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.cli.bench.scale import measured
from actorflow.cli.bench.scripts import write_registry

FIGURES = {
    "sleepers": {"node_mb", "woken_s", "cpu_s", "spawns_s"},
    "sleepers_lua": {"node_mb", "woken_s", "cpu_s", "spawns_s"},
    "kept": {"empty", "share"},
    "live": {"empty", "share"},
    "resume": {"seconds", "cpu_s"},
    "recovery": {"seconds", "boot_s", "cpu_s"},
}


@pytest.mark.slow
@pytest.mark.parametrize("what", FIGURES)
async def test_a_workload_of_scale_is_measured(tmp_path: Path, what: str) -> None:
    directory = write_registry(tmp_path / "registry")
    (tmp_path / "data").mkdir()
    rate, more = await measured(what, directory, tmp_path / "data", 40)
    assert rate > 0
    assert set(more) == FIGURES[what]
    assert all(value > 0 for value in more.values())
