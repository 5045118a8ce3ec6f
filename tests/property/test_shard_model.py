"""Nodes that join, leave, die, stand still and go on share the shards of a host: a model of who may turn a run.

Each node does what `Ownership` does, one step at a time and in any order: it beats, buries who has stood still, takes
and gives up. Whatever they do, the store takes turns of a run from the last node that took its shard, and in the end
everything is owned by those who live, in equal parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from actorflow.run.shard import UNITS, part, shard_of
from actorflow.store.memory import MemoryStore
from actorflow.store.owning import Seen
from actorflow.store.sighting import DEAD, Sightings
from actorflow.testing.conformance.items import HOST, Book


@dataclass
class Peer:
    """One node: what it believes."""

    name: str
    shards: dict[int, int] = field(default_factory=dict)
    sightings: Sightings = field(default_factory=Sightings)
    seen: Seen | None = None
    stands: bool = False


class Shards(RuleBasedStateMachine):
    """The nodes, and the store that they share."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.peers: list[Peer] = []
        self.books: list[Book] = []
        self.last: dict[int, tuple[str, int]] = {}
        self.now = 0.0
        self.joined = 0

    # ---- what a node does --------------------------------------------------------------------------------------

    def enter(self, peer: Peer) -> None:
        self.joined += 1
        peer.name, peer.shards, peer.sightings = f"node/{self.joined}", {}, Sightings()
        self.store.ownership.enter(peer.name, "")

    def beat(self, peer: Peer) -> None:
        peer.seen = self.store.ownership.beat(peer.name)
        if peer.seen is None:
            self.enter(peer)
            peer.seen = self.store.ownership.beat(peer.name)
        assert peer.seen is not None
        peer.sightings.see(peer.seen.nodes, self.now)

    def act(self, peer: Peer) -> None:
        self.beat(peer)
        for name, counter in peer.sightings.dead(peer.name):
            self.store.ownership.leave(name, counter)
        self.beat(peer)
        assert peer.seen is not None
        equal = part(UNITS, len(peer.seen.nodes))
        taken = self.store.ownership.take(HOST, peer.name, equal - len(peer.shards))
        assert taken is not None
        for unit, token in taken.items():
            assert token > self.last.get(unit, ("", 0))[1], "tokens rise"
            self.last[unit] = (peer.name, token)
        peer.shards.update(taken)
        for unit in sorted(peer.shards)[equal:]:
            self.store.ownership.give_up(HOST, peer.name, [unit])
            del peer.shards[unit]

    # ---- rules -------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.peers) < 5)
    @rule()
    def join(self) -> None:
        peer = Peer("")
        self.enter(peer)
        self.peers.append(peer)
        self.act(peer)

    @precondition(lambda self: self.peers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from(self.peers))
        if not peer.stands:
            self.peers.remove(peer)
            self.store.ownership.leave(peer.name)

    @precondition(lambda self: self.peers)
    @rule(data=st.data(), dies=st.booleans())
    def stand_still(self, data: st.DataObject, *, dies: bool) -> None:
        peer = data.draw(st.sampled_from(self.peers))
        peer.stands = True
        if dies:
            self.peers.remove(peer)

    @precondition(lambda self: self.peers)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.peers)).stands = False

    @rule(seconds=st.sampled_from([0.5, 1.0, 1.5, 30.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for peer in self.peers:
            if not peer.stands:
                self.act(peer)

    @precondition(lambda self: self.peers and len(self.books) < 12)
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        peer = data.draw(st.sampled_from(self.peers))
        book = Book(f"order/{len(self.books)}")
        (answer,) = self.store.commit([book.start(near={unit for unit in peer.shards if unit < UNITS - 3})])
        self.books.append(book.started(answer))
        assert self.store.load(book.run).row.lease == self.last.get(shard_of(book.run), ("", 0))[1]

    @precondition(lambda self: self.peers and self.books)
    @rule(data=st.data())
    def turn(self, data: st.DataObject) -> None:
        """A node turns a run that it believes to own, wherever it may have been meanwhile."""
        peer, book = data.draw(st.sampled_from(self.peers)), data.draw(st.sampled_from(self.books))
        unit = shard_of(book.run)
        if unit not in peer.shards:
            return
        before = book.seq, book.checksum, book.revision
        book.lease = peer.shards[unit]
        (answer,) = self.store.commit([book.turn()])
        is_last = self.last[unit] == (peer.name, peer.shards[unit])
        assert answer.accepted == is_last, "whoever took the shard last turns its runs, and nobody else"
        if not answer.accepted:
            assert answer.refusal == "lease"
            book.seq, book.checksum, book.revision = before

    # ---- what always holds -------------------------------------------------------------------------------------

    @invariant()
    def nothing_has_two_owners(self) -> None:
        for unit, owner in self.store.ownership.owners.get(HOST, {}).items():
            assert owner.is_free or self.last[unit] == (owner.node, owner.token)

    def teardown(self) -> None:
        """Whoever is still there ends up with equal parts of everything."""
        living = [peer for peer in self.peers if not peer.stands]
        for _ in range(3 * int(DEAD)):
            self.now += 1.0
            for peer in living:
                self.act(peer)
        if living:
            counts = [len(peer.shards) for peer in living]
            assert sum(counts) == UNITS
            assert max(counts) <= part(UNITS, len(living))


def test_shards_keep_their_model() -> None:
    run_state_machine_as_test(Shards, settings=settings(max_examples=25, stateful_step_count=40, deadline=None))
