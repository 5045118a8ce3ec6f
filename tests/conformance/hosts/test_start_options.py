"""Every start option and every way to spawn, in both languages, from an actor and from a workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import trio

from actorflow.app import Booted, boot
from actorflow.node.node import Node
from actorflow.store.view import find
from hosts.workflow import option
from tests.conformance.hosts.place import ACTORS, FLOWS, Place

PARENT_LUA = """
local process = require("process")
local function main(order)
  local with = process.with_options(order.options or {}):with_context({colour = "green"}):with_message("hello", order.word)
  if order.name then with = with:with_name(order.name) end
  local pid, err = with[order.way or "spawn"](with, order.entry or "app:child", order.host or "app:flows", order.word)
  if order.stay then process.inbox():receive() end
  if err then return {error = err:kind(), message = err:message()} end
  return {pid = tostring(pid)}
end
"""
PARENT_PY = """
from actorflow.script import errors, process

async def main(order):
    starter = process.with_options(order.get("options") or {}).with_context(colour="green")
    starter = starter.with_message("hello", order["word"])
    if order.get("name"):
        starter = starter.with_name(order["name"])
    way, entry = getattr(starter, order.get("way") or "spawn"), order.get("entry") or "app:child"
    try:
        pid, error = await way(entry, order.get("host") or "app:flows", order["word"]), None
    except errors.Error as caught:
        pid, error = "", caught
    if order.get("stay"):
        await process.inbox().receive()
    return {"error": error.kind, "message": error.message} if error else {"pid": str(pid)}
"""
CHILD = """
from actorflow.script import ctx, process

async def main(word):
    inbox = process.inbox()
    message = await inbox.receive()
    said = [word, message.topic, message.payload, ctx.get("colour")]
    while (await inbox.receive()).topic != "end":
        pass
    return said
"""
SHORT = "async def main(word):\n    return word\n"
FAILS = "async def main(word):\n    raise ValueError(word)\n"
SPINS = "async def main(word):\n    while True:\n        pass\n"

Check = Callable[[Mapping[str, Any], Node], bool]


def said(name: str, value: Any) -> Check:
    return lambda shown, _node: shown[name] == value


def begins(word: str) -> Check:
    return lambda shown, _node: shown["state"] == "created" and str(shown["reason"]).startswith(word)


def ended(state: str, kind: str) -> Check:
    def check(shown: Mapping[str, Any], _node: Node) -> bool:
        return shown["state"] == state and shown["error"].kind == kind

    return check


YEARLY = "0 0 1 1 *"
PLAIN: Final[list[tuple[str, Any, str, Check]]] = [
    ("id", "own", "child", said("workflow_id", "own")),
    ("key", "k", "child", said("workflow_id", "app:child/k")),
    ("task_queue", "others", "child", said("host", "app:other")),
    ("execution_timeout", "30ms", "child", ended("failed", "Timeout")),
    ("run_timeout", "30ms", "child", ended("failed", "Timeout")),
    ("task_timeout", "20ms", "spins", ended("failed", "Resource")),
    ("retry_policy", {"initial_interval": "1ms", "maximum_attempts": 2}, "fails", said("attempt", 2)),
    ("cron_schedule", YEARLY, "child", begins("begins at ")),
    ("start_delay", "1h", "child", begins("begins at ")),
    ("hold", True, "child", begins("held")),
    ("queue", "night", "child", said("queue", "night")),
    ("memo", {"who": [1, "ann"]}, "child", said("memo", {"who": [1, "ann"]})),
    (
        "search_attributes",
        {"text": "a", "yes": True, "n": 3, "x": 0.5, "many": ["a", "b"]},
        "child",
        said("search_attributes", {"text": "a", "yes": True, "n": 3, "x": 0.5, "many": ["a", "b"]}),
    ),
    ("priority", {"priority_key": 1}, "child", said("priority", 2)),
    ("summary", "what", "child", said("summary", "what")),
    ("static_summary", "what", "child", said("summary", "what")),
    ("details", "more", "child", said("details", "more")),
    ("static_details", "more", "child", said("details", "more")),
    ("tokens", {"a": 1}, "child", lambda shown, _node: shown["tokens"] == {"a": 1}),
    ("lock_key", "k", "child", begins("waits for lock k")),
    ("lock_keys", ["j", "k"], "child", begins("waits for lock j, k")),
    ("lock_scope", "run", "child", said("state", "waiting")),
]
"""An option, a value, the entry that is started with it, and what is then seen of the run."""
IDENTITY: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"id_conflict_policy": "fail"}, "held", "AlreadyExists"),
    ({"id_conflict_policy": "use_existing"}, "held", "same"),
    ({"id_conflict_policy": "terminate_existing"}, "held", "new"),
    ({"on_conflict": "reject"}, "held", "AlreadyExists"),
    ({"on_conflict": "return_existing"}, "held", "same"),
    ({"on_conflict": "skip"}, "held", "same"),
    ({"on_conflict": "replace"}, "held", "new"),
    ({"on_conflict": "queue"}, "held", "beside"),
    ({"on_conflict": "allow"}, "held", "beside"),
    ({"execution_error_when_already_started": True}, "held", "AlreadyExists"),
    ({"execution_error_when_already_started": False}, "held", "same"),
    ({"id_reuse_policy": "terminate_if_running"}, "held", "new"),
    ({"id_reuse_policy": "allow_duplicate"}, "completed", "new"),
    ({"id_reuse_policy": "allow_duplicate_failed_only"}, "completed", "AlreadyExists"),
    ({"id_reuse_policy": "allow_duplicate_failed_only"}, "failed", "new"),
    ({"id_reuse_policy": "reject_duplicate"}, "completed", "AlreadyExists"),
    ({"id_reuse_policy": "reject_duplicate"}, "failed", "AlreadyExists"),
]
"""Options, what there is of the id before, and what comes of the start."""
CLOSING: Final = {"terminate": "cancelled", "request_cancel": "cancelled", "abandon": "waiting"}
NOTICED: Final = [
    ("namespace", "elsewhere"),
    ("versioning_intent", "compatible"),
    ("versioning_override", "x"),
    ("enable_eager_start", True),
]
pytestmark = [pytest.mark.parametrize("language", ["lua", "py"]), pytest.mark.slow]
PARENTS = pytest.mark.parametrize("host", [ACTORS, FLOWS])


def test_no_option_is_left_out(language: str) -> None:
    tested = {name for name, *_ in PLAIN} | {name for options, *_ in IDENTITY for name in options}
    tested |= {"parent_close_policy", "wait_for_cancellation", "cancellation_type"} | {name for name, _ in NOTICED}
    assert tested == set(option._READ) | option.ELSEWHERE, language  # noqa: SLF001 - the options there are


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.entries["other"] = {"kind": "workflow.host", "task_queue": "others", "lifecycle": {"auto_start": True}}
    made.lua("parent_lua", PARENT_LUA)
    made.python("parent_py", PARENT_PY)
    for name, source in {"child": CHILD, "short": SHORT, "fails": FAILS, "spins": SPINS}.items():
        made.python(name, source, "workflow")
    made.save()
    return made


async def asked(node: Node, language: str, host: str, options: Mapping[str, Any], **order: Any) -> dict[str, Any]:
    given = {"options": dict(options), "word": "w", **order}
    answer: dict[str, Any] = await node.exec(f"app:parent_{language}", host=host, args=[given], timeout=30)
    return answer


async def shown_when(booted: Booted, reference: str, check: Check) -> None:
    with trio.fail_after(30):
        while True:
            shown = await booted.node.runs.show(reference)
            if check(shown, booted.node):
                return
            await trio.sleep(0.01)


@PARENTS
async def test_a_start_option_does_what_it_says(place: Place, language: str, host: str) -> None:
    async with boot(place.path, notices=place.notices.append) as booted:
        node = booted.node
        await node.spawn("app:child", host=FLOWS, args=["k"], options={"workflow.lock_keys": ["k"]})
        for number, (name, value, entry, check) in enumerate(PLAIN):
            spelled = {f"workflow.{name}": value}
            if number % 3:
                spelled = {f"temporal.workflow.{name}": value} if number % 3 == 1 else {"workflow": {name: value}}
            keep = {} if host == ACTORS or name in {"id", "key"} else {"workflow.parent_close_policy": "abandon"}
            answer = await asked(node, language, host, {**spelled, **keep}, entry=f"app:{entry}")
            assert "pid" in answer, (name, answer)
            if host == FLOWS and not keep:
                assert check({"workflow_id": find_id(answer["pid"])}, node), name
                continue
            try:
                await shown_when(booted, answer["pid"], check)
            except trio.TooSlowError:
                raise AssertionError((name, await node.runs.show(answer["pid"]))) from None
            if name in {"lock_key", "lock_keys", "cron_schedule"}:
                await node.terminate(answer["pid"])
    assert [notice for notice in place.notices if "option" in notice.code] == []


def find_id(pid: str) -> str:
    return pid[1:-1].partition("|")[2]


@PARENTS
async def test_a_second_start_of_an_id_does_what_its_policy_says(place: Place, language: str, host: str) -> None:
    async with boot(place.path) as booted:
        node = booted.node
        for number, (options, before, outcome) in enumerate(IDENTITY):
            workflow_id = f"w{number}"
            entry = {"held": "app:child", "completed": "app:short", "failed": "app:fails"}[before]
            first = await node.start(entry, host=FLOWS, args=["first"], options={"workflow.id": workflow_id})
            if before != "held":
                await node.wait(str(first.value), until=before, timeout=30)
            spelled = {"id": workflow_id, "parent_close_policy": "abandon", **options}
            answer = await asked(node, language, host, {"workflow": spelled})
            row = await booted.stores.about(workflow_id, lambda reader, name=workflow_id: find(reader, name))  # type: ignore[misc]
            case = (options, before, answer)
            if outcome == "beside":
                assert find_id(answer["pid"]).startswith(f"{workflow_id}~"), case
            elif outcome in {"same", "new"}:
                assert find_id(answer["pid"]) == workflow_id, case
                assert (row.run_id == first.run_id) is (outcome == "same"), case
            else:
                assert answer["error"] == outcome, case
                assert row.run_id == first.run_id, case


async def test_a_parent_that_ends_does_to_its_child_what_the_start_said(place: Place, language: str) -> None:
    async with boot(place.path) as booted:
        for policy, state in CLOSING.items():
            options = {"workflow.id": policy, "workflow.parent_close_policy": policy}
            given = {"options": options, "word": "w", "stay": True}
            parent = await booted.node.spawn(f"app:parent_{language}", host=FLOWS, args=[given])
            await shown_when_there(booted, policy)
            await booted.node.send(parent, "end")
            await booted.node.wait(parent, timeout=30)
            await shown_when(booted, policy, said("state", state))


async def shown_when_there(booted: Booted, workflow_id: str) -> None:
    with trio.fail_after(30):
        while booted.node.hosts[FLOWS].alive(f"{{local@{FLOWS}|{workflow_id}}}") is not True:  # noqa: ASYNC110 - see the name
            await trio.sleep(0.01)


@PARENTS
async def test_an_option_that_means_nothing_here_is_noticed_by_name(place: Place, language: str, host: str) -> None:
    async with boot(place.path, notices=place.notices.append) as booted:
        for name, value in (*NOTICED, ("priority", {"priority_key": 2, "fairness_key": "a"}), ("namespace", "local")):
            assert "pid" in await asked(booted.node, language, host, {f"workflow.{name}": value}, entry="app:short")
        assert "pid" in await asked(booted.node, language, host, {"workflow.run_timout": "1h"}, entry="app:short")
    ignored = [notice.text for notice in place.notices if notice.code == "option-ignored"]
    for name in (*(name for name, _ in NOTICED), "priority.fairness_key"):
        assert [text for text in ignored if f"workflow.{name} " in text], name
    assert len(ignored) == len(NOTICED) + 1
    (unknown,) = [notice.text for notice in place.notices if notice.code == "unknown-option"]
    assert "did you mean" in unknown
    assert "workflow.run_timeout" in unknown


@PARENTS
@pytest.mark.parametrize("way", ["spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"])
async def test_each_way_to_spawn_takes_options_context_messages_and_a_name(
    place: Place, language: str, host: str, way: str
) -> None:
    async with boot(place.path) as booted:
        node = booted.node
        options = {"workflow.memo": {"a": 1}, "workflow.parent_close_policy": "abandon"}
        answer = await asked(node, language, host, options, way=way, name="named")
        assert find_id(answer["pid"]) == "named"
        again = await asked(node, language, host, options, way=way, name="named")
        assert again["pid"] == answer["pid"], "a name finds who has it"
        assert (await node.runs.show("named"))["memo"] == {"a": 1}
        await node.send("named", "end")
        assert await node.wait(answer["pid"], timeout=30) == ["w", "hello", "w", "green"]


@PARENTS
async def test_exec_takes_options_and_a_name(place: Place, language: str, host: str) -> None:
    async with boot(place.path) as booted:
        order = {"way": "exec", "entry": "app:short", "name": "named"}
        answer = await asked(booted.node, language, host, {"workflow.memo": {"a": 1}}, **order)
        assert answer["pid"] == "w", "the result"
        assert (await booted.node.runs.show("named"))["memo"] == {"a": 1}
