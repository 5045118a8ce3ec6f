"""Environment variables, key-value stores and databases: the same from both languages, on both hosts, in functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import INVALID, UNAVAILABLE, Error
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, same
from tests.conformance.process.rig import until

LUA = """
    local env, sql, store = require("env"), require("sql"), require("store")
    local function kind(_, err) return err and err:kind() or "" end

    local function main()
      local out = {env.get("NAME"), kind(env.get("OTHER"))}
      local cache = store.get("app:cache")
      cache:set("a", {1, "two", {three = 3}})
      out[3] = cache:get("a")
      out[4] = {cache:has("a"), cache:delete("a"), cache:delete("a"), kind(cache:get("a"))}
      local version = cache:put("b", 1, {if_absent = true})
      out[5] = {kind(cache:put("b", 2, {if_absent = true})), kind(cache:put("b", 2, {if_version = version .. "x"}))}
      out[5][3], out[5][4] = kind(cache:put("b", 2, {if_version = ""})), cache:get("b")
      out[5][5] = kind(cache:set("b\\0", 1))
      out[6] = #cache:list({prefix = "b"})
      cache:delete("b")
      out[7] = {kind(store.get("app:nowhere")), kind(store.get("app:db")), kind(cache:set("", 1)), kind(cache:set("a", 1, -1))}

      local db = sql.get("app:db")
      db:execute("DROP TABLE IF EXISTS item; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
      out[8] = db:execute("INSERT INTO item (name) VALUES (?), ($2)", {"x", "y"}) == nil
      out[9] = db:execute("INSERT INTO item (name) VALUES (?), (?)", {"a", "b"}).rows_affected
      out[10] = db:query("SELECT id, name, NULL AS none FROM item WHERE id >= $1 ORDER BY id", {1})
      out[11] = {kind(db:query("SELEC")), kind(db:execute("INSERT INTO item (name) VALUES ('a')")), kind(db:query("SELECT ?", {{}}))}
      out[12] = {db:type(), kind(sql.get("app:cache")), kind(sql.get("app:nowhere"))}
      return out
    end
"""
PYTHON = """
    from actorflow.script import Error, env, sql, store

    async def kind(awaitable):
        try:
            await awaitable
        except Error as error:
            return error.kind
        return ""

    async def main():
        out = [await env.get("NAME"), await kind(env.get("OTHER"))]
        cache = await store.get("app:cache")
        await cache.set("a", [1, "two", {"three": 3}])
        out.append(await cache.get("a"))
        out.append([await cache.has("a"), await cache.delete("a"), await cache.delete("a"), await kind(cache.get("a"))])
        version = await cache.put("b", 1, if_absent=True)
        out.append([await kind(cache.put("b", 2, if_absent=True)), await kind(cache.put("b", 2, if_version=version + "x"))])
        out[-1] += [await kind(cache.put("b", 2, if_version="")), await cache.get("b"), await kind(cache.set("b\\0", 1))]
        out.append(len([entry async for entry in cache.list("b")]))
        await cache.delete("b")
        out.append([
            await kind(store.get("app:nowhere")), await kind(store.get("app:db")),
            await kind(cache.set("", 1)), await kind(cache.set("a", 1, ttl=-1)),
        ])
        db = await sql.get("app:db")
        await db.execute("DROP TABLE IF EXISTS item; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
        out.append(await kind(db.execute("INSERT INTO item (name) VALUES (?), ($2)", "x", "y")) != "")
        out.append((await db.execute("INSERT INTO item (name) VALUES (?), (?)", "a", "b")).rows_affected)
        rows = await db.query("SELECT id, name, NULL AS none FROM item WHERE id >= $1 ORDER BY id", 1)
        out.append([{key: value for key, value in row.items() if value is not None} for row in rows])
        out.append([
            await kind(db.query("SELEC")), await kind(db.execute("INSERT INTO item (name) VALUES ('a')")),
            await kind(db.query("SELECT ?", {})),
        ])
        out.append([db.type, await kind(sql.get("app:cache")), await kind(sql.get("app:nowhere"))])
        return out
"""
RESULT: list[Any] = [
    "box",
    "NotFound",
    [1, "two", {"three": 3}],
    [True, True, False, "NotFound"],
    ["AlreadyExists", "Conflict", "Invalid", 1, "Invalid"],
    1,
    ["NotFound", "Invalid", "Invalid", "Invalid"],
    True,
    2,
    [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
    ["Invalid", "AlreadyExists", "Invalid"],
    ["sqlite", "Invalid", "NotFound"],
]


def place_with_resources(path: Path, **flows: Any) -> Place:
    place = Place(path, flows)
    started = {"lifecycle": {"auto_start": True}}
    place.entries |= {
        "fixed": {"kind": "env.storage.static", "values": {"NAME": "box"}},
        "name": {"kind": "env.variable", "variable": "NAME", "storage": "fixed"},
        "cache": {"kind": "store.memory", **started},
        "db": {"kind": "db.sql.sqlite", "file": "own.db", **started},
    }
    return place


def with_lua(place: Place, name: str, source: str) -> str:
    entry = place.lua(name, source)
    place.entries[name]["modules"] = ["env", "sql", "store"]
    return entry


async def test_both_languages_use_resources_alike_on_every_host(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path)
    assert await same(place, (with_lua(place, "lua", LUA), place.python("python", PYTHON))) == RESULT


async def test_python_functions_use_resources_on_trio_and_in_a_thread(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path)
    asynchronous = place.python("asynchronous", PYTHON, "function", method="main")
    threaded = place.python(
        "threaded",
        """
        from actorflow.script import env, sql, store, wait

        def main():
            cache, db = wait(store.get("app:cache")), wait(sql.get("app:db"))
            wait(cache.set("t", wait(env.get("NAME"))))
            return [wait(cache.get("t")), wait(db.query("SELECT 1 AS one"))]
        """,
        "function",
        method="main",
    )
    async with place.node() as node:
        assert await node.call(asynchronous) == RESULT
        assert await node.call(threaded) == ["box", [{"one": 1}]]


@pytest.mark.parametrize("lang", ["lua", "python"])
async def test_a_replay_asks_no_resource_again(tmp_path: Path, lang: str) -> None:
    place = place_with_resources(tmp_path, cache={"runs": 0})
    with_lua(
        place,
        "lua",
        """
        local function main()
          local db = require("sql").get("app:db")
          db:execute("CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY)")
          local done = db:execute("INSERT INTO seen DEFAULT VALUES")
          local insert = db:prepare("INSERT INTO seen DEFAULT VALUES")
          insert:execute()
          process.inbox():receive()
          return db:query("SELECT count(*) AS n FROM seen")[1].n + done.rows_affected
        end
        """,
    )
    place.python(
        "python",
        """
        from actorflow.script import process, sql

        async def main():
            db = await sql.get("app:db")
            await db.execute("CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY)")
            done = await db.execute("INSERT INTO seen DEFAULT VALUES")
            await db.execute("INSERT INTO seen DEFAULT VALUES")
            await process.inbox().receive()
            return (await db.query("SELECT count(*) AS n FROM seen"))[0]["n"] + done.rows_affected
        """,
    )
    async with place.node() as node:
        pid = await node.spawn(f"app:{lang}", host=FLOWS)
        await until(lambda: list(node.processes()) == [])
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == 3


TRANSACTION = """
    from actorflow.script import Error, errors, sql

    async def main():
        db = await sql.get("app:db")
        await db.execute("CREATE TABLE IF NOT EXISTS item (name TEXT)")
        async with db.begin() as tx:
            await tx.execute("INSERT INTO item VALUES (?)", "kept")
            await tx.savepoint("one")
            await tx.execute("INSERT INTO item VALUES ('undone')")
            await tx.rollback_to("one")
        kinds = []
        try:
            async with db.begin(read_only=True) as tx:
                await tx.execute("INSERT INTO item VALUES ('refused')")
        except Error as error:
            kinds.append(error.kind)
        try:
            async with db.begin() as tx:
                await tx.execute("INSERT INTO item VALUES ('failed')")
                raise errors.Rejected("no")
        except Error as error:
            kinds.append(error.message)
        async with db.begin("serializable") as tx:
            await tx.execute("INSERT INTO item VALUES ('rolled back')")
            await tx.rollback()
            try:
                await tx.query("SELECT 1")
            except Error as error:
                kinds.append(error.kind)
        return [kinds, [row["name"] for row in await db.query("SELECT name FROM item")], (await db.stats())["in_use"]]
"""


async def test_a_block_in_python_is_a_transaction(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path)
    entry = place.python("python", TRANSACTION)
    async with place.node() as node:
        result = await node.exec(entry, host=ACTORS, timeout=20)
        assert result == [["PermissionDenied", "no", "Invalid"], ["kept"], 0]
        with pytest.raises(Error, match="no transaction outlives a step") as caught:
            await node.exec(entry, host=FLOWS, timeout=20)
        assert caught.value.kind == INVALID


async def test_a_transaction_is_rolled_back_when_its_process_is_terminated(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path)
    entry = place.python(
        "python",
        """
        from actorflow.script import process, sql, store

        async def main():
            db = await sql.get("app:db")
            await db.execute("CREATE TABLE item (name TEXT)")
            async with db.begin() as tx:
                await tx.execute("INSERT INTO item VALUES ('never')")
                await (await store.get("app:cache")).set("begun", True)
                await process.inbox().receive()
        """,
    )
    look = place.python(
        "look",
        """
        from actorflow.script import sql

        async def main():
            db = await sql.get("app:db")
            await db.execute("INSERT INTO item VALUES ('other')")
            return [row["name"] for row in await db.query("SELECT name FROM item")]
        """,
    )
    async with place.node() as node:
        pid = await node.spawn(entry, host=ACTORS)
        await until(
            lambda: any(info.pid == pid and info.state == "waiting" and info.waits for info in node.processes())
        )
        cache: Any = node.running._running["app:cache"]  # noqa: SLF001 - says when the transaction has begun
        await until(lambda: "begun" in cache._entries)  # noqa: SLF001 - see above
        await node.terminate(pid)
        assert await node.exec(look, host=ACTORS, timeout=20) == ["other"]


async def test_scripts_and_durable_runs_share_a_file(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path, database="db")
    entry = with_lua(place, "lua", LUA)
    async with place.node() as node:
        assert await node.exec(entry, host=FLOWS, timeout=20) == RESULT
        assert await node.exec(entry, host=ACTORS, timeout=20) == RESULT


async def test_a_resource_that_is_stopped_is_unavailable(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path)
    place.entries["cache"].pop("lifecycle")
    entry = place.python(
        "python",
        """
        from actorflow.script import store

        async def main():
            await store.get("app:cache")
        """,
    )
    async with place.node() as node:
        with pytest.raises(Error, match="auto_start") as caught:
            await node.exec(entry, host=ACTORS, timeout=20)
        assert caught.value.kind == UNAVAILABLE


async def test_times_are_parameters_in_both_languages(tmp_path: Path) -> None:
    place = place_with_resources(tmp_path)
    text = "SELECT ? AS t, datetime(?) AS d, ? < '2025-01-01' AS past"
    lua = place.lua(
        "lua",
        f"""
        local function main()
          local db, at = sql.get("app:db"), time.unix(1704164645, 1000)
          return db:query("{text}", {{at, at, at}})
        end
        """,
    )
    place.entries["lua"]["modules"] = ["sql", "time"]
    python = place.python(
        "python",
        f"""
        from datetime import UTC, datetime
        from actorflow.script import sql
        async def main():
            db, at = await sql.get("app:db"), datetime(2024, 1, 2, 3, 4, 5, 1)
            return await db.query("{text}", at, at.replace(tzinfo=UTC), at)
        """,
    )
    expected = [{"t": "2024-01-02 03:04:05.000001+00:00", "d": "2024-01-02 03:04:05", "past": 1}]
    async with place.node() as node:
        for entry in (lua, python):
            assert await node.exec(entry, host=ACTORS, timeout=20) == expected
