"""What is told of calls and children: whose failure it is, which host serves it, and what `run show` lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import INVALID, Error
from actorflow.node.node import Node
from actorflow.store.called import calls
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

OTHER = "app:other"
PARENTS = (
    """
    local function main(options)
      local _, err = process.with_options(options or {}):exec("app:failing", "app:flows", 7)
      return {err:kind(), err:message(), err:details()}
    end
    """,
    """
    from actorflow.script import process
    from actorflow.script.errors import Error

    async def main(options=None):
        try:
            await process.with_options(**(options or {})).exec("app:failing", "app:flows", 7)
        except Error as error:
            return [error.kind, error.message, error.details]
    """,
)


def reader_of(node: Node) -> Any:
    host: Any = node.hosts[FLOWS]
    return host.engine.writer.reader()


def row_of(node: Node, workflow_id: str) -> Any:
    return reader_of(node).find(workflow_id)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.entries["other"] = {"kind": "workflow.host", "task_queue": "jobs", "lifecycle": {"auto_start": True}}
    made.lua("failing", "local function main(n) return nil, 'no ' .. n end", "workflow")
    made.lua("parent_lua", PARENTS[0])
    made.python("parent_py", PARENTS[1])
    return made


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_the_failure_of_a_child_says_whose_it_is(place: Place, language: str) -> None:
    async with place.node() as node:
        options = {"workflow.id": "child"}
        kind, message, details = await node.exec(f"app:parent_{language}", host=FLOWS, args=[options], timeout=20)
        child = row_of(node, "child").run_id
    assert (kind, message) == ("Internal", "no 7")
    assert details == {"_wrapper": "child_workflow", "_workflow_id": "child", "_run_id": child}


@pytest.mark.parametrize("language", ["lua", "py"])
async def test_a_task_queue_names_the_host_of_a_child(place: Place, language: str) -> None:
    async with place.node() as node:
        options = {"workflow.id": "child", "workflow.task_queue": "jobs"}
        await node.exec(f"app:parent_{language}", host=FLOWS, args=[options], timeout=20)
        assert row_of(node, "child").host == OTHER
        wrong = {"workflow.task_queue": "job"}
        kind, message, *_ = await node.exec(f"app:parent_{language}", host=FLOWS, args=[wrong], timeout=20)
    assert kind == INVALID
    assert "did you mean 'jobs'" in message


async def test_a_task_queue_names_the_host_of_a_start(place: Place) -> None:
    place.lua("simple", "local function main() return 1 end", "workflow")
    async with place.node() as node:
        pid = await node.spawn("app:simple", host=FLOWS, options={"workflow.task_queue": "jobs"})
        assert f"@{OTHER}|" in pid
        assert await node.wait(pid, timeout=30) == 1
        with pytest.raises(Error, match="did you mean 'jobs'") as refused:
            await node.spawn("app:simple", host=FLOWS, options={"workflow.task_queue": "jbs"})
    assert refused.value.kind == INVALID


CALLING = """
local function main(path)
  workflow.step("once", "app:flaky", path)
  funcs.call("app:broken")
  funcs.new():async("app:sleeping"):cancel()
  funcs.call("app:sleeping")
end
"""
FLAKY = """
from pathlib import Path

def main(path):
    note = Path(path)
    if not note.exists():
        note.write_text("tried")
        raise ValueError("not yet")
"""


async def test_the_calls_of_a_run_are_listed_without_another_write(place: Place) -> None:
    place.python("flaky", FLAKY, "function", meta={"options": {"retry": {"initial_delay": "1ms"}}})
    place.lua("broken", "local function main() return nil, 'no' end", "function")
    place.python("sleeping", "import trio\n\nasync def main():\n    await trio.sleep(60)\n", "function")
    place.lua("calling", CALLING)
    async with place.node() as node:
        pid = await node.spawn("app:calling", host=FLOWS, args=[str(place.path / "note")])
        await until(lambda: len(calls(reader_of(node), pid, 10)) == 4)
        listed, newest = calls(reader_of(node), pid, 10), calls(reader_of(node), pid, 1)
        await node.terminate(pid)
    told = [(call["step"], call["target"], call["state"], call["attempts"], call["failure"]) for call in listed]
    assert told == [
        ("once", "app:flaky", "completed", 2, "ValueError: not yet"),
        ("", "app:broken", "failed", 1, "no"),
        ("", "app:sleeping", "given up", 1, ""),
        ("", "app:sleeping", "open", 1, ""),
    ]
    assert all(call["ended"] is None or call["started"] <= call["ended"] for call in listed)
    assert newest == listed[-1:]


async def test_hosts_of_one_database_share_an_engine_though_they_start_at_the_same_time(place: Place) -> None:
    async with place.node() as node:
        hosts: list[Any] = [node.hosts[FLOWS], node.hosts[OTHER]]
        assert hosts[0].engine is hosts[1].engine
        assert set(hosts[0].engine.hosts) == {FLOWS, OTHER}


async def test_an_option_that_is_for_temporal_is_noticed_once(place: Place) -> None:
    place.lua("simple", "local function main() return 1 end", "workflow")
    async with place.node() as node:
        for _ in range(2):
            options = {"workflow.enable_eager_start": True, "temporal.workflow.versioning_intent": "x"}
            await node.wait(await node.spawn("app:simple", host=FLOWS, options=options), timeout=30)
    ignored = [notice.text for notice in place.notices if notice.code == "option-ignored"]
    assert len(ignored) == 2
    assert "enable_eager_start" in " ".join(ignored)


ENDED = """
local function main(options)
  local events = process.events()
  process.with_options(options):spawn("app:waits", "app:flows")
  local failure = events:receive().result.error
  return {failure:kind(), failure:message(), failure:retryable(), failure:details()}
end
"""
ENDED_PYTHON = """
from actorflow.script import process

async def main(options):
    events = process.events()
    await process.with_options(**options).spawn("app:waits", "app:flows")
    failure = (await events.receive()).result["error"]
    return [failure.kind, failure.message, failure.retryable, failure.details]
"""


@pytest.mark.parametrize("language", ["lua", "py"])
@pytest.mark.parametrize(
    ("verb", "kind", "said"),
    [
        ("terminate", "Canceled", {"forced": True, "reason": "too old"}),
        ("cancel", "Canceled", {"reason": "too old"}),
        ("time-out", "Timeout", {"timeout_type": "run"}),
    ],
)
async def test_an_end_from_outside_says_whose_and_why(
    place: Place, language: str, verb: str, kind: str, said: dict[str, Any]
) -> None:
    place.lua("lua", ENDED)
    place.python("py", ENDED_PYTHON)
    place.lua("waits", "local function main() process.inbox():receive() end")
    options = {"workflow.id": "child", **({"workflow.run_timeout": "20ms"} if verb == "time-out" else {})}
    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=FLOWS, args=[options])
        await until(lambda: row_of(node, "child") is not None)
        if verb != "time-out":
            await node.runs.change(verb, "child", reason="too old")
        ended = await node.wait(pid, timeout=20)
        origin = {"_wrapper": "child_workflow", "_workflow_id": "child", "_run_id": row_of(node, "child").run_id}
    assert (ended[0], ended[2:]) == (kind, [False, {**said, **origin}])
