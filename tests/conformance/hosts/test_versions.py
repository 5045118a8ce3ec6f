"""Versions and continue-as-new from scripts of both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.hosts.place import ACTORS, FLOWS, Place, same


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


LOOP = (
    """
    local workflow = require("workflow")
    local function main(got, runs)
      local info = workflow.info()
      if info and #runs == 0 or info and runs[#runs] ~= info.run_id then runs[#runs + 1] = info.run_id end
      local listener = process.listen("n")
      got[#got + 1] = listener:receive()
      if #got < 4 then workflow.continue_as_new(got, runs) end
      return {got = got, runs = #runs}
    end
    """,
    """
    from actorflow.script import process, workflow

    async def main(got, runs):
        info = workflow.info()
        if info and info["run_id"] not in runs:
            runs.append(info["run_id"])
        got.append(await process.listen("n").receive())
        if len(got) < 4:
            await workflow.continue_as_new(got, runs)
        return {"got": got, "runs": len(runs)}
    """,
)


async def test_continue_as_new_in_both_languages(place: Place) -> None:
    entries = (place.lua("loop_lua", LOOP[0]), place.python("loop_py", LOOP[1]))
    async with place.node() as node:
        for entry in entries:
            messages = tuple(("n", (number,)) for number in range(4))
            for host, runs in ((FLOWS, 4), (ACTORS, 0)):
                pid = await node.spawn(entry, host=host, args=[[], []], messages=messages)
                assert await node.wait(pid, timeout=20) == {"got": [0, 1, 2, 3], "runs": runs}, (entry, host)


async def test_a_version_is_the_newest_on_every_host(place: Place) -> None:
    lua = place.lua(
        "version_lua",
        """
        local workflow = require("workflow")
        local function kind(...)
          local value, err = workflow.version(...)
          return value == nil and err:kind() or value
        end
        local function main() return {kind("c", 1, 3), kind("c", 1, 3), kind("", 1, 1), kind("x", 4, 1), kind("x", 1, "2")} end
        """,
    )
    python = place.python(
        "version_py",
        """
        from actorflow.script.errors import Error
        from actorflow.script import workflow

        def kind(*args):
            try:
                return workflow.version(*args)
            except Error as error:
                return error.kind

        async def main():
            return [kind("c", 1, 3), kind("c", 1, 3), kind("", 1, 1), kind("x", 4, 1), kind("x", 1, "2")]
        """,
    )
    assert await same(place, (lua, python)) == [3, 3, "Invalid", "Invalid", "Invalid"]


async def test_a_function_is_outside_of_every_workflow(place: Place) -> None:
    lua = place.lua(
        "outside_lua",
        'local workflow = require("workflow")\nlocal function main() return workflow.version("c", 1, 4) end',
        kind="function",
    )
    python = place.python(
        "outside_py",
        "from actorflow.script import workflow\n\nasync def main():\n    return workflow.version('c', 1, 4)\n",
        kind="function",
    )
    async with place.node() as node:
        assert [await node.call(entry) for entry in (lua, python)] == [4, 4]


async def test_what_a_run_says_of_itself_goes_over_also_what_it_took_back(place: Place) -> None:
    entry = place.python(
        "forget",
        """
        from actorflow.script import workflow

        async def main(again):
            if again:
                workflow.attrs(memo={"a": None, "b": 2}, search={"who": None})
                await workflow.continue_as_new(False)
            info = workflow.info()
            return [info["memo"], info["search_attributes"]]
        """,
    )
    options = {"workflow.memo": {"a": 1}, "workflow.search_attributes": {"who": "x"}, "workflow.id": "m"}
    async with place.node() as node:
        assert await node.exec(entry, host=FLOWS, args=[True], options=options, timeout=20) == [{"b": 2}, {}]
        shown = await node.runs.show("m")
    assert (shown["memo"], shown["search_attributes"]) == ({"b": 2}, {})
