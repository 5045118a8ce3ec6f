"""`workflow.wait_for_cancellation`, `workflow.cancellation_type`: who gives the wait for a child up, waits for its clean-up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.run import event as events
from actorflow.run.turn import StartRun
from actorflow.store.port import RunFilter
from actorflow.store.view import history, show, why
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until

PARENT_LUA = """
local process = require("process")
local function main(path, options)
  local _, err = process.with_options(options):exec("app:child", "app:flows", path)
  funcs.call("app:note", path, "after")
  return err and err:kind()
end
"""
PARENT_PY = """
from actorflow.script import errors, funcs, process

async def main(path, options):
    try:
        await process.with_options(options).exec("app:child", "app:flows", path)
    except errors.Cancelled:
        await funcs.call("app:note", path, "after")
        return "Canceled"
"""
CHILD = """
from actorflow.script import errors, funcs, process

async def main(path):
    await funcs.call("app:note", path, "begun")
    try:
        await process.inbox().receive()
        return "went"
    except errors.Cancelled:
        await process.listen("clean").receive()
        await funcs.call("app:note", path, "cleaned")
        raise
"""
WAITING = """
from actorflow.script import process

async def main(path):
    await process.inbox().receive()
    return "went"
"""
CONTINUING = (
    CHILD.replace("main(path)", "main(path, turn=1)")
    .replace(
        """    await funcs.call("app:note", path, "begun")
""",
        """    if turn == 1:
        await workflow.continue_as_new(path, 2)
    await funcs.call("app:note", path, "begun")
""",
    )
    .replace("import errors,", "import workflow, errors,")
)
NOTE = """
def main(path, what):
    with open(path, "a") as file:
        file.write(what + " ")
"""
WAITS: list[dict[str, Any]] = [
    {"workflow.wait_for_cancellation": True},
    {"workflow": {"cancellation_type": "WAIT_CANCELLATION_COMPLETED"}},
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("parent_lua", PARENT_LUA, "workflow")
    made.python("parent_py", PARENT_PY, "workflow")
    made.python("child", CHILD, "workflow")
    made.python("note", NOTE, "function")
    return made


pytestmark = pytest.mark.parametrize("language", ["lua", "py"])


def said(place: Place) -> list[str]:
    path = place.path / "said"
    return path.read_text().split() if path.exists() else []


async def begun(node: Node, place: Place, language: str, options: dict[str, Any]) -> str:
    """Start a parent, and return when its child is under way and waits."""
    given = {**options, "workflow.id": "child"}
    args = [str(place.path / "said"), given]
    pid = await node.spawn(f"app:parent_{language}", host=FLOWS, args=args, options={"workflow.id": "parent"})
    await until(lambda: said(place) == ["begun"])
    await until(lambda: why(reader(node), "child", served=True)["reasons"] == [])
    return pid


def kinds(node: Node, run: str) -> list[str]:
    return [line["kind"] for line in history(reader(node), run)]


async def asked(node: Node) -> None:
    await until(lambda: kinds(node, "child").count(events.CANCEL_REQUESTED) == 1)


async def clean(node: Node) -> None:
    await node.send(f"{{local@{FLOWS}|child}}", "clean")


def ended(node: Node, run: str) -> bool:
    return show(reader(node), run)["state"] == "cancelled"


def engine_of(node: Node) -> Any:
    host: Any = node.hosts[FLOWS]
    return host.engine


def besides(node: Node) -> list[str]:
    """Return the ids of the children that are beside the run with the id they wanted."""
    return [row.workflow_id for row in reader(node).runs(RunFilter()) if row.workflow_id.startswith("child~")]


@pytest.mark.parametrize("options", WAITS)
async def test_a_cancelled_run_goes_on_when_its_child_has_cleaned_up(
    place: Place, language: str, options: dict[str, Any]
) -> None:
    async with place.node() as node:
        pid = await begun(node, place, language, options)
        await node.cancel(pid)
        await asked(node)
        assert show(reader(node), "parent")["state"] in {"running", "waiting"}
        await clean(node)
        assert await node.wait(pid, timeout=20) == "Canceled"
        assert said(place) == ["begun", "cleaned", "after"]
        assert ended(node, "child")
        assert events.CALL_CANCELLED in kinds(node, "parent")
    assert [notice.text for notice in place.notices if "option" in notice.code] == []


@pytest.mark.parametrize("options", [{}, {"workflow.cancellation_type": "try_cancel"}])
async def test_else_it_goes_on_at_once_and_its_child_is_asked_to_stop(
    place: Place, language: str, options: dict[str, Any]
) -> None:
    async with place.node() as node:
        pid = await begun(node, place, language, options)
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) == "Canceled"
        assert said(place) == ["begun", "after"]
        await asked(node)
        await clean(node)
        await until(lambda: ended(node, "child"))
        assert said(place) == ["begun", "after", "cleaned"]


async def test_a_child_may_be_left_alone(place: Place, language: str) -> None:
    async with place.node() as node:
        options = {"workflow.cancellation_type": "abandon", "workflow.parent_close_policy": "abandon"}
        pid = await begun(node, place, language, options)
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) == "Canceled"
        child = f"{{local@{FLOWS}|child}}"
        await node.send(child, "go")
        assert await node.wait(child, timeout=20) == "went"
        assert events.CANCEL_REQUESTED not in kinds(node, "child")


async def test_a_second_cancellation_waits_no_longer_and_asks_nobody_twice(place: Place, language: str) -> None:
    async with place.node() as node:
        pid = await begun(node, place, language, WAITS[0])
        await node.cancel(pid)
        await asked(node)
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) == "Canceled"
        assert said(place) == ["begun", "after"]
        await clean(node)
        await until(lambda: ended(node, "child"))
        assert kinds(node, "child").count(events.CANCEL_REQUESTED) == 1


async def test_nodes_that_end_meanwhile_change_nothing(place: Place, language: str) -> None:
    async with place.node() as node:
        pid = await begun(node, place, language, WAITS[0])
        await node.cancel(pid)
        await asked(node)
    async with place.node() as node:
        assert said(place) == ["begun"]
        await clean(node)
        assert await node.wait(pid, timeout=20) == "Canceled"
        assert said(place) == ["begun", "cleaned", "after"]
        assert kinds(node, "child").count(events.CANCEL_REQUESTED) == 1


async def test_a_child_whose_host_is_away_is_not_started_any_more(place: Place, language: str) -> None:
    """It was asked for and asked to stop, and nobody is there to be waited for."""
    place.entries["others"] = {"kind": "workflow.host"}
    async with place.node() as node:
        args = [str(place.path / "said"), {**WAITS[0], "workflow.task_queue": "app:others", "workflow.id": "child"}]
        options = {"workflow.id": "parent"}
        pid = await node.spawn(f"app:parent_{language}", host=FLOWS, args=args, options=options)
        await until(lambda: events.PROCESS_SPAWNED in kinds(node, "parent"))
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) == "Canceled"
        with pytest.raises(Error, match="no run 'child'"):
            show(reader(node), "child")


async def test_the_run_that_a_child_has_continued_as_is_asked(place: Place, language: str) -> None:
    place.python("child", CONTINUING, "workflow")
    async with place.node() as node:
        pid = await begun(node, place, language, WAITS[0])
        await node.cancel(pid)
        await asked(node)
        await clean(node)
        assert await node.wait(pid, timeout=20) == "Canceled"
        assert said(place) == ["begun", "cleaned", "after"]
        assert kinds(node, "child").count(events.CANCEL_REQUESTED) == 1


async def test_a_run_of_somebody_else_is_neither_asked_nor_waited_for(place: Place, language: str) -> None:
    """It holds the id of the child, and was waited for in its place."""
    async with place.node() as node:
        path = str(place.path / "said")
        child = await node.spawn("app:child", host=FLOWS, args=[path], options={"workflow.id": "child"})
        args = [path, {**WAITS[0], "workflow.id": "child"}]
        pid = await node.spawn(f"app:parent_{language}", host=FLOWS, args=args, options={"workflow.id": "parent"})
        await until(lambda: any("child" in reason for reason in why(reader(node), "parent", served=True)["reasons"]))
        await node.cancel(pid)
        assert await node.wait(pid, timeout=20) == "Canceled"
        await node.send(child, "go")
        assert await node.wait(child, timeout=20) == "went"
        assert events.CANCEL_REQUESTED not in kinds(node, "child")


@pytest.mark.parametrize("options", [{}, WAITS[0]])
async def test_a_child_whose_start_is_on_its_way_to_the_disk_is_asked_to_stop(
    place: Place, language: str, options: dict[str, Any]
) -> None:
    place.python("child", WAITING, "workflow")
    async with place.node() as node:
        engine: Any = engine_of(node)
        path = str(place.path / "said")
        other = await node.spawn("app:child", host=FLOWS, args=[path], options={"workflow.id": "child"})
        under_way: list[Any] = []
        submit = engine.submit

        def late(item: Any, callback: Any) -> None:
            """Keep the start of a child that is not in the turn of its parent."""
            if isinstance(item, StartRun) and item.parent_run:
                under_way.append((item, callback))
            else:
                submit(item, callback)

        engine.submit = late
        args = [path, {**options, "workflow.id": "child", "workflow.on_conflict": "allow"}]
        pid = await node.spawn(f"app:parent_{language}", host=FLOWS, args=args, options={"workflow.id": "parent"})
        await until(lambda: under_way)
        await node.cancel(pid)
        engine.submit = submit
        for item, callback in under_way:
            submit(item, callback)
        await until(lambda: len(besides(node)) == 1)
        (beside,) = besides(node)
        await until(lambda: events.CANCEL_REQUESTED in kinds(node, beside))
        assert await node.wait(pid, timeout=20) == "Canceled"
        await node.send(other, "go")
        assert await node.wait(other, timeout=20) == "went"


async def test_wrong_words_are_refused_with_those_there_are(place: Place, language: str) -> None:
    place.lua("parent_lua", PARENT_LUA.replace("err:kind()", "err:message()"), "workflow")
    place.python(
        "parent_py", PARENT_PY.replace("Cancelled", "Error as error").replace('"Canceled"', "str(error)"), "workflow"
    )
    async with place.node() as node:
        args = [str(place.path / "said"), {"workflow.cancellation_type": "wait"}]
        found = await node.exec(f"app:parent_{language}", host=FLOWS, args=args, timeout=20)
    assert "option workflow.cancellation_type: got 'wait', expected one of 'try_cancel', 'abandon'" in found
