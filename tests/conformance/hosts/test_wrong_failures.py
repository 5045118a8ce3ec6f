"""Failures that no store could take as they are: the node and its runs outlive them, and whoever waits hears of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import actorflow
from actorflow.errors import Error
from tests.conformance.hosts.place import HOSTS, Place

FUNCTION = """
from actorflow.script import errors

def main(how):
    details = {"sku": "a", "fine": 1}
    if how == "cycle":
        details["own"] = details
    if how == "function":
        details["own"] = print
    if how == "details":
        details["own"] = "x\\ud800y"
    text, kind = ("x\\ud800y" if how == "text" else "no"), ("Odd\\ud800" if how == "kind" else "Conflict")
    raise errors.Rejected(text, kind, details=details)
"""
PYTHON = """
from actorflow.script import errors, funcs

async def main(how):
    try:
        await funcs.call("app:fails", how)
    except errors.Error as error:
        return [error.kind, error.message, error.details]
"""
LUA = """
local function main(how)
  local _, err = funcs.call("app:fails", how)
  return {err:kind(), err:message(), err:details()}
end
"""
RAISING = """
from actorflow.script import errors

async def main():
    raise ValueError("x\\ud800y")
"""
KEPT: Any = {"sku": "a", "fine": 1}
SAID = {
    "text": ("Conflict", "x\\ud800y", KEPT),
    "kind": ("Odd\\ud800", "no", KEPT),
    "cycle": ("Conflict", "no", "a cycle"),
    "function": ("Conflict", "no", "a function"),
    "details": ("Conflict", "no", "a lone surrogate"),
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("fails", FUNCTION, "function")
    made.python("py", PYTHON)
    made.lua("lua", LUA)
    made.python("raising", RAISING)
    return made


@pytest.mark.parametrize("how", SAID)
async def test_a_failure_that_cannot_be_stored_reaches_its_caller_without_what_cannot(place: Place, how: str) -> None:
    kind, message, details = SAID[how]
    async with place.node() as node:
        for entry in ("app:py", "app:lua"):
            for host in HOSTS:
                got = await node.exec(entry, host=host, args=[how], timeout=20)
                assert got[:2] == [kind, message]
                if isinstance(details, str):
                    assert details in got[2]["dropped"]
                else:
                    assert details.items() <= got[2].items()


async def test_the_end_of_a_process_that_cannot_be_written_is_told(place: Place) -> None:
    async with place.node() as node, actorflow.Client(place.path / ".actorflow") as client:
        for host in HOSTS:
            with pytest.raises(Error, match=r"ValueError: x\\ud800y"):
                await node.exec("app:raising", host=host, timeout=20)
            pid = await client.spawn("app:raising", host)
            with pytest.raises(Error, match=r"ValueError: x\\ud800y"):
                await client.wait(pid)
