"""What nodes that share a store own of its hosts: tokens by shard, and reads of some shards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

from actorflow.run.event import FUNCTION_CALLED, NAME_USED
from actorflow.run.shard import SHARDS, UNITS, shard_of
from actorflow.run.state import PENDING
from actorflow.run.turn import CallRow, ChangeRun
from actorflow.store.owning import DIED
from actorflow.store.port import HostReader, Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import Case, begin, begin_one, expect

_ALL: Final = 10**6


def a_node_is_there_until_it_leaves(store: Store) -> None:
    """Its counter rises with each beat, everybody sees it, and what it says of itself; one that is gone is told so."""
    store.ownership.enter("a", "one")
    store.ownership.enter("b", "two")
    with closing(store.pulse()) as pulse:
        first, second = pulse.beat("a"), pulse.beat("a")
        assert first is not None  # noqa: S101 - the case fails
        assert second is not None  # noqa: S101 - likewise
        store.ownership.enter("a", "other")
        third = pulse.beat("a")
        expect("counters", [node.counter for node in second.nodes], [first.nodes[0].counter + 1, 1])
        expect("what it says", [node.about for node in third.nodes] if third else third, ["other", "two"])
        expect("its time does not go back", second.now >= first.now, wanted=True)
        expect("left", (store.ownership.leave("a"), store.ownership.leave("a")), (True, False))
        expect("a beat of one that is gone", pulse.beat("a"), None)
        expect("what it may take", store.ownership.take(HOST, "a", 1), None)


def a_node_is_buried_only_while_its_counter_stands_still(store: Store) -> None:
    """Who was taken for dead and has beaten since stays, with all that it owns."""
    for node in ("a", "b"):
        store.ownership.enter(node, "")
    taken = store.ownership.take(HOST, "b", UNITS)
    with closing(store.pulse()) as pulse:
        seen = pulse.beat("a")
        counter = seen.nodes[1].counter if seen else 0
        pulse.beat("b")
        expect("it has beaten", store.ownership.leave("b", counter), wanted=False)
        expect("it keeps what it has", {owner.node for owner in _owners(pulse, "a")}, {"b"})
        expect("it stands still", store.ownership.leave("b", counter + 1), wanted=True)
        expect("all is free", {owner.is_free for owner in _owners(pulse, "a")}, {True})
        expect("its owner died", {owner.node for owner in _owners(pulse, "a")}, {DIED})
    again = store.ownership.take(HOST, "a", UNITS)
    expect("the tokens rise", set((again or {}).values()), {max((taken or {}).values()) + 1})


def _owners(pulse: Any, node: str) -> list[Any]:
    seen = pulse.beat(node)
    return list(seen.owners) if seen else []


def free_shards_are_taken_once(store: Store) -> None:
    """A node gets at most what it asks for and what is free; what it gives up is free, and nothing else."""
    for node in ("a", "b"):
        store.ownership.enter(node, "")
    mine = store.ownership.take(HOST, "a", 20) or {}
    theirs = store.ownership.take(HOST, "b", UNITS) or {}
    expect("how many", (len(mine), len(theirs)), (20, UNITS - 20))
    expect("twice", mine.keys() & theirs.keys(), set())
    expect("no more", store.ownership.take(HOST, "a", 5), {})
    given = sorted(mine)[:3]
    store.ownership.give_up(HOST, "a", [*given, *sorted(theirs)[:3]])
    again = store.ownership.take(HOST, "b", UNITS) or {}
    expect("what was given up", sorted(again), given)
    expect("tokens rise", min(again.values()) > max([*mine.values(), *theirs.values()]), wanted=True)


def only_the_runs_of_a_shard_are_fenced(store: Store) -> None:
    """Who takes a shard fences the turns of its runs, as all others do, and no other runs; new runs have its token."""
    store.ownership.enter("a", "")
    store.ownership.enter("b", "")
    first = store.ownership.take(HOST, "a", UNITS) or {}
    books = [Book(f"order/{number}", lease=first[0]) for number in range(6)]
    for book, answer in zip(books, store.commit([book.start() for book in books]), strict=True):
        book.started(answer)
    expect("turns of the owner", {a.accepted for a in store.commit([book.turn() for book in books])}, {True})
    moved = {shard_of(book.run) for book in books[:2]}
    store.ownership.give_up(HOST, "a", moved)
    expect("a free shard is still turned by who had it", store.commit([books[0].turn()])[0].accepted, wanted=True)
    second = store.ownership.take(HOST, "b", UNITS) or {}
    expect("what moved", second.keys(), moved)
    refused = store.commit([book.turn() for book in books])
    expect("turns of the one before", [a.refusal for a in refused], ["lease"] * 2 + [""] * 4)
    late = Book("order/late")
    late.started(store.commit([late.start(near=moved)])[0])
    expect("a start in a shard", shard_of(late.run) in moved, wanted=True)
    expect("its token", store.load(late.run).row.lease, next(iter(second.values())))


def a_retried_run_gets_the_token_of_its_shard(store: Store) -> None:
    """A run that is opened again has the token of who owns its shard then, not the one it ended with."""
    store.ownership.enter("a", "")
    token = (store.ownership.take(HOST, "a", UNITS) or {})[0]
    book = Book("order/1", lease=token)
    book.started(store.commit([book.start()])[0])
    store.commit([book.finish("failed", "RunFailed")])
    store.ownership.give_up(HOST, "a", range(UNITS))
    again = (store.ownership.take(HOST, "a", UNITS) or {})[shard_of(book.run)]
    retry = ChangeRun("retry", book.run, at=EPOCH)
    expect("retried", store.commit([retry])[0].state, PENDING)
    expect("its token", store.load(book.run).row.lease, again)


def numbers_are_near_and_never_twice(store: Store) -> None:
    """A start gets the first unused number in the shards it asks for; one that asks for none gets the next number."""
    near = {3, 40}
    books = [Book(f"order/{number}") for number in range(5)]
    starts = [book.start(near=near) for book in books[:3]] + [book.start() for book in books[3:]]
    runs = [answer.run for answer in store.commit(starts)]
    expect("shards", [shard_of(run) for run in runs[:3]], [3, 40, 3])
    expect("numbers", runs, [*sorted(set(runs))])
    expect("the others follow", runs[3:], [runs[2] + 1, runs[2] + 2])
    (after,) = store.commit([Book("order/after").start()])
    expect("a later batch", after.run, runs[4] + 1)


def a_whole_claim_takes_every_shard(store: Store) -> None:
    """Who claims a host whole takes it from all nodes that share it."""
    store.ownership.enter("a", "")
    shared = max((store.ownership.take(HOST, "a", UNITS) or {}).values())
    book = Book("order/1", lease=shared)
    book.started(store.commit([book.start()])[0])
    token = store.claim(HOST)
    expect("its token", token, shared + 1)
    expect("a turn of the node", store.commit([book.turn()])[0].refusal, "lease")
    (later,) = store.commit([Book("order/2").start()])
    expect("a new run", store.load(later.run).row.lease, token)
    expect("all is free", len(store.ownership.take(HOST, "a", UNITS) or {}), UNITS)


def reads_of_some_shards_are_parts_of_those_of_all(store: Store) -> None:
    """What is open, due, waiting and named in some shards and in the others is together what there is at the host."""
    books = begin(store, *(f"order/{number}" for number in range(9)), key="order", ready=False)
    for number, book in enumerate(books):
        events = [book.event(NAME_USED, b"\xf6", f"name/{number}"), book.event(FUNCTION_CALLED, b"\x80", "f", 1)]
        timers, calls = [(1, EPOCH + number)], [CallRow(2, 1, EPOCH - number, b"")]
        store.commit([book.turn(events=events, timers=timers, calls=calls), message("", run=book.run)])
    some = {shard_of(book.run) for book in books[::2]}
    others = set(range(SHARDS)) - some
    for name, read in _READS.items():
        whole, parts = read(store), [read(store.of_shards(shards)) for shards in (some, others)]
        expect(name, sorted(map(repr, [*parts[0], *parts[1]])), sorted(map(repr, whole)))
        expect(f"{name}: how many", (len(parts[0]), len(parts[1])), (5 * len(whole) // 9, 4 * len(whole) // 9))
        expect(f"{name}: their order", parts[0], [row for row in whole if row in parts[0]])
    expect("a page", store.of_shards(some).held(HOST, books[0].run, 2), store.of_shards(some).held(HOST)[1:3])
    expect("no shards", store.of_shards(()).held(HOST), [])


_READS: Final[dict[str, Callable[[HostReader], list[Any]]]] = {
    "held": lambda reader: reader.held(HOST),
    "due timers": lambda reader: reader.due_timers(HOST, EPOCH + 10),
    "due timers of queues": lambda reader: reader.due_timers(HOST, EPOCH + 10, _ALL, {"default"}),
    "due calls": lambda reader: reader.due_calls(HOST, EPOCH),
    "inbox": lambda reader: reader.inbox_runs(HOST),
    "naming": lambda reader: reader.naming(HOST),
}


def ids_beside_their_own_are_held_in_shards_too(store: Store) -> None:
    """A run that holds a second id is found by its shard, whatever the id."""
    book = begin_one(store, "order/1", locks=("lock",))
    whole = store.held_beside(HOST)
    expect("held", [run for _, run in whole], [book.run])
    mine = {shard_of(book.run)}
    expect("in its shard", store.of_shards(mine).held_beside(HOST), whole)
    expect("in the others", store.of_shards(set(range(SHARDS)) - mine).held_beside(HOST), [])


CASES: Final[tuple[Case, ...]] = (
    a_node_is_there_until_it_leaves,
    a_node_is_buried_only_while_its_counter_stands_still,
    free_shards_are_taken_once,
    only_the_runs_of_a_shard_are_fenced,
    a_retried_run_gets_the_token_of_its_shard,
    numbers_are_near_and_never_twice,
    a_whole_claim_takes_every_shard,
    reads_of_some_shards_are_parts_of_those_of_all,
    ids_beside_their_own_are_held_in_shards_too,
)
