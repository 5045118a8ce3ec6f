"""Retries from steps that run code of the script, and steps that pause their run when their attempts are used up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until

LUA = """
local function main()
  local a, refused = workflow.step("a", "app:do", "a", {retries = 0})
  if refused then a = "instead" end
  local b = workflow.step("b", function() return workflow.step("inner", "app:do", a) end)
  local c, err = workflow.step("c", "app:do", "broken", {retries = 0})
  if err then return nil, err end
  return {a, b, c}
end
"""
PYTHON = """
from actorflow.script import errors, workflow

async def main():
    try:
        a = await workflow.step("a", "app:do", "a", retries=0)
    except errors.Error:
        a = "instead"

    async def again():
        return await workflow.step("inner", "app:do", a)

    b = await workflow.step("b", again)
    c = await workflow.step("c", "app:do", "broken", retries=0)
    return [a, b, c]
"""
DO = """
from pathlib import Path
from actorflow.script import errors
def main(what):
    with open("PLACE/calls", "a") as file:
        file.write(what + " ")
    if (what == "broken" and not Path("PLACE/mended").exists()) or Path(f"PLACE/no-{what}").exists():
        raise errors.Rejected(f"{what} failed")
    return what
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    made.python("do", DO.replace("PLACE", str(tmp_path)), "function")
    return made


@pytest.mark.parametrize("language", ["lua", "py"])
@pytest.mark.parametrize("caught", [False, True])
async def test_a_retry_from_a_step_of_code_enters_it_again(place: Place, language: str, *, caught: bool) -> None:
    if caught:
        (place.path / "no-a").touch()
    a = "instead" if caught else "a"
    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=FLOWS, options={"workflow.id": "one"})
        with pytest.raises(Error, match="broken failed"):
            await node.wait(pid, timeout=20)
        with pytest.raises(Error, match="has the steps b") as wrong:
            await node.runs.change("retry", "one", since="nothing")
        assert wrong.value.kind == "NotFound"
        (place.path / "mended").touch()
        (place.path / "no-a").unlink(missing_ok=True)
        await node.runs.change("retry", "one", since="b")
        assert await node.wait(pid, timeout=20) == [a, a, "broken"]
        assert (place.path / "calls").read_text().split() == ["a", a, "broken", a, "broken"]
    async with place.node() as node:
        assert (await node.runs.show("one"))["state"] == "completed"
        assert (await node.fork("one", since="c"))["pid"], "the journal replays"


async def test_a_retry_from_a_step_before_anything_came_says_what_to_do(place: Place) -> None:
    place.lua(
        "first", "local function main() workflow.step('b', function() end) return funcs.call('app:do', 'broken') end"
    )
    async with place.node() as node:
        pid = await node.spawn("app:first", host=FLOWS, options={"workflow.id": "one"})
        with pytest.raises(Error, match="broken failed"):
            await node.wait(pid, timeout=20)
        with pytest.raises(Error, match="fork it with --from b"):
            await node.runs.change("retry", "one", since="b")


PAUSES_LUA = """
local function main()
  local c, err = workflow.step("c", "app:do", "broken", {retries = 1, delay = "1ms", on_exhausted = "pause"})
  return c or err:message()
end
"""
PAUSES_PYTHON = """
from actorflow.script import workflow

async def main():
    return await workflow.step("c", "app:do", "broken", retries=1, delay="1ms", on_exhausted="pause")
"""


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_a_step_may_pause_its_run_when_its_attempts_are_used_up(place: Place, language: str) -> None:
    place.lua("lua", PAUSES_LUA)
    place.python("py", PAUSES_PYTHON)
    place.python("do", DO.replace("PLACE", str(place.path)).replace("errors.Rejected", "ValueError"), "function")

    def state() -> Any:
        return reader(node).find("one").state

    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=FLOWS, options={"workflow.id": "one"})
        await until(lambda: state() == "paused")
        assert (place.path / "calls").read_text().split() == ["broken"] * 2
    (place.path / "mended").touch()
    async with place.node() as node:
        assert state() == "paused"
        assert "broken failed" in (await node.runs.show("one"))["reason"]
        await node.runs.change("resume", "one")
        assert await node.wait(pid, timeout=20) == "broken"
