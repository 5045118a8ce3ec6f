"""Sagas: what was done is undone in reverse order on failure and on cancellation, in both languages on both hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.run.rule import LOST_CHILDREN
from tests.conformance.hosts.place import ACTORS, FLOWS, Place
from tests.conformance.process.rig import until

FUNCTIONS = """
from pathlib import Path

import trio

from actorflow.script import ctx
from actorflow.script.errors import Error, Rejected

def write(path, text):
    with open(path, "a") as file:
        file.write(text + "\\n")
    return text

def undo(step):
    error = step["error"]
    return write(step["input"][0], f"undo {step['name']} {step['input'][1]} {step['result']} {error.kind}")

async def refund(path):
    bank = Path(path).with_name("bank")
    if bank.exists():
        bank.write_text("asked")
        while bank.read_text() != "open":
            await trio.sleep(0.005)
    return write(path, "refund")

def refuse(path):
    raise Rejected("no")

def shaky(step):
    if ctx.get("attempt") == 1:
        raise Error("the line broke")
    return undo(step)
"""
LUA = """
local function main(path, how)
  local saga = workflow.saga()
  saga:step("book", "app:write", nil, {args = {path, "room"}, compensate = "app:shaky"})
  saga:defer(function() return workflow.step("tell", "app:write", nil, {args = {path, "deferred"}}) end)
  saga:step("bad", "app:write", nil, {args = {path, "bad"}, compensate = {call = "app:refuse", input = path}})
  saga:step("pay", "app:write", nil, {args = {path, "card"}, compensate = {call = "app:refund", input = path}})
  if how == "complete" then saga:complete() return nil, "after" end
  if how == "raise" then error(errors.new({message = "oops", kind = "Conflict"})) end
  if how == "refuse" then
    local _, err = saga:step("last", "app:refuse", path, {compensate = "app:undo"})
    return nil, err
  end
  if how == "wait" then process.inbox():receive() end
  return "done"
end
"""
PYTHON = """
from actorflow.script import process, workflow
from actorflow.script.errors import CONFLICT, Error

async def main(path, how):
    async with workflow.saga() as saga:
        await saga.step("book", "app:write", path, "room", compensate="app:shaky")
        saga.defer(lambda: workflow.step("tell", "app:write", path, "deferred"))
        await saga.step("bad", "app:write", path, "bad", compensate={"call": "app:refuse", "input": path})
        await saga.step("pay", "app:write", path, "card", compensate={"call": "app:refund", "input": path})
        if how == "complete":
            saga.complete()
            raise Error("after")
        if how == "raise":
            raise Error("oops", CONFLICT)
        if how == "refuse":
            await saga.step("last", "app:refuse", path, compensate="app:undo")
        if how == "wait":
            await process.inbox().receive()
    return "done"
"""
DONE = ["room", "bad", "card"]
BOTH = [(language, host) for language in ("lua", "py") for host in (ACTORS, FLOWS)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    for name in ("write", "undo", "refund", "refuse", "shaky"):
        made.python(name, FUNCTIONS, "function", method=name)
    made.entries["shaky"]["meta"] = {"options": {"retry": {"initial_delay": "1ms", "max_attempts": 3}}}
    made.lua("lua", LUA)
    made.entries["lua"]["modules"] = [*made.entries["lua"]["modules"], "errors"]
    made.python("py", PYTHON)
    return made


def undone(kind: str) -> list[str]:
    return [*DONE, "refund", "deferred", f"undo book room room {kind}"]


async def ended(node: Node, entry: str, host: str, path: Path, how: str) -> str:
    with pytest.raises(Error) as caught:
        await node.exec(entry, host=host, args=[str(path), how], timeout=20)
    return caught.value.kind


@pytest.mark.parametrize(("language", "host"), BOTH)
async def test_failed_sagas_are_undone_and_others_are_not(place: Place, language: str, host: str) -> None:
    entry = f"app:{language}"
    paths = {how: place.path / how for how in ("succeed", "complete", "raise", "refuse")}
    async with place.node() as node:
        assert await node.exec(entry, host=host, args=[str(paths["succeed"]), "succeed"], timeout=20) == "done"
        await ended(node, entry, host, paths["complete"], "complete")
        assert await ended(node, entry, host, paths["raise"], "raise") == "Conflict"
        assert await ended(node, entry, host, paths["refuse"], "refuse") == "Invalid"
    seen = {how: path.read_text().splitlines() for how, path in paths.items()}
    assert seen == {
        "succeed": DONE,
        "complete": DONE,
        "raise": undone("Conflict"),
        "refuse": undone("Invalid"),
    }


@pytest.mark.parametrize(("language", "host"), BOTH)
async def test_a_cancelled_saga_is_undone(place: Place, language: str, host: str) -> None:
    path = place.path / "effects"
    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=host, args=[str(path), "wait"])
        await until(lambda: path.exists() and path.read_text().splitlines() == DONE)
        await until(lambda: any("inbox" in wait for info in node.processes() for wait in info.waits))
        await node.cancel(pid, "enough")
        with pytest.raises(Error) as caught:
            await node.wait(pid, timeout=20)
    assert caught.value.kind == "Canceled"
    assert path.read_text().splitlines() == undone("Canceled")


@pytest.mark.parametrize(("language", "host"), BOTH)
async def test_a_cancel_does_not_cut_short_what_undoes_a_saga(place: Place, language: str, host: str) -> None:
    """A refund that waits for the bank is not given up because somebody cancels a second time."""
    path, bank = place.path / "effects", place.path / "bank"
    bank.touch()
    async with place.node() as node:
        pid = await node.spawn(f"app:{language}", host=host, args=[str(path), "wait"])
        await until(lambda: path.exists() and path.read_text().splitlines() == DONE)
        await until(lambda: any("inbox" in wait for info in node.processes() for wait in info.waits))
        await node.cancel(pid, "enough")
        await until(lambda: bank.read_text() == "asked")
        await node.cancel(pid, "now")
        await node.cancel(pid, "at once")
        bank.write_text("open")
        with pytest.raises(Error) as caught:
            await node.wait(pid, timeout=20)
    assert (caught.value.kind, caught.value.message) == ("Canceled", "enough")
    assert path.read_text().splitlines() == undone("Canceled")


async def both(place: Place, lua: str, python: str, *args: Any) -> list[Any]:
    """Return the results of scripts in both languages on both hosts."""
    entries = (place.lua("main_lua", lua), place.python("main_py", python))
    async with place.node() as node:
        return [
            await node.exec(entry, host=host, args=args, timeout=20) for entry in entries for host in (ACTORS, FLOWS)
        ]


STOPPING = """
local function main(path)
  local older, newer = workflow.saga(), workflow.saga({errors = "stop"})
  older:step("older", "app:write", nil, {args = {path, "older"}, compensate = "app:undo"})
  newer:step("kept", "app:write", nil, {args = {path, "kept"}, compensate = "app:undo"})
  newer:step("bad", "app:write", nil, {args = {path, "bad"}, compensate = "app:refuse"})
  return nil, errors.new({message = "failed", kind = "Conflict"})
end
"""


async def test_a_saga_may_stop_at_a_compensation_that_fails_and_says_so(place: Place) -> None:
    path = place.path / "effects"
    results = await both(
        place,
        """
        local function main(path)
          local kept
          local _, err = workflow.saga({errors = "stop"}, function(saga)
            kept = saga
            saga:step("first", "app:write", nil, {args = {path, "first"}, compensate = "app:undo"})
            saga:step("bad", "app:write", nil, {args = {path, "bad"}, compensate = "app:refuse"})
            return nil, "failed"
          end)
          return {err, kept:failures().bad:kind(), kept:failures().first == nil}
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Error

        async def main(path):
            try:
                async with workflow.saga(errors="stop") as saga:
                    await saga.step("first", "app:write", path, "first", compensate="app:undo")
                    await saga.step("bad", "app:write", path, "bad", compensate="app:refuse")
                    raise Error("failed")
            except Error:
                return ["failed", saga.failures["bad"].kind, "first" not in saga.failures]
        """,
        str(path),
    )
    assert results == [["failed", "Invalid", True]] * 4
    assert path.read_text().splitlines() == ["first", "bad"] * 4


async def test_runs_of_older_rules_end_with_the_first_saga_that_stops(place: Place) -> None:
    path = place.path / "effects"
    entry = place.lua("main_lua", STOPPING)
    async with place.node() as node:
        host: Any = node.hosts[FLOWS]
        host.rules = LOST_CHILDREN
        with pytest.raises(Error):
            await node.exec(entry, host=FLOWS, args=[str(path)], timeout=20)
    assert path.read_text().splitlines() == ["older", "kept", "bad"]


async def test_a_saga_that_stops_keeps_no_older_one_from_being_undone(place: Place) -> None:
    path = place.path / "effects"
    entries = (
        place.lua("main_lua", STOPPING),
        place.python(
            "main_py",
            """
            from actorflow.script import workflow
            from actorflow.script.errors import CONFLICT, Error

            async def main(path):
                async with workflow.saga() as older:
                    await older.step("older", "app:write", path, "older", compensate="app:undo")
                    async with workflow.saga(errors="stop") as newer:
                        await newer.step("kept", "app:write", path, "kept", compensate="app:undo")
                        await newer.step("bad", "app:write", path, "bad", compensate="app:refuse")
                        raise Error("failed", kind=CONFLICT)
            """,
        ),
    )
    why = {"app:main_lua": "Conflict", "app:main_py": "Invalid"}  # why it was undone; the compensation that failed
    async with place.node() as node:
        for entry in entries:
            for host in (ACTORS, FLOWS):
                path.write_text("")
                with pytest.raises(Error):
                    await node.exec(entry, host=host, args=[str(path)], timeout=20)
                assert path.read_text().splitlines() == ["older", "kept", "bad", f"undo older older older {why[entry]}"]


async def test_a_step_that_timed_out_is_undone_and_one_that_was_refused_is_not(place: Place) -> None:
    path = place.path / "effects"
    results = await both(
        place,
        """
        local function main(path)
          local saga = workflow.saga()
          local function undo(step) funcs.call("app:write", path, "undo " .. step.name) end
          local function slow() time.sleep("1h") end
          local _, late = saga:step("slow", slow, nil, {timeout = "5ms", compensate = undo})
          local _, no = saga:step("no", "app:refuse", path, {compensate = undo})
          saga:compensate(no)
          return {late:kind(), no:kind()}
        end
        """,
        """
        from actorflow.script import funcs, time, workflow
        from actorflow.script.errors import Error

        async def main(path):
            saga = workflow.saga()
            kinds = []

            async def undo(step):
                await funcs.call("app:write", path, "undo " + step["name"])

            for name, what, args, options in [
                ("slow", lambda: time.sleep("1h"), (), {"timeout": 0.005}), ("no", "app:refuse", (path,), {})
            ]:
                try:
                    await saga.step(name, what, *args, compensate=undo, **options)
                except Error as error:
                    kinds.append(error.kind)
            await saga.compensate()
            return kinds
        """,
        str(path),
    )
    assert results == [["Timeout", "Invalid"]] * 4
    assert path.read_text().splitlines() == ["undo slow"] * 4


async def test_wrong_sagas_say_what_is_expected(place: Place) -> None:
    results = await both(
        place,
        """
        local function main()
          local said = {}
          for _, problem in ipairs({
            select(2, workflow.saga({errors = "all"})),
            select(2, workflow.saga():step("a", "app:write", 1, {compensate = 5})),
            select(2, workflow.saga():step("a", "app:write", 1, {compensate = {}})),
          }) do said[#said + 1] = problem:kind() end
          return said
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Error

        async def main():
            said = []
            for wrong in ({"errors": "all"}, {"compensate": 5}, {"compensate": {}}):
                try:
                    if "errors" in wrong:
                        workflow.saga(**wrong)
                    await workflow.saga().step("a", "app:write", 1, **wrong)
                except Error as error:
                    said.append(error.kind)
            return said
        """,
    )
    assert results == [["Invalid"] * 3] * 4
