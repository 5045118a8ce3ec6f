"""What programs beside a node are told of their mistakes: options that do not exist, runs that have ended, updates
that nothing takes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import actorflow
from actorflow.errors import Error
from actorflow.node.start_option import ELSEWHERE, NAMES, refuse_unknown
from hosts.workflow.option import _READ
from tests.conformance.hosts.place import FLOWS, HOSTS, Place, waiting_for

LUA = """
local function main(how)
  if how == "fail" then return nil, "no" end
  if how == "end" then return "done" end
  workflow.on_update("clear", function() return "cleared" end)
  workflow.on_update("add", function(n) return n end)
  process.listen("never"):receive()
end
"""
PYTHON = """
from actorflow.script import process, workflow
from actorflow.script.errors import Rejected

async def main(how):
    if how == "fail":
        raise Rejected("no")
    if how == "end":
        return "done"
    await workflow.on_update("clear", lambda: "cleared")
    await workflow.on_update("add", lambda n: n)
    await process.listen("never").receive()
"""
SLOW = """
from actorflow.script import process, workflow

async def main():
    async def handle():
        await process.listen("never").receive()
    await workflow.on_update("wait", handle)
    await process.listen("never too").receive()
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", LUA)
    made.python("py", PYTHON)
    return made


def test_the_names_of_the_start_options_are_those_that_are_read() -> None:
    assert set(_READ) | ELSEWHERE == NAMES


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workflow.priorty": 1}, "workflow.priorty does not exist; did you mean 'workflow.priority'"),
        ({"temporal.workflow.run_timout": "1h"}, "did you mean 'workflow.run_timeout'"),
        ({"workflow": {"idd": "x"}}, "workflow.idd does not exist; did you mean 'workflow.id'"),
        ({"temporal": {"workflow": {"memos": {}}}}, "did you mean 'workflow.memo'"),
        ({"workfow.priority": 1}, "did you mean 'workflow.priority'"),
        ({"priority": 1}, "did you mean 'workflow.priority'"),
        ({"temporal.id": "x"}, "did you mean 'workflow.id'"),
        ({"workflow.xyzzy": 1}, "there are cancellation_type, cron_schedule"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(Error, match=said) as caught:
        refuse_unknown(options)
    assert caught.value.kind == "Invalid"


def test_options_of_ours_and_of_other_hosts_pass() -> None:
    refuse_unknown({f"{prefix}workflow.{name}": 1 for name in NAMES for prefix in ("", "temporal.")})
    refuse_unknown({"workflow": {"id": "x", "memo": {"anything": 1}}, "acme.region": "eu", "acme.priorty": 1})


async def test_a_client_is_told_of_a_misspelt_option_and_nothing_starts(place: Place) -> None:
    async with place.node() as node, actorflow.Client(place.path / ".actorflow") as client:
        for host in HOSTS:
            for start in (client.spawn, client.start):
                with pytest.raises(Error, match=r"did you mean 'workflow\.priority'") as caught:
                    await start("app:py", host, ["wait"], options={"workflow.priorty": 1})
                assert caught.value.kind == "Invalid"
        assert await client.runs() == []
        assert list(node.processes()) == []


@pytest.mark.parametrize("entry", ["app:lua", "app:py"])
async def test_of_a_run_that_has_ended_is_said_how_and_since_when(place: Place, entry: str) -> None:
    async with place.node() as node, actorflow.Client(place.path / ".actorflow") as client:
        for how, state in (("end", "completed"), ("fail", "failed")):
            pid = await node.spawn(entry, host=FLOWS, args=[how], options={"workflow.id": how})
            await client.wait(how, until=state)
            since = (await client.run(how))["states"][-1]["at"]
            asks = (lambda run: client.send(run, "x"), client.cancel, client.terminate)
            for ask in asks:
                for run in (pid, how):
                    with pytest.raises(Error, match=f"its run is {state}, since 2") as caught:
                        await ask(run)
                    details: Any = caught.value.failure.details
                    assert (caught.value.kind, details["since"]) == ("Conflict", since)
            verbs = {"pause": "paused", "resume": "pending", "cancel": "cancelled", "terminate": "cancelled"}
            for verb, to in verbs.items():
                with pytest.raises(Error, match=rf"it is {state}, since \S+Z, and would be {to}") as caught:
                    await client.change_run(verb, how)
                assert caught.value.kind == "Conflict"
            with pytest.raises(Error, match=f"update 'add': run '{how}' has ended .*: {state}, since 2"):
                await client.update(how, "add", 1)
        with pytest.raises(Error, match="`actorflow run retry` opens it again"):
            await client.cancel("fail")
        with pytest.raises(Error, match=r"it is completed, since \S+Z, and would be pending"):
            await client.change_run("retry", "end")


async def test_what_was_never_there_is_not_found(place: Place) -> None:
    async with place.node(), actorflow.Client(place.path / ".actorflow") as client:
        for ask in (lambda run: client.send(run, "x"), client.cancel, client.terminate):
            for run in ("nobody", "{local@app:flows|nobody}", "{local@app:actors|0x77}"):
                with pytest.raises(Error) as caught:
                    await ask(run)
                assert caught.value.kind == "NotFound"


@pytest.mark.parametrize("entry", ["app:lua", "app:py"])
async def test_an_update_that_nothing_takes_says_so_when_its_time_is_over(place: Place, entry: str) -> None:
    async with place.node() as node, actorflow.Client(place.path / ".actorflow") as client:
        pid = await node.spawn(entry, host=FLOWS, args=["wait"])
        await waiting_for(node, pid)
        for ask in (node.update, client.update):
            with pytest.raises(
                Error, match="no handler of that name; did you mean 'clear'; it has: add, clear"
            ) as caught:
                await ask(pid, "claer", timeout=0.05)
            assert caught.value.kind == "Timeout"
        with pytest.raises(Error, match="no handler of that name; it has: add, clear"):
            await node.update(pid, "ship", timeout=0.05)
        assert await node.update(pid, "add", 2) == 2
        await client.change_run("pause", pid)
        with pytest.raises(Error, match="its run is paused"):
            await node.update(pid, "add", 1, timeout=0.05)


async def test_an_update_whose_handler_is_at_work_is_not_said_to_have_none(place: Place) -> None:
    place.python("slow", SLOW)
    async with place.node() as node:
        pid = await node.spawn("app:slow", host=FLOWS)
        await waiting_for(node, pid)
        with pytest.raises(Error, match=r"timed out after 0\.05 s$"):
            await node.update(pid, "wait", timeout=0.05)
