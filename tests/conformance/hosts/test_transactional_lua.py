"""Transactional functions in Lua: what they may do while the store waits for them, and what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.hosts.place import FLOWS, MODULES, Place

NOTING = """
local function main(transaction, what)
  assert(transaction:execute("CREATE TABLE IF NOT EXISTS note (text)"))
  assert(transaction:execute("INSERT INTO note VALUES (?)", {what}))
  local value, err = %s
  return {value = value, kind = err and err:kind(), message = err and err:message()}
end
"""
CALLING = """
local function main(...)
  local value, err = funcs.new():with_options({retry = {max_attempts = 1}}):call("app:noting", ...)
  if not err then return value end
  return {kind = err:kind(), message = err:message(), failed = true}
end
"""
REFUSED = {
    "a call": "funcs.call('app:calling')",
    "a call that nobody waits for": "funcs.async('app:calling')",
    "a timer": "pcall(time.sleep, '1ms')",
    "a time-out": "time.after('1ms')",
    "a message": "process.send('somebody', 'topic', 1)",
    "a process": "process.spawn('app:calling', 'app:flows')",
    "an operation": "env.get('HOME')",
    "another database": "sql.get('app:other')",
    "no database": "sql.get('')",
    "a transaction in it": "sql.get('app:db'):begin()",
    "its end": "transaction:commit()",
    "its undoing": "transaction:rollback()",
    "a savepoint": "transaction:savepoint('here')",
    "figures": "sql.get('app:db'):stats()",
    "no SQL": "transaction:execute('')",
    "too few values": "transaction:execute('INSERT INTO note VALUES (?)', {})",
}
HIDING = """(function()
  assert(transaction:execute("CREATE TEMP TABLE mine (run)"))
  local problem
  for _, text in ipairs({
    "CREATE TEMP TABLE journal (run)", "CREATE TEMP TABLE JOURNAL (run)", "CREATE TEMP VIEW Journal AS SELECT 1",
    "CREATE VIRTUAL TABLE temp.journal USING fts5(run)", "ALTER TABLE mine RENAME TO journal",
  }) do
    local done, err = transaction:execute(text)
    if done then return text .. " was done" end
    problem = err
  end
  return nil, problem
end)()"""
RULE = "a transactional function"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path, {"database": "app:db"})
    made.entries["db"] = {"kind": "db.sql.sqlite", "file": "kept.db", "lifecycle": {"auto_start": True}}
    made.entries["other"] = {"kind": "db.sql.sqlite", "file": "other.db", "lifecycle": {"auto_start": True}}
    made.lua("calling", CALLING)
    return made


def noting(place: Place, expression: str, **fields: Any) -> None:
    """Let the function note something and then do `expression`."""
    fields = {"limits": {"slice": {"kill": "30s"}}, **fields}
    place.lua("noting", NOTING.replace("%s", expression), "function", transactional=True, **fields)
    place.entries["noting"]["modules"] = [*MODULES, "sql", "env"]


def notes(place: Place) -> list[str]:
    with closing(sqlite3.connect(place.path / ".actorflow" / "kept.db")) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note")]


async def test_what_would_be_waited_for_is_refused_and_the_function_goes_on(place: Place) -> None:
    choice = ", ".join(f"[{name!r}] = function() return {code} end" for name, code in REFUSED.items())
    noting(place, f"({{{choice}}})[what]()")
    async with place.node() as node:
        for what in REFUSED:
            answer = await node.exec("app:calling", host=FLOWS, args=[what], timeout=20)
            if what == "a timer":  # it raises
                assert (answer["value"], answer.get("failed")) == (False, None), answer
                assert RULE in answer["message"], answer
                continue
            assert "failed" not in answer, (what, answer)
            assert "value" not in answer, answer
            if what not in {"no SQL", "too few values"}:
                assert RULE in answer["message"], answer
    assert notes(place) == list(REFUSED)


async def test_its_database_by_name_is_its_transaction(place: Place) -> None:
    noting(
        place,
        """(function()
          local db = assert(sql.get("app:db"))
          local insert = assert(db:prepare("INSERT INTO note VALUES ($1); INSERT INTO note VALUES ($1 || '!')"))
          local done = assert(insert:execute({"more"}))
          local rows = assert(transaction:query("SELECT text FROM note ORDER BY rowid"))
          assert(transaction:execute("CREATE TABLE flag (set_ BOOLEAN, number INTEGER)"))
          assert(transaction:execute("INSERT INTO flag VALUES (?, ?)", {true, 1}))
          local flag = assert(transaction:query("SELECT set_ AS yes, number FROM flag WHERE set_ = ?", {true}))[1]
          assert(flag.yes == true and flag.number == 1)
          return {done.rows_affected, db:type(), transaction:type(), rows[3].text, ctx.get("attempt"), #uuid.v4()}
        end)()""",
    )
    async with place.node() as node:
        answer = await node.exec("app:calling", host=FLOWS, args=["first"], timeout=20)
        assert answer == {"value": [2, "sqlite", "sqlite", "more!", 1, 36]}
    assert notes(place) == ["first", "more", "more!"]


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("channel.new():receive()", "Invalid", "waits for what cannot come"),
        ("(function() while true do coroutine.spawn(function() end) end end)()", "Timeout", "was undone"),
        ("(function() while true do pcall(transaction.query, transaction, 'SELECT 1') end end)()", "Timeout", "undone"),
        ("(function() local t = {} while true do t[#t + 1] = {#t} end end)()", "Resource", "memory"),
        (
            "transaction:execute('INSERT OR ROLLBACK INTO one VALUES (1)'), transaction:execute('DELETE FROM note')",
            "",
            "",
        ),
        (HIDING, None, "engine's tables"),
    ],
    ids=["channel", "tasks", "statements", "memory", "undone", "hidden"],
)
async def test_what_it_may_not_do_leaves_nothing(place: Place, code: str, kind: str | None, says: str) -> None:
    limits = {"slice": {"kill": "400ms" if kind == "Timeout" else "30s"}, "memory": "8MiB"}
    noting(place, code, limits=limits)
    place.path.joinpath(".actorflow").mkdir()
    with closing(sqlite3.connect(place.path / ".actorflow" / "kept.db")) as connection:
        connection.execute("CREATE TABLE note (text)")
        connection.execute("CREATE TABLE one (number INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO one VALUES (1)")
        connection.commit()
    async with place.node() as node:
        answer = await node.exec("app:calling", host=FLOWS, args=["it"], timeout=30)
        if kind is None:  # refused at once, and the function goes on
            assert says in answer["message"], answer
            return
        assert answer.get("failed"), answer
        assert kind in {"", answer["kind"]}, answer
        assert says in answer["message"], answer
    assert notes(place) == []


async def test_what_is_wrong_with_its_source_is_said(place: Place) -> None:
    noting(place, "1 +")
    async with place.node() as node:
        answer = await node.exec("app:calling", host=FLOWS, args=["it"], timeout=20)
        assert answer["kind"] == "Invalid"
        assert "noting.lua:" in answer["message"]
