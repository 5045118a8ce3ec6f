"""A service on a durable host keeps one run going, in both languages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.app import Booted, boot
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

PID = f"{{local@{FLOWS}|app:desk}}"
LUA = """
local function main(path)
  local tries, err = funcs.call("app:count", path)
  if tries == 1 then error("the first one fails") end
  local events, inbox = process.events(), process.inbox()
  local got = channel.select({events:case_receive(), inbox:case_receive()})
  if got.channel == inbox then return "closed" end
  return got.value.reason
end
"""
PYTHON = """
from actorflow.script import channel, funcs, process

async def main(path):
    if await funcs.call("app:count", path) == 1:
        raise RuntimeError("the first one fails")
    events, inbox = process.events(), process.inbox()
    got = await channel.select(events.case_receive(), inbox.case_receive())
    return "closed" if got.channel is inbox else got.value["reason"]
"""
COUNT = """
from pathlib import Path

def main(path):
    tries = len(Path(path).read_text()) + 1
    Path(path).write_text("x" * tries)
    return tries
"""
pytestmark = pytest.mark.parametrize("language", ["lua", "py"])


@pytest.fixture
def place(tmp_path: Path, language: str) -> Place:
    made = Place(tmp_path)
    made.lua("run_lua", LUA)
    made.python("run_py", PYTHON)
    made.python("count", COUNT, "function")
    (tmp_path / "tries").write_text("x")
    made.entries["desk"] = {
        "kind": "process.service",
        "process": f"app:run_{language}",
        "host": FLOWS,
        "input": [str(tmp_path / "tries")],
        "lifecycle": {"auto_start": True, "restart": {"initial_delay": "5ms"}},
    }
    return made


@asynccontextmanager
async def booted(place: Place) -> AsyncIterator[Booted]:
    place.save()
    with trio.fail_after(30):
        async with boot(place.path, notices=place.notices.append) as made:
            yield made


def state(made: Booted) -> str:
    return next(line.state for line in made.supervisor.report() if line.id == "app:desk")


async def runs(made: Booted) -> list[tuple[str, str]]:
    """Return (run id, state) of the runs of the service, oldest first."""

    def read(store: Any) -> list[tuple[str, str]]:
        row = store.find("app:desk")
        return [(row.run_id, row.state)] if row else []

    (found,) = await made.stores.each(read)
    return found


async def waits(made: Booted) -> None:
    """Return when the run waits for what people tell it, its call is done."""
    await until(lambda: any(info.pid == PID and _is_told(info.waits) for info in made.node.processes()))


def _is_told(waits: tuple[str, ...]) -> bool:
    return bool(waits) and not any("request" in wait or "call" in wait for wait in waits)


async def test_one_run_goes_on_over_restarts_of_the_node_and_of_the_service(place: Place) -> None:
    async with booted(place) as made:
        await waits(made)
        (first,) = await runs(made)
    async with booted(place) as made:
        assert [found[0] for found in await runs(made)] == [first[0]]
        move = await made.supervisor.move("app:desk", stop=True)
        await made.supervisor.moved(move)
        assert made.node.hosts[FLOWS].alive(PID) is True, "stopping lets go of it"
        move = await made.supervisor.move("app:desk", start=True)
        await made.supervisor.moved(move)
        assert state(made) == "running"
        await made.node.send(PID, "close")
        assert await made.node.wait(PID, timeout=30) == "closed"
        await until(lambda: state(made) == "exited")
        assert await runs(made) == [(first[0], "completed")]


async def test_a_run_that_fails_is_started_again_by_the_policy_of_the_service(place: Place) -> None:
    (place.path / "tries").write_text("")
    async with booted(place) as made:
        await until(lambda: len((place.path / "tries").read_text()) == 2)
        await waits(made)
        await until(lambda: state(made) == "running")
        assert made.supervisor.restarts("app:desk") == 1
        await made.node.terminate(PID)
        await until(lambda: state(made) == "exited")  # a run that was terminated has not failed


async def test_a_service_may_ask_its_run_to_stop(place: Place) -> None:
    place.entries["desk"]["on_stop"] = "cancel"
    async with booted(place) as made:
        await waits(made)
        (first,) = await runs(made)
    place.entries["desk"]["lifecycle"] = {}
    async with booted(place) as made:
        assert await made.node.wait(PID, timeout=30) == "service stopping"
        assert await runs(made) == [(first[0], "completed")]
