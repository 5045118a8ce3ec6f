"""A front before the test server that loses an answer: the server has done what was asked, and nobody hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import trio
from hpack import Decoder

from tests.temporal.front import _CONTINUATION, _END_HEADERS, _HEADERS, _PREFACE, _fragment, _Frames

_DATA: Final = 0


class Losing:
    """Loses the first answer to a request; `lost` is set once it has."""

    def __init__(self, path: str) -> None:
        """Lose the answer to this method."""
        self.lost = trio.Event()
        self._path = path

    def loses(self, path: str) -> bool:
        """Tell whether the answer to this request is the one to be lost."""
        if path != self._path or self.lost.is_set():
            return False
        self.lost.set()
        return True

    @asynccontextmanager
    async def front(self, server: str) -> AsyncIterator[str]:
        """Serve before `server` for the block, and yield the address."""
        async with trio.open_nursery() as nursery:
            (listener,) = await nursery.start(
                partial(trio.serve_tcp, partial(self._connected, server), 0, host="127.0.0.1")
            )
            yield f"127.0.0.1:{listener.socket.getsockname()[1]}"
            nursery.cancel_scope.cancel()

    async def _connected(self, server: str, client: trio.SocketStream) -> None:
        host, _, port = server.rpartition(":")
        lost = set[int]()
        try:
            async with client, await trio.open_tcp_stream(host, int(port)) as upstream, trio.open_nursery() as nursery:
                nursery.start_soon(self._answered, upstream, client, lost, nursery.cancel_scope)
                await self._asked(client, upstream, lost)
                nursery.cancel_scope.cancel()
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # a client that goes

    async def _asked(self, client: trio.abc.Stream, upstream: trio.abc.Stream, lost: set[int]) -> None:
        frames, decoder, block = _Frames(client), Decoder(), bytearray()
        await upstream.send_all(await frames.read(len(_PREFACE)))
        while True:
            head, body = await frames.frame()
            if not head:
                return
            kind, flags = head[3], head[4]
            if kind in {_HEADERS, _CONTINUATION}:
                block += _fragment(body, flags) if kind == _HEADERS else body
                if flags & _END_HEADERS:
                    headers = dict(decoder.decode(bytes(block)))
                    block.clear()
                    if self.loses(str(headers.get(":path"))):
                        lost.add(int.from_bytes(head[5:9], "big") & 0x7FFFFFFF)
            await upstream.send_all(head + body)

    @staticmethod
    async def _answered(
        upstream: trio.abc.Stream, client: trio.abc.Stream, lost: set[int], scope: trio.CancelScope
    ) -> None:
        """Hand on what the server answers, without the message of the answer that is lost: headers belong together."""
        frames = _Frames(upstream)
        while True:
            head, body = await frames.frame()
            if not head:
                break
            if head[3] != _DATA or int.from_bytes(head[5:9], "big") & 0x7FFFFFFF not in lost:
                await client.send_all(head + body)
        scope.cancel()
