"""Transactional functions where the runs are kept on a server: the same, in both languages, and while connections break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.hosts.place import FLOWS, MODULES, Place
from tests.conformance.hosts.test_transactional import CALLING
from tests.databases import POSTGRES, SLOW_MARIADB, connected, emptied

BOOKING = """
import time
from actorflow.script import ctx, errors

def main(transaction, item, trouble=""):
    changed = transaction.execute("INSERT INTO booking (item, attempt) VALUES (?, ?)", [item, ctx.attempt])
    if trouble == "twice":
        try:
            transaction.execute("INSERT INTO booking (item, attempt) VALUES ($1, $2)", [item, 7])
        except Exception as error:
            changed = type(error).__name__
    if trouble == "once" and ctx.attempt == 1:
        raise OSError("lost")
    if trouble == "reject":
        raise errors.Rejected("sold out")
    if trouble == "loop":
        while True:
            pass
    if trouble == "sql":
        transaction.query(SLOW)
    if trouble.startswith("!"):
        transaction.execute(trouble[1:])
    if trouble == "names":
        return transaction.query("SELECT attempt, ':item' AS n FROM booking WHERE item = :item", {"item": item})
    return transaction.query("SELECT item, attempt FROM booking WHERE item = ?", [item])
"""
BOOKING_LUA = """
local function main(transaction, item, trouble)
  local attempt = ctx.get("attempt")
  trouble = trouble or ""
  local db = trouble == "once" and assert(sql.get("app:db")) or transaction
  assert(db:execute("INSERT INTO booking (item, attempt) VALUES (?, ?)", {item, attempt}))
  if trouble == "twice" then
    local _, err = transaction:execute("INSERT INTO booking (item, attempt) VALUES ($1, $2)", {item, 7})
    assert(err:kind() == "AlreadyExists", err)
  end
  if trouble == "once" and attempt == 1 then error("lost") end
  if trouble == "reject" then return nil, errors.new({message = "sold out", kind = "Invalid", retryable = false}) end
  if trouble == "loop" then while true do end end
  if trouble == "sql" then assert(transaction:query(SLOW)) end
  if trouble:sub(1, 1) == "!" then assert(transaction:execute(trouble:sub(2))) end
  return assert(transaction:query("SELECT item, attempt FROM booking WHERE item = ?", {item}))
end
"""
SLOW = {"postgres": "SELECT pg_sleep(60)", "mariadb": "SELECT sleep(60)"}
KINDS = {"postgres": "db.sql.postgres", "mariadb": "db.sql.mysql"}


@pytest.fixture(params=[POSTGRES, SLOW_MARIADB])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str) -> Any:
    url = emptied(kind)
    with connected(url) as connection:
        connection.execute("DROP TABLE IF EXISTS booking")
        connection.execute("CREATE TABLE booking (item VARCHAR(20) PRIMARY KEY, attempt INTEGER)")
    yield url
    with connected(url) as connection:
        connection.execute("DROP TABLE booking")


@pytest.fixture
def place(tmp_path: Path, url: Any, kind: str) -> Place:
    made = Place(tmp_path, {"database": "app:db"})
    given = {"host": url.host, "port": url.port, "username": url.username, "password": url.password}
    given = {name: value for name, value in given.items() if value}
    started = {"lifecycle": {"auto_start": True}}
    made.entries["db"] = {"kind": KINDS[kind], "database": url.database, "options": dict(url.query), **given, **started}
    made.lua("calling", CALLING)
    return made


def booking(place: Place, kind: str, language: str, kill: str = "4s") -> None:
    slow = f"{SLOW[kind]!r}"
    for name, limit in (("booking", kill), ("hasty", "300ms")):
        limits = {"slice": {"kill": limit}}
        if language == "python":
            place.python(name, BOOKING.replace("SLOW", slow), "function", transactional=True, limits=limits)
        else:
            place.lua(name, BOOKING_LUA.replace("SLOW", slow), "function", transactional=True, limits=limits)
            place.entries[name]["modules"] = [*MODULES, "sql"]


def bookings(url: Any) -> list[Any]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute("SELECT item, attempt FROM booking ORDER BY item").fetchall()]


@pytest.mark.parametrize("language", [pytest.param("python", marks=pytest.mark.slow), "lua"])
async def test_what_it_writes_is_there_once_with_its_result(place: Place, url: Any, kind: str, language: str) -> None:
    booking(place, kind, language)
    async with place.node() as node:
        for item, trouble, attempt in (("a", "", 1), ("b", "once", 2), ("c", "twice", 1)):
            answer = await node.exec("app:calling", host=FLOWS, args=[item, trouble], timeout=20)
            assert answer == {"value": [{"item": item, "attempt": attempt}]}
        if language == "python":
            answer = await node.exec("app:calling", host=FLOWS, args=["d", "names"], timeout=20)
            assert answer == {"value": [{"attempt": 1, "n": ":item"}]}
    assert bookings(url)[:3] == [("a", 1), ("b", 2), ("c", 1)]


TROUBLE = {
    "reject": "Invalid",
    "loop": "Timeout",
    "sql": "Timeout",
    "!DELETE FROM journal": "PermissionDenied",
    "!/* so */ commit": "PermissionDenied",
    "!SAVEPOINT one": "PermissionDenied",
    "!INSERT INTO `turnstile` SELECT * FROM `turnstile`": "PermissionDenied mariadb",
    "!UPDATE booking, run SET run.state = 'x'": "PermissionDenied mariadb",
    "!/*! COMMIT */": "PermissionDenied mariadb",
    "!CREATE TABLE other (n INTEGER)": "PermissionDenied mariadb",
    "!TRUNCATE journal": "PermissionDenied postgres",
    "!CREATE TEMP TABLE journal (n INTEGER)": "PermissionDenied postgres",
    "!ALTER TABLE run ADD COLUMN more text": "PermissionDenied postgres",
    "!WITH gone AS (DELETE FROM run RETURNING run) SELECT * FROM gone": "PermissionDenied postgres",
    "!DO $$ BEGIN COMMIT; END $$": "PermissionDenied postgres",
    "!SELECT 1; COMMIT": "Invalid postgres",
    "!INSERT INTO nothing VALUES (1)": "Invalid",
}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "lua"])
async def test_one_that_fails_leaves_nothing_and_disturbs_nobody(
    place: Place, url: Any, kind: str, language: str
) -> None:
    booking(place, kind, language)
    place.python("plain", "def main():\n    return 1\n", "function")
    other = place.lua("other", "local function main() for _ = 1, 5 do funcs.call('app:plain') end return 'done' end")
    async with place.node() as node:
        for trouble, means in TROUBLE.items():
            expected, _, where = means.partition(" ")
            if where in {"", kind}:
                pid = await node.spawn(other, host=FLOWS)
                answer = await node.exec("app:calling", host=FLOWS, args=["x", trouble], timeout=20)
                assert answer.get("kind") == expected, (trouble, answer)
                assert await node.wait(pid, timeout=20) == "done"
    assert bookings(url) == []


@pytest.mark.slow
async def test_what_a_server_cannot_wait_for_is_refused(place: Place, url: Any, kind: str) -> None:
    booking(place, kind, "lua", kill="5s")
    async with place.node() as node:
        answer = await node.exec("app:calling", host=FLOWS, args=["a"], timeout=20)
        assert answer["kind"] == "Invalid"
        assert "limits.slice.kill" in answer["message"]
    assert bookings(url) == []
