"""Key-value stores: in memory and in a table they behave alike, and both as a small model says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actorflow.clock import Clock
from actorflow.duration import SECOND
from actorflow.errors import ALREADY_EXISTS, CONFLICT, INTERNAL, INVALID, NOT_FOUND, UNAVAILABLE, Error, Failure
from actorflow.node.node import Node
from actorflow.registry.kinds.db_sql_sqlite import DbSqlSqlite
from actorflow.registry.kinds.store_memory import StoreMemory
from actorflow.registry.kinds.store_sql import StoreSql
from actorflow.registry.registry import Registry
from actorflow.resource.database import Database, open_sqlite
from actorflow.resource.key_values import ALWAYS, Condition, KeyValues
from actorflow.resource.store_memory import MemoryKeyValues
from actorflow.resource.store_sql import SqlKeyValues

TABLE = "CREATE TABLE kv (key TEXT PRIMARY KEY{collate}, value {payload} NOT NULL, expires_at {expires})"


class HandClock(Clock):
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 1_700_000_000 * SECOND

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


def registry() -> Registry:
    return Registry({}, lambda: ((), {}), ())


@asynccontextmanager
async def running(store: str, *, clock: Clock | None = None, **config: Any) -> AsyncIterator[KeyValues]:
    """Run a store: `memory`, or `sql` with the types of the value and expiry columns."""
    kind, _, columns = store.partition(" ")
    async with Node(registry(), {}, clock=clock or HandClock()).open() as node:
        if kind == "memory":
            memory = MemoryKeyValues("app:kv", StoreMemory.model_validate(config), node)
            await memory.start()
            yield memory
            await memory.stop(0)
            return
        database = open_sqlite("app:db", DbSqlSqlite(file=":memory:"), node)
        await database.start()
        node.running.add("app:db", database)
        payload, expires, *collation = columns.split()
        collate = f" COLLATE {collation[0]}" if collation else ""
        await database.execute(TABLE.format(payload=payload, expires=expires, collate=collate))
        sql = SqlKeyValues(
            "app:kv", StoreSql.model_validate({"database": "app:db", "table_name": "kv", **config}), node
        )
        await sql.start()
        yield sql
        await sql.stop(0)
        await database.stop(1)


@asynccontextmanager
async def kept_in(database: Database, clock: Clock) -> AsyncIterator[KeyValues]:
    """Run a store in the table `kv` of a database that runs."""
    async with Node(registry(), {}, clock=clock).open() as node:
        node.running.add("app:db", database)
        kv = SqlKeyValues("app:kv", StoreSql(database="app:db", table_name="kv"), node)
        await kv.start()
        yield kv
        await kv.stop(0)


KINDS = ["memory", "sql TEXT TIMESTAMP", "sql BLOB INTEGER", "sql VARCHAR(100) REAL"]
each_store = pytest.mark.parametrize("store", KINDS)


async def refused(awaitable: Any) -> Error:
    with pytest.raises(Error) as caught:
        await awaitable
    return caught.value


VALUES: list[Any] = [
    None,
    False,
    0,
    -(2**63),
    1.5,
    float("inf"),
    "text é",
    "cbor:",
    b"\0\xff",
    [],
    {},
    [1, [2, {"a": [None]}]],
    {"a": {"b": {"c": 1}}},
    {1: "a", 3: "b"},
    {"bytes": b"x"},
    Failure("it failed", "NotFound", retryable=False, details={"a": 1}),
    "x" * 1_000_000,
]


@each_store
async def test_values_come_back_equal_and_as_copies(store: str) -> None:
    async with running(store) as kv:
        for number, value in enumerate(VALUES):
            await kv.put(str(number), value)
        for number, value in enumerate(VALUES):
            found = (await kv.entry(str(number))).value
            assert found == value
            assert type(found) is type(value)
        shared: dict[str, Any] = {"a": [1]}
        await kv.put("shared", shared)
        shared["a"].append(2)
        first = (await kv.entry("shared")).value
        assert first == {"a": [1]}
        first["a"].append(3)
        assert (await kv.entry("shared")).value == {"a": [1]}


@each_store
async def test_what_cannot_be_kept_is_refused(store: str) -> None:
    async with running(store) as kv:
        assert (await refused(kv.put("a", 2**64))).kind == INVALID
        assert (await refused(kv.put("a", "x" * 5_000_000))).kind == INVALID
        deep: Any = []
        for _ in range(80):
            deep = [deep]
        assert (await refused(kv.put("a", deep))).kind == INVALID
        assert await kv.has("a") is False


@each_store
async def test_entries_expire_at_their_time_and_not_before(store: str) -> None:
    clock = HandClock()
    async with running(store, clock=clock) as kv:
        await kv.put("a", 1, 2 * SECOND)
        await kv.put("b", 1)
        entry = await kv.entry("a")
        assert entry.expires_at == clock.time + 2 * SECOND
        clock.time += 2 * SECOND - 1_000_000
        assert await kv.has("a")
        clock.time += 1_000_000
        assert not await kv.has("a")
        assert (await refused(kv.entry("a"))).kind == NOT_FOUND
        assert await kv.delete("a") is False
        assert [item.key for item in await kv.list("", "", 10)] == ["b"]
        assert (await kv.info())["size"] == 1
        await kv.put("a", 2, condition=Condition(absent=True))
        clock.time += 1000 * SECOND
        assert (await kv.entry("a")).value == 2, "a write without a lifetime takes the old one away"


@each_store
async def test_conditions(store: str) -> None:
    async with running(store) as kv:
        first = await kv.put("a", 1, condition=Condition(absent=True))
        assert (await refused(kv.put("a", 2, condition=Condition(absent=True)))).kind == ALREADY_EXISTS
        second = await kv.put("a", 2, condition=Condition(version=first))
        assert second != first
        assert (await kv.entry("a")).version == second
        assert (await refused(kv.put("a", 3, condition=Condition(version=first)))).kind == CONFLICT
        assert (await refused(kv.put("none", 3, condition=Condition(version=first)))).kind == CONFLICT
        assert (await kv.entry("a")).value == 2


async def test_a_write_that_comes_between_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running("sql TEXT INTEGER") as kv:
        assert isinstance(kv, SqlKeyValues)
        version = await kv.put("a", 1)
        table: Any = kv._table  # noqa: SLF001 - where another writer comes between reading and writing
        update = table._updated  # noqa: SLF001 - see above

        def interfere(connection: Any, values: Any, wanted: Any) -> bool:
            connection.exec_driver_sql("UPDATE kv SET value = '7'")
            return bool(update(connection, values, wanted))

        monkeypatch.setattr(table, "_updated", interfere)
        assert (await refused(kv.put("a", 2, condition=Condition(version=version)))).kind == CONFLICT
        assert (await kv.entry("a")).value == 7


@each_store
async def test_a_list_is_by_key_by_prefix_and_in_pages(store: str) -> None:
    async with running(store) as kv:
        for key in ("b", "a%1", "a%2", "a_3", "aX"):
            await kv.put(key, key)
        assert [entry.key for entry in await kv.list("", "", 10)] == ["a%1", "a%2", "aX", "a_3", "b"]
        assert [entry.key for entry in await kv.list("a%", "", 10)] == ["a%1", "a%2"]
        assert [entry.key for entry in await kv.list("", "aX", 1)] == ["a_3"]


@pytest.mark.parametrize("store", [*KINDS, "sql TEXT TIMESTAMP NOCASE"])
async def test_keys_are_compared_byte_by_byte(store: str) -> None:
    async with running(store) as kv:
        await kv.put("Ab", 1)
        assert not await kv.has("ab")
        assert not await kv.delete("ab")
        assert await kv.list("a", "", 9) == []
        assert (await refused(kv.put("ab", 2, condition=Condition(version="x")))).kind == CONFLICT
        if "NOCASE" in store:
            for condition in (ALWAYS, Condition(absent=True)):
                error = await refused(kv.put("ab", 2, None, condition))
                assert error.kind == CONFLICT
                assert error.message == (
                    "key 'ab': column kv.key takes it for 'Ab', which is there; give it a binary collation"
                )
        else:
            await kv.put("ab", 2, condition=Condition(absent=True))
            assert [entry.key for entry in await kv.list("a", "", 9)] == ["ab"]
            assert await kv.delete("ab")
        assert [(entry.key, entry.value) for entry in await kv.list("A", "", 9)] == [("Ab", 1)]


async def test_a_full_store_refuses_new_keys_unless_some_have_expired() -> None:
    clock = HandClock()
    async with running("memory", clock=clock, max_size=2) as kv:
        await kv.put("a", 1, SECOND)
        await kv.put("b", 1)
        error = await refused(kv.put("c", 1))
        assert (error.kind, error.retryable) == (UNAVAILABLE, True)
        await kv.put("b", 2)
        clock.time += SECOND
        await kv.put("c", 3)
        assert [entry.key for entry in await kv.list("", "", 9)] == ["b", "c"]


@pytest.mark.mock_clock
async def test_what_has_expired_is_dropped_from_memory_every_interval() -> None:
    clock = HandClock()
    async with running("memory", clock=clock, cleanup_interval="10s") as kv:
        assert isinstance(kv, MemoryKeyValues)
        await kv.put("a", 1, SECOND)
        clock.time += SECOND
        await trio.sleep(9)
        assert len(kv._entries) == 1  # noqa: SLF001 - what is dropped is never seen from outside
        await trio.sleep(2)
        assert len(kv._entries) == 0  # noqa: SLF001 - see above


async def test_expired_rows_are_deleted_every_interval() -> None:
    clock = HandClock()
    async with running("sql TEXT INTEGER", clock=clock, cleanup_interval="20ms") as kv:
        assert isinstance(kv, SqlKeyValues)
        await kv.put("a", 1, SECOND)
        clock.time += 2 * SECOND
        with trio.fail_after(60):
            while await kv._database.query("SELECT * FROM kv"):  # noqa: SLF001, ASYNC110 - it says when to nobody
                await trio.sleep(0.01)


@pytest.mark.parametrize(
    ("config", "columns", "kind", "says"),
    [
        ({"id_column_name": "id"}, "TEXT INTEGER", INVALID, "has no column id; it has key, value, expires_at"),
        ({}, "INTEGER INTEGER", INVALID, "column value is of type INTEGER, expected text or bytes"),
        ({}, "TEXT TEXT", INVALID, "column expires_at is of type TEXT, expected a time or a number"),
    ],
)
async def test_a_table_that_does_not_fit_is_refused(
    config: Mapping[str, Any], columns: str, kind: str, says: str
) -> None:
    with pytest.raises(Error) as caught:
        async with running(f"sql {columns}", **config):
            raise AssertionError
    assert caught.value.kind == kind
    assert says in caught.value.message


async def test_a_table_may_be_made_after_the_store_has_started() -> None:
    async with running("sql TEXT INTEGER", table_name="later") as kv:
        assert isinstance(kv, SqlKeyValues)
        error = await refused(kv.put("a", 1))
        assert error.kind == NOT_FOUND
        assert "app:db has no table later: make it before" in error.message
        await kv._database.execute("ALTER TABLE kv RENAME TO later")  # noqa: SLF001 - see above
        await kv.put("a", 1)


async def test_a_value_that_somebody_else_wrote_badly_is_an_error_that_says_so() -> None:
    async with running("sql TEXT INTEGER") as kv:
        assert isinstance(kv, SqlKeyValues)
        await kv._database.execute("INSERT INTO kv (key, value) VALUES ('a', 'not json')")  # noqa: SLF001 - see above
        error = await refused(kv.entry("a"))
        assert error.kind == INTERNAL
        assert "is not JSON" in error.message


KEYS = st.sampled_from(["a", "b", "c", "ab"])
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, st.integers(0, 5), st.sampled_from([None, 1, 3])),
    st.tuples(st.just("absent"), KEYS, st.integers(0, 5), st.sampled_from([None, 2])),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("wait"), st.integers(1, 3)),
)


class Model:
    """A store as simple as it can be: key → (value, second at which it expires)."""

    def __init__(self) -> None:
        self.now = 0
        self.entries: dict[str, tuple[int, float]] = {}

    def alive(self) -> dict[str, int]:
        return {key: value for key, (value, end) in sorted(self.entries.items()) if end > self.now}

    def put(self, key: str, value: int, lifetime: int | None) -> None:
        if key in self.alive() or len(self.alive()) < 3:
            self.entries[key] = (value, float("inf") if lifetime is None else self.now + lifetime)


@each_store
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_a_store_does_what_the_model_does(store: str, steps: list[tuple[Any, ...]]) -> None:
    async def run() -> None:
        clock, model = HandClock(), Model()
        options = {"max_size": 3} if store == "memory" else {}
        async with running(store, clock=clock, **options) as kv:
            for step in steps:
                if store != "memory" and len(model.alive()) == 3 and step[0] in {"put", "absent"}:
                    continue  # a table has no bound
                await follow(kv, model, clock, step)
                assert {entry.key: entry.value for entry in await kv.list("", "", 10)} == model.alive()
                assert (await kv.info())["size"] == len(model.alive())

    trio.run(run)


async def follow(kv: KeyValues, model: Model, clock: HandClock, step: tuple[Any, ...]) -> None:
    match step:
        case ("put", key, value, lifetime):
            full = key not in model.alive() and len(model.alive()) == 3
            model.put(key, value, lifetime)
            put = kv.put(key, value, None if lifetime is None else lifetime * SECOND)
            if full:
                assert (await refused(put)).kind == UNAVAILABLE
            else:
                await put
        case ("absent", key, value, lifetime):
            there, full = key in model.alive(), len(model.alive()) == 3
            put = kv.put(key, value, None if lifetime is None else lifetime * SECOND, Condition(absent=True))
            if there or full:
                assert (await refused(put)).kind == (ALREADY_EXISTS if there else UNAVAILABLE)
            else:
                await put
                model.put(key, value, lifetime)
        case ("delete", key):
            assert await kv.delete(key) is (key in model.alive())
            model.entries.pop(key, None)
        case ("wait", seconds):
            clock.time += seconds * SECOND
            model.now += seconds
