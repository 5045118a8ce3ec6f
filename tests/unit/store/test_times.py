"""The time that verbs of operators go by."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from actorflow.clock import SystemClock
from actorflow.duration import SECOND
from actorflow.run.state import PAUSED
from actorflow.run.turn import Committed
from actorflow.store.operator import Operator
from actorflow.store.server import ServerStore
from actorflow.store.times import Times
from actorflow.store.view import find
from actorflow.testing.conformance.items import Book
from tests.databases import store
from tests.unit.resource.test_servers import on_server

DAY = 86_400 * SECOND


class Wrong(SystemClock):
    """A wall clock that is a day ahead."""

    since = 0

    def now(self) -> int:
        return super().now() + DAY

    def monotonic(self) -> int:
        return self.since


class One:
    """The stores of a node that has one."""

    def __init__(self, made: ServerStore, *, shared: bool = True) -> None:
        self.made = made
        self.shared = shared
        self.reads = 0

    def is_shared(self, _database: str) -> bool:
        return self.shared

    async def read(self, _database: str, read: Callable[[Any], Any]) -> Any:
        self.reads += 1
        return read(self.made)

    async def locate(self, reference: str) -> tuple[str, Any]:
        return "db", find(self.made, reference)  # type: ignore[arg-type] # it is one by its methods

    async def commit(self, _database: str, item: Any) -> Committed:
        return self.made.commit([item])[0]


@on_server
async def test_a_verb_is_dated_by_the_database_however_wrong_the_wall_clock_is() -> None:
    with closing(store("postgres")) as made:
        stores: Any = One(made)
        book = Book("order/1")
        book.started(made.commit([book.start()])[0])
        assert (await Operator(stores, Wrong()).change("pause", "order/1"))["to"] == PAUSED
        (*_, change) = made.history(book.run)
        assert change.at < SystemClock().now() + DAY // 2
        assert change.state == PAUSED


@on_server
async def test_the_time_of_a_database_is_asked_for_once_a_second_and_counted_on() -> None:
    with closing(store("postgres")) as made:
        stores: Any = One(made)
        clock = Wrong()
        times = Times(stores, clock)
        first = await times.now("db")
        clock.since = SECOND // 2
        assert await times.now("db") == first + SECOND // 2
        assert stores.reads == 1
        clock.since = 2 * SECOND
        assert await times.now("db") != first + 2 * SECOND
        assert stores.reads == 2


async def test_a_store_of_one_machine_goes_by_its_clock() -> None:
    stores: Any = One(None, shared=False)  # type: ignore[arg-type] # it is not asked
    assert await Times(stores, Wrong()).now("db") > SystemClock().now() + DAY // 2


async def test_what_a_slow_answer_is_counted_on_from_is_never_ahead() -> None:
    clock = Wrong()
    stores: Any = One(None)  # type: ignore[arg-type] # its time is given below

    async def read(_database: str, _read: Callable[[Any], Any]) -> int:
        clock.since += SECOND // 4  # so long the answer took
        return 1000 * SECOND

    stores.read = read
    times = Times(stores, clock)
    assert await times.now("db") == 1000 * SECOND
    clock.since += SECOND // 2
    assert await times.now("db") == 1000 * SECOND + SECOND // 2
