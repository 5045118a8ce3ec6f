"""What a worker costs beside plain ones: how it is reckoned, and that it is measured."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from actorflow.cli.temporal import app
from hosts.temporal.bench.measuring import WORKERS, Measured, lines


def test_each_worker_is_compared_with_the_plain_ones() -> None:
    times: dict[int, list[float]] = {1: [0.5], 11: [0.5]}
    plain, bare, ours = (
        Measured(name, {1: [first], 11: [first + 10 * further]}, times, times)
        for name, first, further in zip(WORKERS, (0.02, 0.01, 0.012), (0.004, 0.002, 0.003), strict=False)
    )
    found = lines([plain, bare, ours])
    assert [line["to_plain"] for line in found] == [
        {"workflow": 1.0, "step": 1.0},
        {"workflow": 0.5, "step": 0.5},
        {"workflow": 0.6, "step": 0.75},
    ]
    assert found[-1]["to_plain_without_sandbox"] == {"workflow": 1.2, "step": 1.5}
    assert "to_plain" not in lines([bare, ours])[0], "who was not measured is compared with nobody"


@pytest.mark.slow
def test_workers_are_measured_side_by_side(server: str) -> None:
    asked = ["bench", "--address", server, "--workflows", "1", "--rounds", "1"]
    told = CliRunner().invoke(app, [*asked, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [line["worker"] for line in found] == list(WORKERS)
    for line in found:
        assert set(line["to_plain"]) == set(line["to_plain_without_sandbox"]) == {"workflow", "step"}
        assert line["workflow_ms"] > 0
    told = CliRunner().invoke(app, [*asked, "--worker", "plain"])
    head, line = told.stdout.splitlines()
    assert head.startswith("ms/workflow  ×plain  ×no sandbox  ms/further step  ×plain  ×no sandbox")
    assert line.split()[1:3] == ["1.00", "-"]


def test_a_worker_that_there_is_not_is_named() -> None:
    told = CliRunner().invoke(app, ["bench", "--worker", "plane"])
    assert "did you mean 'plain'" in str(told.exception)
