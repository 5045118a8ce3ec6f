"""Names with a NUL character: refused with the same words whatever the store is, where they come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import INVALID, Error
from tests.conformance.hosts.place import MODULES, Place
from tests.databases import POSTGRES, SLOW_MARIADB, emptied

KINDS = {"postgres": "db.sql.postgres", "mariadb": "db.sql.mysql"}
LUA = """
local function main()
  local said = {}
  local function try(f, ...)
    local ok, value, err = pcall(f, ...)
    if not ok then err = value end
    said[#said + 1] = err and {err:kind(), err:message():find("NUL", 1, true) ~= nil} or {"done"}
  end
  try(funcs.call, "app:a\\0b")
  try(process.send, "nobody", "a\\0b", 1)
  try(process.send, "no\\0body", "a", 1)
  try(process.spawn, "app:a\\0b", "app:flows")
  try(process.registry.register, "a\\0b")
  try(workflow.step, "a\\0b", function() return 1 end)
  try(workflow.version, "a\\0b", 1, 1)
  try(workflow.wait_for, nil, "a\\0b", "completed")
  try(workflow.attrs, {search = {["a\\0b"] = 1}})
  try(workflow.attrs, {search = {a = "a\\0b"}})
  process.inbox():receive()
  return said
end
"""
PYTHON = """
from actorflow.script import Error, funcs, process, workflow

async def main():
    said = []
    async def attempt(f, *args, **named):
        try:
            await f(*args, **named)
            said.append(["done"])
        except Error as error:
            said.append([error.kind, "NUL" in error.message])
    await attempt(funcs.call, "app:a\\0b")
    await attempt(process.send, "nobody", "a\\0b", 1)
    await attempt(process.send, "no\\0body", "a", 1)
    await attempt(process.spawn, "app:a\\0b", host="app:flows")
    await attempt(process.registry.register, "a\\0b")
    await attempt(workflow.step, "a\\0b", lambda: 1)
    await attempt(workflow.version, "a\\0b", 1, 1)
    await attempt(workflow.wait_for, None, "a\\0b", "completed")
    await attempt(workflow.attrs, search={"a\\0b": 1})
    await attempt(workflow.attrs, search={"a": "a\\0b"})
    await process.inbox().receive()
    return said
"""
REFUSALS = [[INVALID, True]] * 10


@pytest.fixture(params=["memory", "sqlite", POSTGRES, SLOW_MARIADB])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    kind = request.param
    if kind == "sqlite":
        return Place(tmp_path)
    made = Place(tmp_path, {"database": "memory" if kind == "memory" else "app:db"})
    if kind in KINDS:
        url: Any = emptied(kind)
        given = {"host": url.host, "port": url.port, "username": url.username, "password": url.password}
        given = {name: value for name, value in given.items() if value}
        made.entries["db"] = {"kind": KINDS[kind], "database": url.database, "options": dict(url.query), **given}
        made.entries["db"]["lifecycle"] = {"auto_start": True}
    return made


async def test_names_with_a_nul_are_refused_where_they_come_in(place: Place) -> None:
    entries = [place.lua("lua", LUA), place.python("py", PYTHON)]
    place.entries["lua"]["modules"] = MODULES
    async with place.node() as node:
        for entry in entries:
            pid = await node.spawn(entry, host="app:flows")
            with pytest.raises(Error, match="NUL") as caught:
                await node.send(pid, "a\0b", 1)
            assert caught.value.kind == INVALID
            await node.send(pid, "go", 1)
            assert await node.wait(pid, timeout=20) == REFUSALS
