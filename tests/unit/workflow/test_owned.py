"""What a node owns of a host, as its host knows it."""

from __future__ import annotations

import trio

from actorflow.run.shard import RETENTION, SHARDS, UNITS
from actorflow.store.memory import MemoryStore
from hosts.workflow.owned import Owned


def test_a_host_that_is_claimed_whole_owns_everything() -> None:
    owned, store = Owned(), MemoryStore()
    owned.lease = 7
    assert (owned.owns(3), owned.token(3), owned.leads(RETENTION), owned.near) == (True, 7, True, frozenset())
    assert owned.of(store) is store


def test_a_part_of_a_host_is_some_shards_and_roles() -> None:
    owned = Owned()
    owned.own({3: 5, RETENTION: 6})
    assert [owned.owns(run) for run in (3, 3 + SHARDS, 4)] == [True, True, False]
    assert [owned.token(run) for run in (3, 4)] == [5, 0]
    assert owned.near == {3}, "roles are no shards"
    owned.disown([3])
    assert (owned.owns(3), owned.leads(RETENTION), owned.shards) == (False, True, {RETENTION: 6})
    owned.own(dict.fromkeys(range(UNITS), 8))
    assert owned.near == frozenset(), "any number will do"


def test_starts_go_anywhere_while_too_much_waits_here() -> None:
    owned = Owned()
    owned.own({3: 5})
    owned.spread(crowded=True)
    assert owned.near == frozenset()
    owned.spread(crowded=False)
    assert owned.near == {3}


async def test_what_is_done_in_a_role_ends_with_it() -> None:
    owned, ended = Owned(), trio.Event()
    owned.own({RETENTION: 5})

    async def work() -> None:
        with owned.leading(RETENTION) as leads:
            assert leads
            await trio.sleep_forever()
        with owned.leading(RETENTION) as leads:
            assert not leads
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(work)
        await trio.testing.wait_all_tasks_blocked()
        owned.own({RETENTION: 5, 1: 6})
        await trio.testing.wait_all_tasks_blocked()
        assert not ended.is_set(), "it goes on while the role is here"
        owned.disown([RETENTION])
        with trio.fail_after(30):
            await ended.wait()
