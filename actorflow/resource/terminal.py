"""The terminal of a node for scripts: the operations `io.*`, for processes of a `terminal.host` and what they call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import UNAVAILABLE, Error, invalid, unavailable
from actorflow.module.octets import described
from actorflow.node.operation import Caller

if TYPE_CHECKING:
    from actorflow.node.node import Node

TERMINAL: Final = "@terminal"
"""Key of the context under which the id of a terminal host travels."""

_CHUNK: Final = 4_096
"""Bytes written at a time: a pipe that is ready takes them without blocking (PIPE_BUF)."""
_READ: Final = 1_024
_MOST: Final = 16 << 20
"""Bytes of one line, or of one reading, at most."""
_LINE: Final = b"\n"


class Terminal:
    """Standard input, output and error of the process that the node runs in.

    Reading and writing wait without blocking the node. One reader at a time, one writer at a time.
    """

    def __init__(self, streams: tuple[int, int, int] = (0, 1, 2)) -> None:
        """Use these file descriptors for input, output and errors."""
        self._input, *self._outputs = streams
        self._waiting = b""
        self._ended = False
        self._reading = trio.Lock()
        self._writing = trio.Lock()
        self.args: tuple[str, ...] = ()

    async def write(self, data: bytes, *, error: bool = False) -> None:
        """Write all of `data`.

        Raises:
            Error: kind Unavailable, when nobody reads any more.
        """
        stream = self._outputs[error]
        async with self._writing:
            try:
                while data:
                    await _ready(trio.lowlevel.wait_writable, stream)
                    data = data[os.write(stream, data[:_CHUNK]) :]
            except OSError as problem:
                name = "stderr" if error else "stdout"
                message = f"cannot write to {name}: {problem.strerror}"
                raise Error(message, UNAVAILABLE, retryable=False) from None

    async def read(self, most: int) -> bytes:
        """Read what is there, at most `most` bytes, waiting for the first of them; b"" at the end of the input."""
        async with self._reading:
            if not self._waiting:
                await self._fill(most)
            data, self._waiting = self._waiting[:most], self._waiting[most:]
            return data

    async def read_line(self) -> bytes:
        """Read one line with its line end, the last one perhaps without; b"" at the end of the input.

        Raises:
            Error: kind Invalid, for a line without end.
        """
        async with self._reading:
            seen = 0
            while (end := self._waiting.find(_LINE, seen)) < 0 and not self._ended:
                seen = len(self._waiting)
                if seen > _MOST:
                    raise invalid(f"io.readline: a line of over {_MOST} bytes; read it in pieces with io.read")
                await self._fill(1 << 16)
            stop = len(self._waiting) if end < 0 else end + 1
            data, self._waiting = self._waiting[:stop], self._waiting[stop:]
            return data

    async def read_all(self) -> bytes:
        """Read up to the end of the input.

        Raises:
            Error: kind Invalid, when that is too much to hold.
        """
        async with self._reading:
            while not self._ended:
                if len(self._waiting) > _MOST:
                    raise invalid(f"io.read: over {_MOST} bytes; read them in pieces with io.read(n)")
                await self._fill(1 << 16)
            data, self._waiting = self._waiting, b""
            return data

    async def _fill(self, most: int) -> None:
        if self._ended:
            return
        try:
            await _ready(trio.lowlevel.wait_readable, self._input)
            data = os.read(self._input, most)
        except OSError as problem:
            raise Error(f"cannot read from stdin: {problem.strerror}", UNAVAILABLE, retryable=False) from None
        self._waiting += data
        self._ended = not data


async def _ready(wait: Any, stream: int) -> None:
    """Wait until a stream can be used; one that is a file always can, and cannot be waited for."""
    try:
        await wait(stream)
    except PermissionError:
        await trio.lowlevel.checkpoint()


class Operations:
    """What scripts can do with the terminal of the host that their run came from."""

    def __init__(self, node: Node) -> None:
        """Use the terminals of the node's hosts."""
        self._node = node

    async def write(self, caller: Caller, text: Any) -> bool:
        """Write to standard output."""
        await self._terminal(caller).write(_bytes(text))
        return True

    async def write_error(self, caller: Caller, text: Any) -> bool:
        """Write to standard error."""
        await self._terminal(caller).write(_bytes(text), error=True)
        return True

    async def read(self, caller: Caller, most: Any = None) -> str | bytes:
        """Read what is there, at most so many bytes."""
        most = _READ if most is None else most
        if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= _MOST:
            raise invalid(f"io.read: got {most!r:.80}, expected a number of bytes from 1 to {_MOST}")
        return _text(await self._terminal(caller).read(most))

    async def read_line(self, caller: Caller) -> str | bytes:
        """Read a line with its line end."""
        return _text(await self._terminal(caller).read_line())

    async def read_all(self, caller: Caller) -> str | bytes:
        """Read up to the end."""
        return _text(await self._terminal(caller).read_all())

    def args(self, caller: Caller) -> list[str]:
        """Return the arguments of the command."""
        return list(self._terminal(caller).args)

    def _terminal(self, caller: Caller) -> Terminal:
        host = self._node.hosts.get(str(caller.context.get(TERMINAL, "")))
        found = getattr(host, "terminal", None)
        if not isinstance(found, Terminal):
            what = caller.pid or caller.entry
            raise unavailable(f"io: {what} has no terminal: run it on a terminal.host, or with `actorflow exec`")
        return found


def install(node: Node) -> None:
    """Add the operations of the terminal."""
    offered = Operations(node)
    for operation in (offered.write, offered.write_error, offered.read, offered.read_line, offered.read_all):
        node.operations.add(f"io.{operation.__name__}", operation)
    node.operations.add("io.args", offered.args)


def _bytes(text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise invalid(f"io: got {described(text)}, expected text")
    return text.encode(errors="surrogatepass")


def _text(data: bytes) -> str | bytes:
    """Return input as text, or as bytes when it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
