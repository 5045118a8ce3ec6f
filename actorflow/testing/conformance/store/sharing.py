"""Two connections to one database, as two nodes have them: what one writes is never overwritten or missed by the other.

Each case gets two stores that share an empty database; a store in memory cannot be shared.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any, Final, TypeAlias

from actorflow.run.shard import UNITS, shard_of
from actorflow.run.turn import CallRow, Item, KeepCalls
from actorflow.store.port import Store
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from actorflow.testing.conformance.store.case import begin_one, expect

SharedCase: TypeAlias = Callable[[Store, Store], None]

_TIMES: Final = 12


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run functions at the same time, each in a thread, and return what they return; raises what one raises."""
    ready, found = Barrier(len(works)), [None] * len(works)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        ready.wait()
        try:
            found[number] = works[number]()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the case
            errors.append(error)

    threads = [Thread(target=work, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return found


def a_turn_of_another_connection_is_seen(one: Store, two: Store) -> None:
    """A turn made from an older row is refused, whoever has written the newer one; nothing is remembered wrongly."""
    book = begin_one(one)
    expect("turns", [store.commit([book.turn()])[0].accepted for store in (one, two, one, two)], [True] * 4)
    late = book.turn()
    late.revision -= 2
    expect("late turn", [store.commit([late])[0].refusal for store in (one, two)], ["revision"] * 2)
    expect("verify", one.verify(book.run), [])


def a_claim_of_another_connection_fences_at_once(one: Store, two: Store) -> None:
    """Who turned a run a moment ago cannot do it any more once another one has claimed its host."""
    book = begin_one(one)
    expect("before", one.commit([book.turn()])[0].accepted, wanted=True)
    two.claim(HOST)
    expect("after", one.commit([book.turn()])[0].refusal, "lease")


def claims_at_once_have_different_tokens(one: Store, two: Store) -> None:
    """Of many claims at the same time each has a token of its own, and the highest one is what counts."""
    tokens = together(*(lambda store=store: [store.claim(HOST) for _ in range(_TIMES)] for store in (one, two)))
    expect("tokens", sorted(tokens[0] + tokens[1]), list(range(1, 2 * _TIMES + 1)))
    book = begin_one(two)
    expect("the last one counts", one.load(book.run).row.lease, 2 * _TIMES)


def starts_at_once_make_one_run(one: Store, two: Store) -> None:
    """Of two starts of one workflow id at the same time one makes the run, and the other is told of it."""

    def start(store: Store, side: str) -> list[tuple[bool, int]]:
        books = [Book(f"order/{number}", f"{side}-{number}") for number in range(_TIMES)]
        answers = [store.commit([book.start()])[0] for book in books]
        return [(answer.accepted, answer.run) for answer in answers]

    first, second = together(lambda: start(one, "one"), lambda: start(two, "two"))
    expect(
        "who made it", [(a[0] + b[0], a[1] == b[1]) for a, b in zip(first, second, strict=True)], [(1, True)] * _TIMES
    )
    expect("numbers", sorted(run for _, run in first), list(range(1, _TIMES + 1)))


def deliveries_from_both_have_one_order(one: Store, two: Store) -> None:
    """No delivery is lost or twice, and those of one sender stay in order, when two write to the same inbox."""
    book = begin_one(one)

    def send(store: Store, side: bytes) -> None:
        for number in range(_TIMES):
            store.commit([message("order/1", side + bytes([number]))])

    together(lambda: send(one, b"a"), lambda: send(two, b"b"))
    found = [item.payload for item in one.inbox(book.run)]
    for side in (b"a", b"b"):
        wanted = [side + bytes([number]) for number in range(_TIMES)]
        expect(f"from {side!r}", [payload for payload in found if payload[:1] == side], wanted)


def nothing_is_missed_while_others_write(one: Store, two: Store) -> None:
    """Who pages through changes or an inbox by the last number seen misses nothing that is committed later."""
    book = begin_one(one)
    changes = [change.id for change in one.changes(0)]
    letters: list[int] = []

    def write() -> None:
        for number in range(_TIMES):
            two.commit([Book(f"more/{number}").start(), message("order/1", bytes([number]))])

    def start() -> None:
        for number in range(_TIMES):
            one.commit([Book(f"other/{number}").start(), message("order/1", bytes([number]))])

    reader = one.reader()
    try:

        def watch() -> None:
            while len(letters) < 2 * _TIMES:
                changes.extend(change.id for change in reader.changes(changes[-1], 3))
                letters.extend(item.id for item in reader.inbox(book.run, letters[-1] if letters else 0))

        together(write, start, watch)
        changes.extend(change.id for change in reader.changes(changes[-1]))
    finally:
        reader.close()
    expect("changes", changes, [change.id for change in one.changes(0)])
    expect("inbox", letters, [item.id for item in one.inbox(book.run)])
    expect("count", (len(changes), len(letters)), (1 + 2 * _TIMES, 2 * _TIMES))


def shards_are_taken_by_one_of_two_at_once(one: Store, two: Store) -> None:
    """Of nodes that take at the same time each gets what it asks for, together everything, and nothing twice."""
    stores = {"one": one, "two": two}
    for node, store in stores.items():
        store.ownership.enter(node, "")

    def take(node: str) -> list[int]:
        taken = [stores[node].ownership.take(HOST, node, UNITS // 8) or {} for _ in range(4)]
        return [shard for some in taken for shard in some]

    found = together(lambda: take("one"), lambda: take("two"))
    expect("how many", [len(shards) for shards in found], [UNITS // 8 * 4] * 2)
    expect("twice", set(found[0]) & set(found[1]), set())


def a_zombie_is_refused_from_the_moment_its_shard_is_taken(one: Store, two: Store) -> None:
    """A node that was taken for dead turns its runs until another takes their shards, and never after that."""
    one.ownership.enter("one", "")
    token = (one.ownership.take(HOST, "one", UNITS) or {})[0]
    book = Book("order/1", lease=token)
    book.started(one.commit([book.start()])[0])
    two.ownership.enter("two", "")
    expect("found dead", two.ownership.leave("one"), wanted=True)
    expect("nobody has its shards yet", one.commit([book.turn()])[0].accepted, wanted=True)
    taken = (two.ownership.take(HOST, "two", UNITS) or {})[shard_of(book.run)]
    row = CallRow(9, 1, EPOCH, b"")
    late: list[Item] = [book.turn(), KeepCalls(book.run, token, [row])]
    expect("after that", [answer.refusal for answer in one.commit(late)], ["lease"] * 2)
    expect("it takes nothing", one.ownership.take(HOST, "one", UNITS), None)
    book.revision -= 1
    fresh = Book("order/1", book.run_id, lease=taken)
    fresh.run, fresh.revision = book.run, book.revision
    expect("the new owner", two.commit([fresh.turn(events=[])])[0].accepted, wanted=True)


SHARED: Final[tuple[SharedCase, ...]] = (
    a_turn_of_another_connection_is_seen,
    a_claim_of_another_connection_fences_at_once,
    claims_at_once_have_different_tokens,
    starts_at_once_make_one_run,
    deliveries_from_both_have_one_order,
    nothing_is_missed_while_others_write,
    shards_are_taken_by_one_of_two_at_once,
    a_zombie_is_refused_from_the_moment_its_shard_is_taken,
)
