"""Heartbeats of functions, in every way to run one: what they keep alive, and what the next attempt gets to know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for
from tests.conformance.process.rig import until

CALLING = """
local function main(options, id, ...)
  local value, err = funcs.new():with_options(options):call(id, ...)
  if not err then return {value = value} end
  return {kind = err:kind(), message = err:message(), type = err:details().timeout_type}
end
"""
BODY = """
from actorflow.script import activity, ctx

def step(number):
    if activity.info()["attempt"] == 1:
        activity.heartbeat({"done": number})
        return None
    return [ctx.attempt, ctx.heartbeat, activity.heartbeat_details(), ctx.deadline is not None, ctx.get("attempt")]
"""
FAILING = {
    "trio": BODY
    + "import trio\nasync def main(n):\n    got = step(n)\n    if got is None:\n        raise OSError('lost')\n    return got\n",
    "asyncio": BODY
    + "async def main(n):\n    got = step(n)\n    if got is None:\n        raise OSError('lost')\n    return got\n",
    "thread": BODY
    + "def main(n):\n    got = step(n)\n    if got is None:\n        raise OSError('lost')\n    return got\n",
    "process": BODY
    + "def main(n):\n    got = step(n)\n    if got is None:\n        raise OSError('lost')\n    return got\n",
}
FAILING_LUA = """
local activity = require("activity")
local function main(n)
  local info = activity.info()
  if info.attempt == 1 then
    activity.heartbeat({done = n})
    error("lost")
  end
  return {ctx.get("attempt"), ctx.get("heartbeat"), (activity.heartbeat_details()), ctx.get("deadline") ~= nil, info.attempt}
end
"""
QUICK = {"retry": {"initial_delay": "1ms"}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("calling", CALLING)
    return made


async def called(place: Place, host: str, options: dict[str, Any], function: str, *args: Any) -> Any:
    async with place.node() as node:
        return await node.exec("app:calling", host=host, args=[options, function, *args], timeout=40)


@pytest.mark.parametrize("way", [*FAILING, "lua"])
async def test_the_next_attempt_is_told_what_the_last_one_told(place: Place, way: str) -> None:
    if way == "lua":
        place.lua("failing", FAILING_LUA, "function")
        place.entries["failing"]["modules"] = ["activity", "ctx"]
    else:
        place.python("failing", FAILING[way], "function", run=way)
    assert await called(place, FLOWS, QUICK, "app:failing", 7) == {"value": [2, {"done": 7}, {"done": 7}, True, 2]}


async def test_a_silent_attempt_is_given_up_and_one_that_is_heard_goes_on(place: Place) -> None:
    place.python(
        "working",
        """
        import trio
        from actorflow.script import activity

        async def main(times, pause):
            for number in range(times):
                activity.heartbeat()
                await trio.sleep(pause)
            return times
        """,
        "function",
    )
    for seconds in (0.8, 4, 16):  # a slow machine gets more time
        options = {"activity.heartbeat_timeout": f"{seconds}s", "retry": {"max_attempts": 1}}
        heard = await called(place, FLOWS, options, "app:working", 6, seconds / 4)
        if "value" in heard:
            break
    assert heard == {"value": 6}
    answer = await called(place, FLOWS, options, "app:working", 2, 60)
    assert (answer["kind"], answer["type"]) == ("Timeout", "heartbeat")


async def test_a_heartbeat_that_nobody_hears_does_nothing(place: Place) -> None:
    place.python("failing", FAILING["thread"].replace("raise OSError('lost')", "return 'alone'"), "function")
    assert await called(place, ACTORS, {}, "app:failing", 1) == {"value": "alone"}


async def test_heartbeats_are_kept_over_a_restart(place: Place) -> None:
    ready = place.path / "ready"
    place.python(
        "long",
        """
        from pathlib import Path
        import trio
        from actorflow.script import activity, ctx

        async def main(path):
            if Path(path).exists():
                return [ctx.attempt, activity.heartbeat_details()]
            activity.heartbeat([1, "half"])
            await trio.sleep(0.5)
            Path(path).touch()
            await trio.sleep(60)
        """,
        "function",
    )
    async with place.node() as node:
        options = {"workflow.id": "one"}
        pid = await node.spawn("app:calling", host=FLOWS, args=[{}, "app:long", str(ready)], options=options)
        await until(ready.exists)
        await node.stop_host(FLOWS, 0)
    async with place.node() as node:
        assert await node.wait(pid, timeout=40) == {"value": [1, [1, "half"]]}


async def test_cancelling_reaches_every_way_to_run_a_function(place: Place) -> None:
    note = "    Path(path).write_text('stopped')\n"
    sources = {
        "trio": "import trio\nasync def main(path):\n  Path(path + '.on').touch()\n  try:\n    await trio.sleep(60)\n  finally:\n"
        + note,
        "asyncio": "import asyncio\nasync def main(path):\n  Path(path + '.on').touch()\n  try:\n    await asyncio.sleep(60)\n  finally:\n"
        + note,
        "thread": (
            "import time\nfrom actorflow.script import activity\ndef main(path):\n  Path(path + '.on').touch()\n"
            "  while not activity.cancelled():\n    time.sleep(0.005)\n  if True:\n" + note
        ),
        "process": "import os, time\ndef main(path):\n  Path(path + '.on').write_text(str(os.getpid()))\n  time.sleep(60)\n",
    }
    for way, source in sources.items():
        place.python(way, "from pathlib import Path\n" + source, "function", run=way)
    place.lua(
        "main",
        """
        local function main(way, path)
          local future = funcs.async("app:" .. way, path)
          process.inbox():receive()
          return {future:cancel(), future:is_canceled()}
        end
        """,
    )
    async with place.node() as node:
        for way in sources:
            path = place.path / f"{way}.txt"
            pid = await node.spawn("app:main", host=FLOWS, args=[way, str(path)])
            await until(Path(f"{path}.on").exists)
            await waiting_for(node, pid)
            if way == "process":
                await until(Path(f"{path}.on").read_text)
            child = await trio.Path(f"{path}.on").read_text()
            await node.send(pid, "go")
            assert await node.wait(pid, timeout=40) == [True, True]
            if way == "process":
                await until(lambda child=child: not Path(f"/proc/{child}").exists())  # type: ignore[misc]
            else:
                await until(path.exists)


async def test_a_workflow_serves_no_call(place: Place) -> None:
    place.python(
        "asking",
        """
        from actorflow.script import activity, errors

        async def main():
            try:
                activity.heartbeat(1)
            except errors.Error as error:
                return error.kind
        """,
    )
    async with place.node() as node:
        assert await node.exec("app:asking", host=ACTORS, timeout=40) == "Invalid"
