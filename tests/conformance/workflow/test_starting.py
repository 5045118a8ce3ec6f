"""Starting runs: who gets a workflow id, when the first steps are taken, and what follows the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.app import boot
from actorflow.app import open as open_node
from actorflow.errors import ALREADY_EXISTS, INVALID, TIMEOUT, Error
from actorflow.node.node import Node
from actorflow.ports import Started
from actorflow.run.event import RUN_RELEASED
from actorflow.store.run_verb import run_verbs
from hosts.workflow import loading

HOST = "app:flows"
INDEX = """
namespace: app
entries:
  - {name: flows, kind: workflow.host, lifecycle: {auto_start: true}}
  - {name: waits_lua, kind: workflow.lua, source: file://flows.lua, method: waits, modules: [process, time, workflow]}
  - {name: waits_py, kind: workflow.py, source: file://flows.py, method: waits}
  - {name: fails_lua, kind: workflow.lua, source: file://flows.lua, method: fails, modules: [workflow, errors]}
  - {name: fails_py, kind: workflow.py, source: file://flows.py, method: fails}
  - {name: again_lua, kind: workflow.lua, source: file://flows.lua, method: again, modules: [process, workflow]}
  - {name: again_py, kind: workflow.py, source: file://flows.py, method: again}
  - {name: told_lua, kind: workflow.lua, source: file://flows.lua, method: told, modules: [process, workflow]}
  - {name: told_py, kind: workflow.py, source: file://flows.py, method: told}
  - {name: parent_lua, kind: workflow.lua, source: file://flows.lua, method: parent, modules: [process, workflow]}
  - {name: parent_py, kind: workflow.py, source: file://flows.py, method: parent}
"""
FLOWS_LUA = """
local process, workflow = require("process"), require("workflow")
local M = {}
function M.waits(...)
  local got = {}
  while true do
    local message = process.inbox():receive()
    if message:topic() == "end" then return {got = got, info = workflow.info()} end
    got[#got + 1] = message:payload():data()
  end
end
function M.fails(times)
  local attempt = workflow.info().attempt
  if attempt <= times then return nil, require("errors").new({message = "not yet", retryable = true}) end
  return attempt
end
function M.again(round)
  if round == 1 then
    workflow.attrs({memo = {round = 1}})
    process.inbox():receive()
    return workflow.continue_as_new(2)
  end
  process.inbox():receive()
  return workflow.info().memo
end
function M.told()
  assert(workflow.attrs({search = {stage = "two", n = 5}, memo = {note = {1, 2}}}))
  local _, err = workflow.attrs({})
  process.inbox():receive()
  local info = workflow.info()
  return {info.search_attributes, info.memo, info.history_length, workflow.history_size() > 0, err ~= nil}
end
function M.parent(policy, ...)
  local child = process.with_options({workflow = {id = "child", parent_close_policy = policy}})
  child:spawn("app:waits_lua", "app:flows")
  local message = process.inbox():receive()
  return message:topic()
end
return M
"""
FLOWS_PY = """
from actorflow.script import errors, process, workflow

async def waits(*args):
    got = []
    async for message in process.inbox():
        if message.topic == "end":
            return {"got": got, "info": workflow.info()}
        got.append(message.payload)

async def fails(times):
    attempt = workflow.info()["attempt"]
    if attempt <= times:
        raise errors.Error("not yet", retryable=True)
    return attempt

async def again(round):
    if round == 1:
        workflow.attrs(memo={"round": 1})
        await process.inbox().receive()
        await workflow.continue_as_new(2)
    await process.inbox().receive()
    return workflow.info()["memo"]

async def told():
    workflow.attrs(search={"stage": "two", "n": 5}, memo={"note": [1, 2]})
    try:
        workflow.attrs()
        refused = False
    except errors.Error:
        refused = True
    await process.inbox().receive()
    info = workflow.info()
    return [info["search_attributes"], info["memo"], info["history_length"], workflow.history_size() > 0, refused]

async def parent(policy):
    options = {"workflow.id": "child", "workflow.parent_close_policy": policy}
    await process.with_options(options).spawn("app:waits_py", "app:flows")
    return (await process.inbox().receive()).topic
"""
pytestmark = pytest.mark.parametrize("language", ["lua", "py"])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "_index.yaml").write_text(INDEX)
    (tmp_path / "flows.lua").write_text(FLOWS_LUA)
    (tmp_path / "flows.py").write_text(FLOWS_PY)
    return tmp_path


def pid(workflow_id: str) -> str:
    return f"{{local@{HOST}|{workflow_id}}}"


async def start(node: Node, language: str, *args: Any, entry: str = "waits", **options: Any) -> Started:
    given = {f"workflow.{name}": value for name, value in options.items()}
    return await node.start(f"app:{entry}_{language}", host=HOST, args=args, options=given)


async def end(node: Node, workflow_id: str) -> Any:
    await node.send(pid(workflow_id), "end")
    return await node.wait(pid(workflow_id), timeout=30)


async def test_each_policy_says_who_holds_the_id(place: Path, language: str) -> None:
    async with open_node(place) as node:
        first = await start(node, language, id="a")
        assert (first.value, first.how) == (pid("a"), "started")
        for what in ({"id": "b", "on_conflict": "queue"}, {"id": "c", "lock_key": "k"}):
            assert (await start(node, language, **what)).how == "started", "nothing is in its way"
        for key in (0, 6, True, "1", {"priority_key": 1}):
            with pytest.raises(Error, match="from 1, the highest, to 5"):
                await start(node, language, id="e", priority={"priority_key": key})
        behind = await start(node, language, id="d", lock_key="k")
        assert behind.how == "queued"
        again = await start(node, language, id="a")
        assert (again.value, again.how, again.run_id) == (pid("a"), "existing", first.run_id)
        skipped = await start(node, language, id="a", on_conflict="skip")
        assert (skipped.value, skipped.how) == (pid("a"), "skipped")
        with pytest.raises(Error, match="already running") as caught:
            await start(node, language, id="a", id_conflict_policy="FAIL")
        assert caught.value.kind == ALREADY_EXISTS
        beside = await start(node, language, id="a", on_conflict="allow")
        assert beside.value == pid(f"a~{beside.run_id[-8:]}")
        queued = await start(node, language, id="a", on_conflict="queue")
        assert queued.how == "queued"
        replaced = await start(node, language, id="a", id_conflict_policy="terminate_existing")
        assert (replaced.value, replaced.how) == (pid("a"), "replaced")
        await end(node, "a")
        await node.send(queued.value, "x", 1)
        await node.send(pid("a"), "x", 2)
        assert (await end(node, "a"))["got"] == [1, 2], "it holds the id that it has waited for"
        assert (await node.wait(queued.value, timeout=30))["got"] == [1, 2]
        await end(node, f"a~{beside.run_id[-8:]}")


async def test_a_delayed_start_begins_when_it_is_due(place: Path, language: str) -> None:
    async with open_node(place) as node:
        began = trio.current_time()
        started = await start(node, language, id="late", start_delay="200ms")
        assert started.how == "held"
        await node.send(started.value, "x", 1)
        assert (await end(node, "late"))["got"] == [1]
        assert trio.current_time() - began > 0.19


async def test_a_run_that_fails_is_tried_again_as_the_next_of_its_chain(place: Path, language: str) -> None:
    async with open_node(place) as node:
        policy = {"initial_interval": 10, "maximum_attempts": 3}
        started = await start(node, language, 2, entry="fails", id="chain", retry_policy=policy)
        assert await node.wait(started.value, timeout=30) == 3
        given_up = await start(node, language, 5, entry="fails", id="vain", retry_policy=policy)
        with pytest.raises(Error, match="not yet"):
            await node.wait(given_up.value, timeout=30)


async def test_a_run_that_is_read_again_before_it_begins_begins_once(
    place: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, times = loading._read, []  # noqa: SLF001 - the moment between reading a run and using that

    async def changed_meanwhile(engine: Any, resident: Any) -> Any:
        found = await read(engine, resident)
        if len(times) < 3 and found.row.workflow_id == "late":
            times.append(resident.run)
            resident.stale = True
        return found

    monkeypatch.setattr(loading, "_read", changed_meanwhile)
    async with boot(place) as booted:
        await start(booted.node, language, id="late", start_delay="10ms")
        await booted.node.send(pid("late"), "x", 1)
        assert (await end(booted.node, "late"))["got"] == [1]
        (history,) = await booted.stores.each(lambda store: store.journal(store.find("late").run, limit=100))
        assert len(times) == 3
        assert [event.kind for event in history].count(RUN_RELEASED) == 1


async def test_a_run_whose_time_is_over_fails(place: Path, language: str) -> None:
    async with open_node(place) as node:
        for name in ("run_timeout", "execution_timeout"):
            started = await start(node, language, id=name, **{name: "50ms"})
            with pytest.raises(Error, match="timed out") as caught:
                await node.wait(started.value, timeout=30)
            assert caught.value.kind == TIMEOUT


@pytest.mark.parametrize(("policy", "alive"), [("terminate", False), ("abandon", True), ("request_cancel", False)])
async def test_the_end_of_a_parent_decides_over_its_children(
    place: Path, language: str, policy: str, *, alive: bool
) -> None:
    async with open_node(place) as node:
        await start(node, language, policy, entry="parent", id="parent")
        with trio.fail_after(30):
            while node.hosts[HOST].alive(pid("child")) is not True:  # noqa: ASYNC110 - a start has no event
                await trio.sleep(0.01)
        assert await end(node, "parent") == "end"
        if alive:
            assert not (await end(node, "child"))["got"]
        else:
            with pytest.raises(Error) as caught:
                await node.wait(pid("child"), timeout=30)
            assert caught.value.kind == "Canceled"


async def test_a_wrong_option_is_named(place: Path, language: str) -> None:
    async with open_node(place) as node:
        for name, value in (
            ("id", 7),
            ("run_timeout", "soon"),
            ("retry_policy", 3),
            ("cron_schedule", "* *"),
            ("memo", 1),
        ):
            with pytest.raises(Error, match=f"option workflow.{name}") as caught:
                await start(node, language, **{name: value})
            assert caught.value.kind == INVALID


async def test_what_a_run_says_of_itself_is_found_and_read(place: Path, language: str) -> None:
    async with boot(place) as booted:
        node, verbs = booted.node, run_verbs(booted.stores, served=True)
        options = {"search_attributes": {"stage": "one", "tags": ["a", "b"]}, "memo": {"who": "me"}}
        await start(node, language, entry="told", id="told", **options)
        await start(node, language, id="other", search_attributes={"stage": "one"})

        async def found(**attributes: Any) -> list[str]:
            return [line["workflow_id"] for line in await verbs["runs"]({"attributes": attributes})]

        with trio.fail_after(30):
            while "told" not in await found(stage="two"):  # noqa: ASYNC110 - the store has no event
                await trio.sleep(0.01)
        assert await found(stage="one") == ["other"]
        assert await found(n=5, tags="b") == ["told"]
        shown = await verbs["run.show"]({"run": "told"})
        assert shown["search_attributes"] == {"stage": "two", "n": 5, "tags": ["a", "b"]}
        assert shown["memo"] == {"who": "me", "note": [1, 2]}
    async with open_node(place) as node:  # replayed: it says the same
        search, memo, length, sized, refused = await end(node, "told")
        assert search == {"stage": "two", "n": 5, "tags": ["a", "b"]}
        assert memo == {"who": "me", "note": [1, 2]}
        assert (length, sized, refused) == (3, True, True)


async def test_a_state_is_waited_for_and_found_in_the_past(place: Path, language: str) -> None:
    async with open_node(place) as node:
        await start(node, language, id="later", start_delay="1h")
        assert (await node.wait(pid("later"), until="created"))["state"] == "created"
        with pytest.raises(Error, match="timed out"):
            await node.wait(pid("later"), until="paused", timeout=0.05)
        await start(node, language, id="w", start_delay="20ms")
        assert (await node.wait(pid("w"), until="created"))["workflow_id"] == "w"
        assert (await node.wait(pid("w"), until="running", timeout=30))["events"] > 1
        await end(node, "w")
        assert (await node.wait(pid("w"), until="completed", timeout=30))["error"] is None
        assert (await node.wait("w", until="completed", timeout=30))["workflow_id"] == "w"
        with pytest.raises(Error, match="no run 'nobody'"):
            await node.wait("nobody", until="completed", timeout=30)
        with pytest.raises(Error, match="it never was failed") as caught:
            await node.wait(pid("w"), until="failed", timeout=30)
        assert caught.value.kind == "Conflict"


async def test_messages_come_with_the_start_under_each_policy(place: Path, language: str) -> None:
    got = {"return_existing": [1, 2], "skip": [1], "replace": [2], "queue": [1], "allow": [1]}
    async with open_node(place) as node:
        for policy, first in got.items():
            for number in (1, 2):
                options = {"workflow.id": policy, "workflow.on_conflict": policy}
                messages = [("x", (number,))]
                found = await node.start(f"app:waits_{language}", host=HOST, messages=messages, options=options)
            assert (await end(node, policy))["got"] == first, policy
            if policy in {"queue", "allow"}:
                await node.send(found.value, "end")
                assert (await node.wait(found.value, timeout=30))["got"] == [2]


async def test_a_run_that_continues_keeps_what_it_says_of_itself_and_the_id_it_waited_for(
    place: Path, language: str
) -> None:
    async with open_node(place) as node:
        await start(node, language, id="line")
        options = {"id": "line", "on_conflict": "queue", "memo": {"who": "me"}}
        queued = await start(node, language, 1, entry="again", **options)
        await end(node, "line")
        await node.send(queued.value, "go on")
        await node.wait(queued.value, until="waiting", timeout=30)
        with pytest.raises(Error, match="already running"):
            await start(node, language, id="line", on_conflict="reject")
        assert await end(node, "line") == {"who": "me", "round": 1}


@pytest.mark.slow
async def test_a_cron_chain_goes_on_after_a_restart_and_ends_with_a_cancel(place: Path, language: str) -> None:
    async with open_node(place) as node:
        started = await start(node, language, 0, entry="fails", id="cron", cron_schedule="@every 1s")
        assert started.how == "held"
        assert (await node.wait(started.value, until="completed", timeout=30))["attempt"] == 1
    async with boot(place) as booted:
        verbs = run_verbs(booted.stores, served=True)
        with trio.fail_after(30):
            while len(await verbs["runs"]({"state": "completed"})) < 2:  # noqa: ASYNC110 - it has no event
                await trio.sleep(0.02)
        await booted.node.terminate(pid("cron"))
        states = sorted(line["state"] for line in await verbs["runs"]({}))
        assert states[0] == "cancelled"
        assert set(states[1:]) == {"completed"}
