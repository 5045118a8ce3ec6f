"""Approvals: asked by a run, answered once by who may, kept for ever, in both languages."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import FLOWS, Place, waiting_for
from tests.conformance.process.rig import until

LUA = """
local function main(options, delay)
  if delay then time.sleep(delay) end
  local answer, err = workflow.approval("refund", options)
  if err then return err:kind() end
  return {answer.approved, answer.by, answer.reason, answer.data or 0}
end
"""
PYTHON = """
from actorflow.script import process, time, workflow
from actorflow.script.errors import Error

async def main(options=None, delay=None):
    options = dict(options or {})
    if delay:
        await time.sleep(delay)
    if isinstance(options.get("expiry"), int):
        options["expiry"] /= 1000
    try:
        answer = await workflow.approval("refund", **options)
    except TimeoutError:
        return "Timeout"
    except Error as error:
        return error.kind
    return [answer["approved"], answer["by"], answer["reason"], answer["data"] or 0]
"""
ENTRIES = ["app:lua", "app:py"]
SCHEMA = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    return made


async def asked(node: Node, entry: str, *args: Any) -> str:
    pid = await node.spawn(entry, host=FLOWS, args=args, options={"workflow.id": "one"})
    await waiting_for(node, pid)
    return pid


@pytest.mark.parametrize("entry", ENTRIES)
async def test_an_approval_waits_over_restarts_and_tells_who_answered(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await asked(node, entry, {"schema": SCHEMA, "reason": "over the limit"})
        (line,) = await node.approvals()
        assert (line["workflow_id"], line["name"], line["reason"]) == ("one", "refund", "over the limit")
    async with place.node() as node:
        assert [line["name"] for line in await node.approvals("one")] == ["refund"]
        for wrong in (None, {"amount": "much"}, {}):
            with pytest.raises(Error, match="approval 'refund'") as caught:
                await node.approve("one", "refund", wrong, by="ann")
            assert caught.value.kind == "Invalid"
        done = await node.approve("one", "refund", {"amount": 5}, by="ann", reason="fine")
        assert done == {"name": "refund", "approved": True, "by": "ann", "early": False}
        assert await node.wait(pid, timeout=20) == [True, "ann", "fine", {"amount": 5}]
        assert await node.approvals() == []
        (line,) = await node.approvals("one", only_open=False)
        assert (line["state"], line["by"], line["data"]) == ("approved", "ann", {"amount": 5})


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_rejection_is_an_answer_and_a_second_one_is_a_conflict(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await asked(node, entry, {"schema": SCHEMA})
        outcomes: list[str] = []

        async def reject(who: str) -> None:
            try:
                await node.approve(pid, "refund", reject=True, by=who, reason="no")
                outcomes.append(who)
            except Error as error:
                outcomes.append(f"{error.kind}: {error.message}")

        async with trio.open_nursery() as nursery:
            for who in ("ann", "bob", "cid"):
                nursery.start_soon(reject, who)
        (winner,) = [outcome for outcome in outcomes if outcome in {"ann", "bob", "cid"}]
        assert all("Conflict" in outcome for outcome in outcomes if outcome != winner)
        assert await node.wait(pid, timeout=20) == [False, winner, "no", 0]


@pytest.mark.parametrize("entry", ENTRIES)
async def test_an_answer_before_the_question_is_kept(place: Place, entry: str) -> None:
    async with place.node() as node:
        options = {"workflow.id": "one", "workflow.hold": True}
        pid = await node.spawn(entry, host=FLOWS, args=[{}, "5ms"], options=options)
        assert (await node.approve(pid, "refund", 5, by="ann"))["early"] is True
        with pytest.raises(Error, match="by ann") as caught:
            await node.approve(pid, "refund", 6, by="bob")
        assert caught.value.kind == "Conflict"
        await node.runs.change("release", "one")
    async with place.node() as node:
        assert await node.wait(pid, timeout=20) == [True, "ann", "", 5]


async def test_an_early_answer_that_does_not_fit_is_dropped_with_a_notice(place: Place) -> None:
    async with place.node() as node:
        options = {"workflow.id": "one", "workflow.hold": True}
        pid = await node.spawn("app:lua", host=FLOWS, args=[{"schema": SCHEMA}], options=options)
        await node.approve(pid, "refund", "nonsense", by="ann")
        await node.runs.change("release", "one")
        await until(lambda: any(notice.code == "approval-refused" for notice in place.notices))
        await node.approve(pid, "refund", {"amount": 1}, by="bob")
        assert await node.wait(pid, timeout=20) == [True, "bob", "", {"amount": 1}]


@pytest.mark.parametrize("entry", ENTRIES)
async def test_an_approval_expires(place: Place, entry: str) -> None:
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, args=[{"expiry": 10}], options={"workflow.id": "one"})
        assert await node.wait(pid, timeout=20) == "Timeout"
        (line,) = await node.approvals("one", only_open=False)
        assert line["state"] == "expired"
        with pytest.raises(Error, match="has ended"):
            await node.approve("one", "refund")


async def test_only_approvers_may_answer(place: Place) -> None:
    async with place.node() as node:
        pid = await asked(node, "app:lua", {"approvers": ["boss", "finance"]})
        with pytest.raises(Error, match="is for boss, finance") as caught:
            await node.approve(pid, "refund", by="ann")
        assert caught.value.kind == "PermissionDenied"
        await node.approve(pid, "refund", actor={"id": "ann", "meta": {"roles": ["finance"]}})
        assert (await node.wait(pid, timeout=20))[1] == "ann"  # type: ignore[index]


async def test_the_guard_is_asked_where_there_is_one(place: Place) -> None:
    async with place.node() as node:
        pid = await asked(node, "app:lua", {})
        with pytest.raises(Error) as caught:
            await node.approve(pid, "refund", actor={"id": "ann", "meta": {}}, scope=[])
        assert caught.value.kind == "PermissionDenied"
        assert len(await node.approvals()) == 1


async def test_what_a_cancelled_run_waited_for_is_withdrawn(place: Place) -> None:
    async with place.node() as node:
        pid = await asked(node, "app:lua", {})
        await node.cancel(pid, "enough")
        assert await node.wait(pid, timeout=20) == "Canceled"
        (line,) = await node.approvals("one", only_open=False)
        assert line["state"] == "withdrawn"


async def test_a_wrong_option_is_refused_and_an_actor_asks_for_nothing(place: Place) -> None:
    suspended = place.lua("suspended", "local function main() return workflow.suspend() end")
    async with place.node() as node:
        for options in ({"schema": {"type": "nonsense"}}, {"approvers": "ann"}, {"expiry": "soon"}, {"unknown": 1}):
            assert await node.exec("app:lua", host=FLOWS, args=[options], timeout=20) == "Invalid"
        assert await node.exec("app:lua", host="app:actors", args=[{}], timeout=20) == "Invalid"
        with pytest.raises(Error, match="works inside a durable run only; wait for a message"):
            await node.exec(suspended, host="app:actors", timeout=20)


@pytest.mark.parametrize("answered", [True, False])
async def test_what_the_store_keeps_is_what_the_run_has_seen(place: Place, answered: bool) -> None:  # noqa: FBT001
    """An answer at the very moment of the expiry: one of the two, for the run and for the record alike."""
    main = place.lua(
        "main",
        """
        local function main()
          local answer, err = workflow.approval("refund", {expiry = "15ms"})
          return err and err:kind() or answer.by
        end
        """,
    )
    async with place.node() as node:
        pids = [await node.spawn(main, host=FLOWS, options={"workflow.id": f"run {n}"}) for n in range(30)]
        for number, pid in enumerate(pids):
            with suppress(Error):
                await node.approve(pid, "refund", by="ann")
            if number % 5 == 4 and answered:
                await trio.sleep(0.002)
        seen = [await node.wait(pid, timeout=20) for pid in pids]
        lines = {line["workflow_id"]: line["state"] for line in await node.approvals(only_open=False)}
    kept = [lines[f"run {number}"] for number in range(30)]
    assert kept == ["approved" if outcome == "ann" else "expired" for outcome in seen]
