"""The terminal of a process on a `terminal.host`, and of what it calls: a command of `actorflow exec`.

    name = await io.readline()
    await io.print("hello", name)

Reading and writing wait without blocking the node. Nothing is held back: `flush` is there for the habit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from actorflow.script.operation import perform


async def write(*texts: Any) -> None:
    """Write texts to standard output, without anything between or after them.

    Raises:
        Error: kind Unavailable without a terminal, and when nobody reads any more.
    """
    await perform("io.write", "".join(map(str, texts)))


async def print(*values: Any, sep: str = " ", end: str = "\n") -> None:  # noqa: A001 - the name scripts know
    """Write values to standard output, as the built-in `print` does; raises as `write` does."""
    await perform("io.write", sep.join(map(str, values)) + end)


async def eprint(*values: Any, sep: str = " ", end: str = "\n") -> None:
    """Write values to standard error; raises as `write` does."""
    await perform("io.write_error", sep.join(map(str, values)) + end)


async def read(most: int = -1) -> str | bytes:
    """Return what is there, waiting for the first of at most `most` bytes; with -1 everything up to the end.

    Bytes when it is no UTF-8 text. Empty at the end of the input.

    Raises:
        Error: kind Unavailable without a terminal.
    """
    data: str | bytes = await (perform("io.read_all") if most < 0 else perform("io.read", most))
    return data


async def readline() -> str | bytes | None:
    """Return the next line without its line end, None at the end of the input; raises as `read` does."""
    line: str | bytes = await perform("io.read_line")
    if not line:
        return None
    return line.removesuffix("\n").removesuffix("\r") if isinstance(line, str) else line.rstrip(b"\r\n")


async def lines() -> AsyncIterator[str | bytes]:
    """Iterate over the lines that are left, without their line ends."""
    while (line := await readline()) is not None:
        yield line


async def flush() -> None:
    """Do nothing: what was written is out already."""


async def args() -> list[str]:
    """Return the arguments of the command line after the name of the command."""
    found: list[str] = await perform("io.args")
    return found
