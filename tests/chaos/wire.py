"""Wires: TCP connections through a proxy of our own, which are cut, cut in one direction, slowed and torn.

What is sent into a cut wire waits, as what TCP sends again and again; it arrives when the wire is whole again, unless the
connection is torn.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final

import trio

Place = tuple[str, int] | str
"""Where something listens: host and port, or the path of a socket."""

_CHUNK: Final = 65_536
_LOOK: Final = 0.02
"""Seconds between two looks whether a wire is whole again."""
_CLOSED: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


@dataclass
class Way:
    """One direction of a wire."""

    cut: bool = False
    delay: float = 0.0
    """Seconds that each chunk waits, one after another."""


class Wire:
    """A port, `near`, of the loopback unless it is said; who connects there is connected with `target`."""

    def __init__(self, target: Callable[[], Place], near: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        """Take the port, and keep it."""
        self.target = target
        self.there, self.back = Way(), Way()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(near)
        self.socket.listen(64)
        self.port = int(self.socket.getsockname()[1])
        self.scopes: set[trio.CancelScope] = set()

    def mend(self) -> None:
        """Let everything pass, at once."""
        self.there, self.back = Way(), Way()


class Wires:
    """All wires, served by a thread of their own."""

    def __init__(self, wires: list[Wire]) -> None:
        """Begin to serve them."""
        self._wires = wires
        self._begun = Event()
        self._thread = Thread(target=trio.run, args=(self._serve,), daemon=True)
        self._thread.start()
        self._begun.wait()

    def tear(self, wire: Wire) -> None:
        """Reset every connection of a wire."""

        def cancel() -> None:
            for scope in wire.scopes:
                scope.cancel()

        self._token.run_sync_soon(cancel)

    def close(self) -> None:
        """Serve no longer."""
        self._token.run_sync_soon(self._scope.cancel)
        self._thread.join()
        for wire in self._wires:
            wire.socket.close()

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as self._scope:
            self._begun.set()
            async with trio.open_nursery() as nursery:
                for wire in self._wires:
                    nursery.start_soon(_accept, wire, nursery)


async def _accept(wire: Wire, nursery: trio.Nursery) -> None:
    wire.socket.setblocking(False)  # noqa: FBT003 - the socket's own method
    listener = trio.socket.from_stdlib_socket(wire.socket)
    while True:
        try:
            near, _ = await listener.accept()
        except OSError:  # it was reset before it was taken, or there are too many files
            await trio.sleep(_LOOK)
        else:
            nursery.start_soon(_connect, wire, trio.SocketStream(near))


async def _connect(wire: Wire, near: trio.SocketStream) -> None:
    with trio.CancelScope() as scope:
        wire.scopes.add(scope)
        try:
            await _whole(lambda: wire.there)
            async with await _reach(wire.target()) as far, trio.open_nursery() as nursery:
                nursery.start_soon(_pump, near, far, lambda: wire.there)
                nursery.start_soon(_pump, far, near, lambda: wire.back)
        except* _CLOSED:
            pass
        finally:
            wire.scopes.discard(scope)
            _reset(near)


async def _reach(place: Place) -> trio.SocketStream:
    if isinstance(place, str):
        return await trio.open_unix_socket(place)
    found = trio.socket.socket()
    try:
        await found.connect(place)
    except BaseException:
        found.close()
        raise
    return trio.SocketStream(found)


async def _pump(source: trio.SocketStream, sink: trio.SocketStream, way: Callable[[], Way]) -> None:
    while data := await source.receive_some(_CHUNK):
        if way().delay:
            await trio.sleep(way().delay)
        await _whole(way)
        await sink.send_all(data)
    await _whole(way)
    raise trio.ClosedResourceError  # the other direction ends with it


async def _whole(way: Callable[[], Way]) -> None:
    while way().cut:  # noqa: ASYNC110 - another thread mends it
        await trio.sleep(_LOOK)


def _reset(stream: trio.SocketStream) -> None:
    """Close a connection without a farewell, so that the other side hears of it at once."""
    with suppress(*_CLOSED):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()
