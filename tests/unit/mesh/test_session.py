"""The session of two nodes: opening, order, credit, resuming, restarts, and who is refused."""

from __future__ import annotations

from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.mesh import outbox, session
from actorflow.mesh.frame import MINOR, NOBODY, Frame, Kind, cluster_key, read_head, verified, write_frame
from actorflow.mesh.meeting import Peer
from actorflow.mesh.session import MOVES, Session, State
from tests.unit.mesh.wire import KEY, Side, Wire


def opened(seed: int = 1) -> Wire:
    wire = Wire(seed)
    wire.arrive()
    assert (wire.a.is_open, wire.b.is_open) == (True, True)
    return wire


def test_two_sides_open_one_conversation_whoever_greets_first() -> None:
    wire = opened()
    assert (wire.a.opened, wire.b.opened) == (1, 1)
    assert wire.a.session.peer == Peer("b", 1, "mem://b")


def test_items_arrive_in_order_many_to_a_frame() -> None:
    wire = opened()
    for number in range(2000):
        wire.a.session.send(b"%d" % number)
    wire.pump()
    frames = len(wire.under_way["b"])
    wire.arrive()
    assert wire.b.delivered == [b"%d" % number for number in range(2000)]
    assert frames <= 2000 // outbox.BATCH_ITEMS + 1
    assert len(wire.a.session.outbox) == 0


def test_what_was_under_way_when_a_connection_broke_is_sent_again_once() -> None:
    wire = opened()
    for number in range(10):
        wire.a.session.send(b"%d" % number)
        wire.lose(50)
    wire.run(3000)
    assert wire.b.delivered == [b"%d" % number for number in range(10)]
    assert (wire.a.opened, wire.a.broken) == (1, [])


def test_a_missing_frame_is_asked_for_at_once() -> None:
    wire = opened()
    wire.a.session.send(b"lost")
    wire.pump()
    wire.under_way["b"].clear()
    wire.a.session.send(b"arrives")
    wire.arrive()  # no time passes
    assert wire.b.delivered == [b"lost", b"arrives"]


def test_a_doubled_frame_is_taken_once() -> None:
    wire = opened()
    wire.a.session.send(b"once")
    wire.pump()
    wire.under_way["b"] *= 3
    wire.arrive()
    assert wire.b.delivered == [b"once"]


def test_a_sender_stops_at_the_credit_of_its_receiver_and_at_its_own_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "WINDOW", 5)
    wire = opened()
    sent = 0
    while wire.a.session.has_room:
        wire.a.session.send(b"x")
        sent += 1
    assert sent == outbox.MOST_ITEMS
    wire.pump()
    (data,) = wire.under_way["b"]
    wire.under_way["b"].clear()
    sent = verified(read_head(data), data, wire.a.session._voice.key)  # noqa: SLF001 - to look into it
    assert sent is not None
    assert len(sent.fields[3]) == 5  # no more than the receiver has asked for


def test_a_side_that_is_not_heard_of_is_down_on_the_clock_of_its_observer() -> None:
    wire = opened()
    wire.lose(4900)
    assert wire.a.broken == []
    wire.lose(1200)
    assert len(wire.a.broken) == 1
    assert "no sign of life for" in wire.a.broken[0]
    assert not wire.a.session.has_room


def test_two_quiet_sides_hold_each_other_alive() -> None:
    wire = opened()
    wire.run(60_000, step=500)
    assert (wire.a.broken, wire.b.broken) == ([], [])


def test_after_a_partition_both_know_that_the_conversation_was_over() -> None:
    wire = opened()
    wire.lose(5500)  # long enough for both
    wire.b.session.tick(wire.now)
    wire.run(5000)
    assert (wire.a.opened, wire.b.opened) == (2, 2)
    assert (len(wire.a.broken), len(wire.b.broken)) == (1, 1)


def test_who_gave_up_alone_is_believed_by_the_other() -> None:
    wire = opened()
    wire.b.session.send(b"of the old conversation")
    wire.now += 5500 * 1_000_000
    wire.a.frames(wire.now)  # only a looks at its clock
    wire.b.session._heard = wire.now  # noqa: SLF001 - b has just heard something
    wire.run(5000)
    assert (wire.a.is_open, wire.b.is_open) == (True, True)
    assert wire.b.broken == ["it has given up on this node"]
    assert wire.a.delivered == []
    wire.b.session.send(b"of the new one")
    wire.arrive()
    assert wire.a.delivered == [b"of the new one"]


def test_a_restarted_side_is_a_new_one_at_once() -> None:
    wire = opened()
    wire.a.session.send(b"before")
    wire.restart("b", 2)
    wire.run(1000)
    assert wire.a.broken == ["it has been restarted"]
    assert wire.a.session.peer == Peer("b", 2, "mem://b")
    assert wire.b.delivered == []


def test_an_earlier_incarnation_is_sent_away() -> None:
    wire = opened()
    newer = wire.b
    wire.restart("b", 2)
    wire.run(1000)
    wire.b = newer
    wire.b.session._begin(wire.now)  # noqa: SLF001 - the old one greets anew
    wire.b.delivered.clear()
    wire.lose(100)
    wire.a.broken.clear()
    wire.arrive()
    wire.run(400)
    assert not wire.b.is_open
    assert wire.a.broken == []


def test_a_side_that_says_good_bye_has_left() -> None:
    wire = opened()
    wire.b.session.leave("stopping")
    wire.arrive()
    assert wire.a.broken == ["stopping"]
    assert wire.b.session.state is State.CLOSED


def test_who_has_another_secret_never_opens() -> None:
    wire = Wire()
    wire.b = Side("b", "a", 0, wire.now, key=cluster_key("another secret", "test"))
    wire.run(10_000)
    assert (wire.a.is_open, wire.b.is_open) == (False, False)
    assert wire.a.alien > 0
    other = Wire()
    other.b = Side("b", "a", 0, other.now, key=cluster_key("a secret of the cluster", "another"))
    other.run(1_000)
    assert not other.a.is_open


def test_old_frames_said_again_by_a_stranger_change_nothing() -> None:
    wire = Wire()
    heard: list[bytes] = []
    for _ in range(4):
        wire.pump()
        heard += wire.under_way["a"]
        wire.arrive()
    wire.restart("b", 2)
    wire.run(1000)
    assert wire.a.opened == 2
    for frame in heard * 3:
        wire.a.take(frame, wire.now)
    wire.run(1000)
    assert wire.a.opened == 2
    assert wire.a.is_open
    wire.lose(4000)
    for frame in heard:  # and they are no sign of life
        wire.a.take(frame, wire.now)
    wire.lose(2000)
    assert len(wire.a.broken) == 2


def test_a_changed_frame_is_no_members() -> None:
    wire = opened()
    wire.a.session.send(b"an item")
    wire.pump()
    (data,) = wire.under_way["b"]
    wire.under_way["b"] = [data.replace(b"an item", b"no item")]
    wire.arrive()
    assert wire.b.alien == 1
    wire.run(500)
    assert wire.b.delivered == [b"an item"]


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, b"\x80" + b"\x00" * 16, b"\x01garbage" * 9])
def test_what_is_no_frame_is_invalid(data: bytes) -> None:
    with pytest.raises(Error, match="malformed mesh frame"):
        read_head(data)


def test_a_frame_of_another_version_says_so() -> None:
    data = write_frame(Frame(Kind.PING, "a", NOBODY, NOBODY, 1, []), KEY)
    with pytest.raises(Error, match="different releases"):
        read_head(b"\x02" + data[1:])


def test_fields_that_do_not_fit_their_kind_are_refused() -> None:
    wire = opened()
    b = wire.b.session
    for kind in Kind:
        for fields in ([], ["x"], [1, "y", 3], [None, None, None, None]):
            data = write_frame(Frame(kind, "b", b.source, wire.a.session.source, 99, fields), KEY)
            wire.a.session.receive(read_head(data), data, wire.now)
            keyed = write_frame(Frame(kind, "b", b.source, wire.a.session.source, 99, fields), b._voice.key or KEY)  # noqa: SLF001
            if kind is not Kind.BYE:
                wire.a.session.receive(read_head(keyed), keyed, wire.now)


def test_each_open_kind_has_its_move_and_a_closed_session_has_none() -> None:
    assert {kind for state, kind in MOVES if state is State.OPEN} == set(Kind)
    assert not [kind for state, kind in MOVES if state is State.CLOSED]
    assert isinstance(Wire().a.session, Session)


def test_a_frame_under_no_key_at_all_is_no_sign_of_life_and_changes_nothing() -> None:
    wire = Wire()
    wire.pump()
    for kind in (Kind.DATA, Kind.ACK, Kind.RESUME, Kind.PING):
        data = write_frame(Frame(kind, "b", NOBODY, wire.a.session.source, 9, [0, 9, 1, [b"x"]]), NOBODY)
        wire.a.take(data, wire.now)
    assert (wire.a.delivered, wire.a.is_open) == ([], False)


class Later(Peer):
    """A node of a later release, which says more of itself than anybody here knows."""

    @property
    def words(self) -> list[Any]:
        return [*super().words, {"colour": "red"}]


def test_sides_of_other_minor_versions_talk_and_know_of_each_other() -> None:
    for minor, kind in ((0, Peer), (99, Later)):
        wire = Wire()
        wire.b.session.me = kind("b", 1, "mem://b", minor)
        wire.arrive()
        assert wire.a.is_open
        assert wire.b.is_open
        assert wire.a.session.peer == Peer("b", 1, "mem://b", minor)
        assert wire.b.session.peer == Peer("a", 1, "mem://a", MINOR)
        wire.b.session.send(b"hello")
        wire.arrive()
        assert wire.a.delivered == [b"hello"]
        wire.run(10_000)
        assert wire.a.broken == wire.b.broken == []
