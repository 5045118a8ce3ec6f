"""Transactional functions: their SQL and their completion are one commit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import ACTORS, FLOWS, MODULES, Place

BOOKING = """
import time
from actorflow.script import ctx, errors

def main(transaction, item, trouble=""):
    transaction.execute("CREATE TABLE IF NOT EXISTS booking (item TEXT, attempt INTEGER)")
    transaction.execute("INSERT INTO booking VALUES (?, ?)", [item, ctx.attempt])
    if trouble == "once" and ctx.attempt == 1:
        raise OSError("lost")
    if trouble == "reject":
        raise errors.Rejected("sold out")
    if trouble == "loop":
        while True:
            pass
    if trouble == "sql":
        transaction.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    if trouble == "wrong":
        transaction.execute("INSERT INTO nothing VALUES (1)")
    if trouble == "values":
        transaction.execute("INSERT INTO booking VALUES (?, ?)", [1])
    if trouble == "journal":
        transaction.execute("DELETE FROM journal")
    if trouble == "commit":
        transaction.execute("COMMIT")
    return transaction.query("SELECT item, attempt FROM booking WHERE item = ?", [item])
"""
BOOKING_LUA = """
local function main(transaction, item, trouble)
  local attempt = ctx.get("attempt")
  local db = trouble == "by name" and sql.get("app:db") or transaction
  assert(db:execute("CREATE TABLE IF NOT EXISTS booking (item TEXT, attempt INTEGER)"))
  assert(db:execute("INSERT INTO booking VALUES (?, ?)", {item, attempt}))
  if trouble == "once" and attempt == 1 then error("lost") end
  if trouble == "reject" then return nil, errors.new({message = "sold out", kind = "Invalid", retryable = false}) end
  if trouble == "loop" then while true do end end
  if trouble == "sql" then
    assert(transaction:query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"))
  end
  if trouble == "wrong" then assert(transaction:execute("INSERT INTO nothing VALUES (1)")) end
  if trouble == "values" then assert(transaction:execute("INSERT INTO booking VALUES (?, ?)", {1})) end
  if trouble == "journal" then assert(transaction:execute("DELETE FROM journal")) end
  if trouble == "commit" then assert(transaction:execute("COMMIT")) end
  return assert(transaction:query("SELECT item, attempt FROM booking WHERE item = ?", {item}))
end
"""
CALLING = """
local function main(item, trouble)
  local hasty = trouble == "loop" or trouble == "sql"
  local quick = funcs.new():with_options({retry = {initial_delay = "1ms", max_attempts = hasty and 1 or 3}})
  local value, err = quick:call(hasty and "app:hasty" or "app:booking", item, trouble)
  if not err then return {value = value} end
  return {kind = err:kind(), message = err:message()}
end
"""


@pytest.fixture(params=["python", "lua"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    made = Place(tmp_path)
    made.lua("calling", CALLING)
    for name, kill in (("booking", "30s"), ("hasty", "100ms")):
        limits = {"slice": {"kill": kill}}
        if request.param == "python":
            made.python(name, BOOKING, "function", transactional=True, limits=limits)
        else:
            made.lua(name, BOOKING_LUA, "function", transactional=True, limits=limits)
            made.entries[name]["modules"] = [*MODULES, "sql"]
    return made


def bookings(place: Place) -> list[Any]:
    """Return what is in the table, by whoever wrote it."""
    with closing(sqlite3.connect(place.path / ".actorflow" / "runs.db")) as connection:
        return connection.execute("SELECT item, attempt FROM booking ORDER BY item").fetchall()


async def test_what_it_writes_is_there_once_with_its_result(place: Place) -> None:
    async with place.node() as node:
        assert await node.exec("app:calling", host=FLOWS, args=["a"], timeout=20) == {
            "value": [{"item": "a", "attempt": 1}]
        }
        assert await node.exec("app:calling", host=FLOWS, args=["b", "once"], timeout=20) == {
            "value": [{"item": "b", "attempt": 2}]
        }
    assert bookings(place) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ("reject", "Invalid"),
        ("wrong", "Invalid"),
        ("values", "Invalid"),
        ("loop", "Timeout"),
        ("sql", "Timeout"),
        ("journal", "PermissionDenied"),
        ("commit", "PermissionDenied"),
    ],
)
async def test_one_that_fails_leaves_nothing_and_disturbs_nobody(place: Place, trouble: str, kind: str) -> None:
    place.python("plain", "def main():\n    return 1\n", "function")
    other = place.lua("other", "local function main() for _ = 1, 20 do funcs.call('app:plain') end return 'done' end")
    async with place.node() as node:
        await node.exec("app:calling", host=FLOWS, args=["a"], timeout=20)
        pid = await node.spawn(other, host=FLOWS)
        answer = await node.exec("app:calling", host=FLOWS, args=["b", trouble], timeout=20)
        assert answer["kind"] == kind, answer
        assert await node.wait(pid, timeout=20) == "done"
    assert bookings(place) == [("a", 1)]


async def test_what_it_fails_with_shows_no_line_of_the_engine(place: Place) -> None:
    asking = "funcs.with_options(retry={'max_attempts': 1}).call('app:booking', 'a', 'reject')"
    direct = place.python(
        "direct", f"from actorflow.script import funcs\nasync def main():\n    return await {asking}\n"
    )
    async with place.node() as node:
        with pytest.raises(Error) as caught:
            await node.exec(direct, host=FLOWS, timeout=20)
    assert not [
        part
        for part in ("hosts/function", "hosts/workflow", "transact.py", "ports.py")
        if part in caught.value.failure.stack
    ]


async def test_it_is_refused_where_it_could_not_be_one_commit(place: Place) -> None:
    place.entries["elsewhere"] = {"kind": "db.sql.sqlite", "file": "other.db"}
    place.entries["memory"] = {"kind": "workflow.host", "database": "memory", "lifecycle": {"auto_start": True}}
    place.entries["booking"]["database"] = "app:elsewhere"
    async with place.node() as node:
        answer = await node.exec("app:calling", host=FLOWS, args=["a"], timeout=20)
        assert answer["kind"] == "Invalid"
        assert "app:elsewhere" in answer["message"]
        answer = await node.exec("app:calling", host="app:memory", args=["a"], timeout=20)
        assert "in memory" in answer["message"]
        answer = await node.exec("app:calling", host=ACTORS, args=["a"], timeout=20)
        assert "only a workflow calls it" in answer["message"]
        with pytest.raises(Error, match="only a workflow calls it"):
            await node.call("app:booking", "a")
