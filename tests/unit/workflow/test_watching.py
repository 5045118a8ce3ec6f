"""What is found of the writes of others though something fails meanwhile, or a shard changes hands."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from actorflow.clock import SystemClock
from actorflow.errors import Error, unavailable
from actorflow.ports import Outcome
from actorflow.store.inline import InlineWriter
from actorflow.store.memory import MemoryStore
from actorflow.testing.conformance.items import HOST, Book
from hosts.workflow.catching_up import catch_up
from hosts.workflow.foreign import Foreign
from hosts.workflow.owned import Owned
from hosts.workflow.watching import Seen, Watching


class Flaky(InlineWriter):
    """A writer whose reads fail while there is a `fault` for their numbers."""

    reads = 0
    failing: frozenset[int] = frozenset()

    async def read(self, read: Callable[[Any], Any]) -> Any:
        self.reads += 1
        if self.reads in self.failing:
            raise unavailable("the server has gone")
        return await super().read(read)


class Engine:
    """As much of an engine as who watches needs; its host owns every run."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.writer, self.clock = store, Flaky(store), SystemClock()
        host: Any = Owned()
        host.id, host.settings, host.pid_of = HOST, SimpleNamespace(queues=None), "{{n@h|{}}}".format
        host.settings.unserved = lambda _queue: False
        self.hosts: dict[str, Any] = {HOST: host}
        self.open_ids: dict[str, int] = {}
        self.residents: dict[int, Any] = {}
        self.read_again: list[int] = []
        self.told: list[tuple[str, Outcome]] = []
        self.known: set[str] = set()
        self.ownership = None
        self.sweeper = SimpleNamespace(is_quiet=lambda _run: True, stirring=lambda: self.at_work)
        self.at_work: set[int] = set()
        self.recovery = SimpleNamespace(read_again=self.read_again.append)
        me: Any = self
        self.foreign = Foreign(me)
        self.node = SimpleNamespace(links=SimpleNamespace(known=lambda: self.known), exited=self.exited)

    def resident(self, run: int) -> Any:
        return run

    def exited(self, pid: str, outcome: Outcome, *, durable: bool) -> None:
        assert durable
        self.told.append((pid, outcome))

    def started(self, workflow_id: str, run_id: str = "") -> Book:
        """Have somebody else start a run."""
        book = Book(workflow_id, run_id)
        (answer,) = self.store.commit([book.start()])
        return book.started(answer)


async def looked(watching: Watching) -> bool:
    try:
        await watching.look()
    except Error:
        return False
    return True


async def test_what_was_seen_by_a_look_that_failed_is_seen_again() -> None:
    engine: Any = Engine(MemoryStore())
    watching = Watching(engine)
    assert await looked(watching)
    first = engine.started("order/1")
    assert await looked(watching), "what is new lies still at the next look"
    second = engine.started("order/2")
    engine.writer.failing = {engine.writer.reads + 2}
    assert not await looked(watching)
    assert engine.open_ids == {}
    for _ in range(2):
        assert await looked(watching)
    assert engine.open_ids == {"order/1": first.run, "order/2": second.run}


@pytest.mark.mock_clock
@pytest.mark.parametrize("always", [True, False])
async def test_who_watches_asks_a_store_that_is_away_now_and_then_until_it_has_seen_what_there_was(
    *, always: bool
) -> None:
    engine: Any = Engine(MemoryStore())
    engine.node.log = lambda *_said: None
    watching: Any = Watching(engine, always=always)
    watching._departures = SimpleNamespace(look=trio.lowlevel.checkpoint)  # noqa: SLF001 - nobody moves
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watching.serve)
        await trio.testing.wait_all_tasks_blocked()
        book = engine.started("order/1")
        engine.writer.failing = range(100)
        watching._told = {book.run}  # noqa: SLF001 - as the database says
        watching.told(None)
        await trio.sleep(20)
        assert 10 < engine.writer.reads < 100
        engine.writer.failing = ()
        await trio.sleep(5)
        assert engine.open_ids == {"order/1": book.run}
        nursery.cancel_scope.cancel()


@pytest.mark.mock_clock
async def test_a_look_that_was_asked_for_and_failed_is_done_later() -> None:
    engine: Any = Engine(MemoryStore())
    engine.node.log = lambda *_said: None
    watching: Any = Watching(engine, always=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watching.serve)
        await trio.testing.wait_all_tasks_blocked()
        book = engine.started("order/1")
        engine.writer.failing = {engine.writer.reads + 1}
        watching._departures = SimpleNamespace(look=trio.lowlevel.checkpoint)  # noqa: SLF001 - nobody moves
        watching.told(None)
        await trio.sleep(5)
        assert engine.open_ids == {"order/1": book.run}
        nursery.cancel_scope.cancel()


async def test_a_start_before_the_first_look_is_seen() -> None:
    engine: Any = Engine(MemoryStore())
    engine.started("order/0")
    watching = Watching(engine)
    await watching._begin()  # noqa: SLF001 - what `serve` begins with
    book = engine.started("order/1")
    for _ in range(2):
        assert await looked(watching)
    assert engine.open_ids == {"order/1": book.run}


async def test_a_run_that_cannot_be_read_now_is_read_later() -> None:
    class Lost(MemoryStore):
        def load(self, run: int, *, lazy: bool = False) -> Any:
            raise unavailable(f"run {run}: the connection is lost ({lazy})")

    engine: Any = Engine(Lost())
    book = engine.started("order/1")
    await catch_up(engine, [book.run, 77])
    assert engine.read_again == [book.run, 77]


async def test_who_waits_hears_of_an_end_just_before_the_shard_was_taken() -> None:
    engine: Any = Engine(MemoryStore())
    engine.known = {"{n@h|order/1}"}
    watching = Watching(engine)
    await watching.look()
    book = engine.started("order/1")
    engine.store.commit([book.finish()])
    await watching.look()
    assert engine.told == [("{n@h|order/1}", Outcome())]


async def test_who_waits_for_a_run_is_not_told_the_end_of_an_earlier_one_of_its_node() -> None:
    engine: Any = Engine(MemoryStore())
    engine.known = {"{n@h|order/1}"}
    watching = Watching(engine)
    await watching.look()
    book = engine.started("order/1", "first")
    engine.store.commit([book.finish()])
    engine.started("order/1", "second")
    await watching.look()
    assert engine.told == []


async def test_a_timer_that_is_overdue_is_armed_again_at_the_second_look_unless_its_run_is_on_its_way() -> None:
    engine: Any = Engine(MemoryStore())
    armed: list[tuple[int, int, int]] = []
    busy = {2}
    engine.timers = SimpleNamespace(add=lambda due, run, ref: armed.append((due, run, ref)))
    engine.sweeper = SimpleNamespace(is_quiet=lambda run: run not in busy, stirring=set)
    watching = Watching(engine)

    async def read(_read: object) -> Seen:
        return Seen(set(), {(1, 7, 5), (2, 8, 5)}, [], 0)

    engine.writer.read = read
    await watching.look()
    assert not armed, "its own node may be about to serve it"
    await watching.look()
    assert armed == [(5, 1, 7)]
    busy.clear()
    await watching.look()
    await watching.look()
    assert (5, 2, 8) in armed


async def test_a_run_of_its_own_that_a_look_met_before_its_answer_is_not_read_when_it_has_ended() -> None:
    engine: Any = Engine(MemoryStore())
    loaded: list[int] = []
    load = engine.store.load
    engine.store.load = lambda run, **how: loaded.append(run) or load(run, **how)
    watching = Watching(engine)
    assert await looked(watching)
    book, lasting = engine.started("order/1"), engine.started("order/2")
    assert await looked(watching)
    engine.store.commit([book.finish()])
    engine.open_ids["order/2"] = lasting.run
    for _ in range(2):
        assert await looked(watching)
    assert loaded == [], "one was this node's, and is over; the other is known by now"


async def test_the_timer_of_a_run_that_has_ended_while_it_was_looked_is_no_reason_to_look_again() -> None:
    engine: Any = Engine(MemoryStore())
    armed: list[tuple[int, int, int]] = []
    engine.timers = SimpleNamespace(add=lambda *timer: armed.append(timer))
    here, nobodys = engine.started("order/1"), engine.started("order/2")
    for book in (here, nobodys):
        engine.store.commit([book.turn(timers=[(1, 5)])])
        engine.open_ids[book.workflow_id] = book.run
    engine.at_work = {here.run}
    watching = Watching(engine)
    await watching.look()
    assert watching._overdue == {(nobodys.run, 1, 5)}  # noqa: SLF001 - it makes who watches look again soon
    await watching.look()
    assert armed == [(5, nobodys.run, 1)]
