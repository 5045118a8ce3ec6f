"""Wires that are cut, cut in one direction, slowed and torn."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.chaos.wire import Wire, Wires

PATIENCE = 30.0


class Line:
    """A connection through a wire, as both of its ends."""

    def __init__(self, stack: ExitStack) -> None:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.wire = Wire(listener.getsockname)
        self.wires = Wires([self.wire])
        stack.callback(self.wires.close)
        self.near = stack.enter_context(socket.create_connection(("127.0.0.1", self.wire.port), PATIENCE))
        listener.settimeout(PATIENCE)
        self.far = stack.enter_context(listener.accept()[0])
        self.far.settimeout(PATIENCE)


@pytest.fixture
def line() -> Iterator[Line]:
    with ExitStack() as stack:
        yield Line(stack)


def nothing_comes(end: socket.socket) -> bool:
    """Tell whether nothing arrives for a while."""
    end.settimeout(0.1)
    try:
        return not end.recv(10)
    except TimeoutError:
        return True
    finally:
        end.settimeout(PATIENCE)


def test_both_ends_hear_each_other(line: Line) -> None:
    line.near.sendall(b"there")
    assert line.far.recv(10) == b"there"
    line.far.sendall(b"back")
    assert line.near.recv(10) == b"back"


def test_one_direction_is_cut_and_what_was_sent_arrives_when_it_is_whole_again(line: Line) -> None:
    line.wire.there.cut = True
    line.near.sendall(b"there")
    line.far.sendall(b"back")
    assert line.near.recv(10) == b"back"
    assert nothing_comes(line.far)
    line.wire.mend()
    assert line.far.recv(10) == b"there"


def test_who_connects_to_a_cut_wire_waits(line: Line) -> None:
    line.wire.there.cut = True
    with socket.create_connection(("127.0.0.1", line.wire.port), PATIENCE) as late:
        late.sendall(b"late")
        assert nothing_comes(late)


def test_a_torn_connection_is_reset_at_both_ends(line: Line) -> None:
    line.near.sendall(b"there")
    assert line.far.recv(10) == b"there"
    line.wires.tear(line.wire)
    with pytest.raises(ConnectionResetError):
        line.near.recv(10)
    assert line.far.recv(10) == b""
