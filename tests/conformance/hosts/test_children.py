"""Children of durable runs, in both languages: their parents hear of them once, and a cancellation runs down the tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, waiting_for
from tests.conformance.process.rig import until

LUA = {
    "parent": """
        local function heard(event)
          local failed = event.result.error
          return {event.kind, event.from, event.result.value or "", failed and failed:kind() or ""}
        end
        local function main(entry, options, args, ends)
          local events, inbox, seen = process.events(), process.inbox(), {}
          for i = 1, ends do
            local pid, err = process.with_options(options or {}):spawn(entry, "app:flows", table.unpack(args))
            if err then return nil, err end
            seen[i] = heard(events:receive())
          end
          while true do
            local got = channel.select({events:case_receive(), inbox:case_receive()})
            if got.channel == inbox then return seen end
            seen[#seen + 1] = heard(got.value)
          end
        end
        """,
    "caller": """
        local function main(entry, options, ...)
          local value, err = process.with_options(options or {}):exec(entry, "app:flows", ...)
          if not err then return value end
          return {err:kind(), err:message()}
        end
        """,
    "ends": """
        local function main(how, left)
          if how == "fails" then return nil, errors.new({message = "no", kind = errors.CONFLICT, retryable = false}) end
          if how == "continues" and left > 0 then process.upgrade(nil, how, left - 1) end
          if how == "waits" then return process.inbox():receive():payload():data() end
          return "done"
        end
        """,
    "cleans": """
        local function main(to, depth)
          local err
          if depth > 0 then
            _, err = process.exec("app:cleans_lua", "app:flows", to, depth - 1)
          else
            local ok, raised = pcall(time.sleep, "1h")
            err = raised
          end
          funcs.call("app:note", to, depth)
          return nil, err
        end
        """,
}
PYTHON = {
    "parent": """
        from actorflow.script import channel, process

        def heard(event):
            error = event["result"]["error"]
            return [event["kind"], event["from"], event["result"]["value"] or "", error.kind if error else ""]

        async def main(entry, options, args, ends):
            events, inbox, seen = process.events(), process.inbox(), []
            for _ in range(ends):
                await process.with_options(options or {}).spawn(entry, "app:flows", *args)
                seen.append(heard(await events.receive()))
            while True:
                got = await channel.select(events.case_receive(), inbox.case_receive())
                if got.channel is inbox:
                    return seen
                seen.append(heard(got.value))
        """,
    "caller": """
        from actorflow.script import errors, process

        async def main(entry, options, *args):
            try:
                return await process.with_options(options or {}).exec(entry, "app:flows", *args)
            except errors.Error as error:
                return [error.kind, error.message]
        """,
    "ends": """
        from actorflow.script import errors, process

        async def main(how, left):
            if how == "fails":
                raise errors.Error("no", "Conflict", retryable=False)
            if how == "continues" and left > 0:
                await process.upgrade(None, how, left - 1)
            if how == "waits":
                return (await process.inbox().receive()).payload
            return "done"
        """,
    "cleans": """
        from actorflow.script import funcs, process, time

        async def main(to, depth):
            try:
                if depth > 0:
                    await process.exec("app:cleans_py", "app:flows", to, depth - 1)
                else:
                    await time.sleep(3600)
            finally:
                await funcs.call("app:note", to, depth)
        """,
}
NOTE = """
def main(path, depth):
    with open(path, "a") as file:
        file.write(f"{depth}\\n")
"""
pytestmark = pytest.mark.parametrize("language", ["lua", "py"])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    for name, source in LUA.items():
        made.lua(f"{name}_lua", source)
    for name, source in PYTHON.items():
        made.python(f"{name}_py", source)
    made.python("note", NOTE, "function")
    return made


def pid_of(workflow_id: str) -> str:
    return f"{{local@{FLOWS}|{workflow_id}}}"


async def start(node: Node, entry: str, workflow_id: str, *args: Any) -> str:
    return await node.spawn(f"app:{entry}", host=FLOWS, args=args, options={"workflow.id": workflow_id})


async def told(node: Node, parent: str) -> Any:
    """Let a parent say what it has heard."""
    await node.send(parent, "tell")
    return await node.wait(parent, timeout=30)


@pytest.mark.parametrize(
    ("args", "options", "value", "kind"),
    [
        (["returns", 0], {}, "done", ""),
        (["fails", 0], {}, "", "Conflict"),
        (["continues", 2], {}, "done", ""),
        (["waits", 0], {"workflow.run_timeout": "20ms"}, "", "Timeout"),
    ],
    ids=["completed", "failed", "continued as new", "timed out"],
)
async def test_a_parent_hears_once_how_a_child_ends(  # noqa: PLR0913, PLR0917 - what is varied
    place: Place, language: str, args: list[Any], options: dict[str, Any], value: Any, kind: Any
) -> None:
    async with place.node() as node:
        parent = await start(node, f"parent_{language}", "parent", f"app:ends_{language}", options, args, 1)
        await until(lambda: node.hosts[FLOWS].alive(pid_of("parent/1")) is not True)
        await waiting_for(node, parent)
    async with place.node() as node:
        event = ["pid.exit", pid_of("parent/1"), value, kind]
        assert await told(node, parent) == [event]


@pytest.mark.parametrize("verb", ["cancel", "terminate"])
async def test_a_parent_hears_once_of_a_child_that_is_stopped(place: Place, language: str, verb: str) -> None:
    async with place.node() as node:
        parent = await start(node, f"parent_{language}", "parent", f"app:ends_{language}", {}, ["waits", 0], 1)
        await until(lambda: node.hosts[FLOWS].alive(pid_of("parent/1")) is True)
        await waiting_for(node, pid_of("parent/1"))
    async with place.node() as node:
        await getattr(node, verb)(pid_of("parent/1"))
        await until(lambda: node.hosts[FLOWS].alive(pid_of("parent/1")) is not True)
    async with place.node() as node:
        assert await told(node, parent) == [["pid.exit", pid_of("parent/1"), "", "Canceled"]]


async def test_a_parent_that_continues_as_new_hears_of_its_child(place: Place, language: str) -> None:
    place.lua(
        "chain",
        """
        local function main(entry, again)
          local events = process.events()
          if again then process.spawn(entry, "app:flows", "waits", 0) process.upgrade(nil, entry, false) end
          local event = events:receive()
          return {event.from, event.result.value}
        end
        """,
    )
    async with place.node() as node:
        pid = await start(node, "chain", "chain", f"app:ends_{language}", "again")
        await until(lambda: node.hosts[FLOWS].alive(pid_of("chain/1")) is True)
    async with place.node() as node:
        await node.send(pid_of("chain/1"), "go", 7)
        assert await node.wait(pid, timeout=30) == [pid_of("chain/1"), 7]


async def test_the_end_of_a_run_that_was_there_is_heard_like_that_of_a_child(place: Place, language: str) -> None:
    options = {"workflow.id": "shared"}
    async with place.node() as node:
        await start(node, f"ends_{language}", "shared", "waits", 0)
        parent = await start(node, f"parent_{language}", "parent", f"app:ends_{language}", options, ["waits", 0], 1)
        caller = await start(node, f"caller_{language}", "caller", f"app:ends_{language}", options, "waits", 0)
        await waiting_for(node, parent)
        await waiting_for(node, caller)
        await trio.sleep(0.05)
    async with place.node() as node:
        await node.send(pid_of("shared"), "go", 8)
        assert await node.wait(caller, timeout=30) == 8
    async with place.node() as node:
        assert await told(node, parent) == [["pid.exit", pid_of("shared"), 8, ""]]


async def test_a_cancellation_runs_down_the_tree_and_everybody_cleans_up(place: Place, language: str) -> None:
    notes = place.path / "notes"
    async with place.node() as node:
        top = await start(node, f"cleans_{language}", "top", str(notes), 2)
        await until(lambda: node.hosts[FLOWS].alive(pid_of("top/1/1")) is True)
        await waiting_for(node, pid_of("top/1/1"))
    async with place.node() as node:
        await node.cancel(top, "enough")
        for workflow_id in ("top", "top/1", "top/1/1"):
            with pytest.raises(Error) as caught:
                await node.wait(pid_of(workflow_id), timeout=30)
            assert caught.value.kind == "Canceled", workflow_id
    assert sorted(notes.read_text().split()) == ["0", "1", "2"]


async def test_a_terminated_parent_takes_the_whole_tree_along(place: Place, language: str) -> None:
    notes = place.path / "notes"
    async with place.node() as node:
        top = await start(node, f"cleans_{language}", "top", str(notes), 2)
        await until(lambda: node.hosts[FLOWS].alive(pid_of("top/1/1")) is True)
    async with place.node() as node:
        await node.terminate(top)
        for workflow_id in ("top", "top/1", "top/1/1"):
            with pytest.raises(Error, match="terminated"):
                await node.wait(pid_of(workflow_id), timeout=30)
    assert not notes.exists()


async def test_a_workflow_that_sends_to_an_actor_of_an_earlier_boot_hears_that_it_is_gone(
    place: Place, language: str
) -> None:
    place.lua("echo", "local function main() process.inbox():receive() end")
    place.lua(
        "sender_lua",
        """
        local function main(to)
          process.inbox():receive()
          local ok, err = process.send(to, "hello", 1)
          return err and err:kind()
        end
        """,
    )
    place.python(
        "sender_py",
        """
        from actorflow.script import errors, process

        async def main(to):
            await process.inbox().receive()
            try:
                await process.send(to, "hello", 1)
            except errors.Error as error:
                return error.kind
        """,
    )
    async with place.node() as node:
        echo = await node.spawn("app:echo", host=ACTORS)
        sender = await start(node, f"sender_{language}", "sender", echo)
        await waiting_for(node, sender)
    async with place.node() as node:
        await node.send(sender, "go")
        assert await node.wait(sender, timeout=30) == "NotFound"
