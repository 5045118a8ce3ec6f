"""Open runs replayed on the code that is registered now, as `actorflow check` does before a deploy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actorflow.app import check_runs, read_registry
from actorflow.cli.failing import Ending
from actorflow.cli.main import _assembled
from tests.conformance.hosts.place import FLOWS, Place, waiting_for

LUA = """
local function main()
  funcs.call("app:double", 1)
  {extra}
  return process.inbox():receive():payload():data()
end
"""
PYTHON = """
from actorflow.script import funcs, process


async def main():
    await funcs.call("app:double", 1)
    {extra}
    return (await process.inbox().receive()).payload
"""
OTHER = {"lua": 'funcs.call("app:double", 2)', "py": 'await funcs.call("app:double", 2)'}
HARMLESS = {"lua": "local unused = 1", "py": "unused = 1"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("double", "async def main(x):\n    return 2 * x\n", kind="function")
    write(made, {"lua": "", "py": ""})
    return made


def write(place: Place, extra: dict[str, str]) -> None:
    place.lua(
        "flow_lua",
        LUA.replace("{extra}", extra["lua"]).replace(
            "local function", 'local funcs = require("funcs")\nlocal function', 1
        ),
    )
    place.python("flow_py", PYTHON.replace("{extra}", extra["py"] or "pass"))


async def begun(place: Place) -> None:
    async with place.node() as node:
        for language in ("lua", "py"):
            pid = await node.spawn(f"app:flow_{language}", host=FLOWS, options={"workflow.id": language})
            await waiting_for(node, pid)


def verdicts(place: Place) -> dict[str, tuple[str, str]]:
    place.save()
    found = check_runs(place.path, read_registry(place.path))
    return {row.workflow_id: (verdict.word, verdict.report or verdict.reason) for row, verdict in found}


async def test_unchanged_and_harmless_code_is_safe(place: Place) -> None:
    await begun(place)
    assert {word for word, _ in verdicts(place).values()} == {"safe"}
    write(place, HARMLESS)
    assert verdicts(place) == dict.fromkeys(("lua", "py"), ("safe", "the code registered now repeats the journal"))


async def test_code_that_asks_something_else_diverges_and_the_check_fails(place: Place) -> None:
    await begun(place)
    write(place, OTHER)
    for word, report in verdicts(place).values():
        assert word == "diverges"
        assert "nothing more" in report
        assert "FunctionCalled" in report
    arguments = ["check", str(place.path), "--json"]
    result = CliRunner().invoke(_assembled(arguments), arguments)
    runs = json.loads(result.output)["runs"]
    assert [run["verdict"] for run in runs] == ["diverges"] * 2
    assert all(run["step"] for run in runs)
    assert isinstance(result.exception, Ending)


async def test_code_that_is_gone_needs_a_pin_and_a_running_node_is_no_hindrance(place: Place) -> None:
    await begun(place)
    async with place.node():
        del place.entries["flow_lua"]
        (place.path / "flow_py.py").write_text("def main(:\n")
        found = verdicts(place)
    assert {word for word, _ in found.values()} == {"needs pin"}
    assert "app:flow_lua" in found["lua"][1]


async def test_a_sample_is_spread_over_the_runs(place: Place) -> None:
    async with place.node() as node:
        for number in range(10):
            await node.spawn("app:flow_py", host=FLOWS, options={"workflow.id": f"w{number}"})
    found = check_runs(place.path, read_registry(place.path), sample=4)
    assert [row.workflow_id for row, _ in found] == ["w0", "w3", "w6", "w9"]
    assert list(check_runs(place.path, read_registry(place.path), sample=0)) == []


async def test_what_is_printed_says_what_to_do(place: Place) -> None:
    async with place.node() as node:
        for number in range(7):
            pid = await node.spawn("app:flow_py", host=FLOWS, options={"workflow.id": f"w{number}"})
            await waiting_for(node, pid)
        await waiting_for(node, await node.spawn("app:flow_lua", host=FLOWS, options={"workflow.id": "lua"}))
    write(place, {"lua": "", "py": OTHER["py"]})
    place.save()
    arguments = ["check", str(place.path)]
    result = CliRunner().invoke(_assembled(arguments), arguments)
    assert "app:flow_py: 7 open runs would diverge at event 3: w0, w1, w2, w3, w4 and 2 more\n" in result.output
    assert result.output.count("the journal has") == 1
    assert "each keeps the source that it was started with" in result.output
    assert "actorflow run accept RUN --source registered" in result.output
    assert "8 open runs replayed: 7 diverging, 1 safe" in result.output
    write(place, {"lua": "", "py": ""})
    place.save()
    result = CliRunner().invoke(_assembled(arguments), arguments)
    assert "8 open runs replayed: 8 safe" in result.output
    assert "each keeps" not in result.output
