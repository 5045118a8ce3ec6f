"""The nodes that are measured together: processes that share a database, know each other, and are told what to do."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any, Final

import trio

from actorflow.cli.cluster_dev import free_ports, lines_of
from actorflow.errors import INTERNAL, Error
from actorflow.store.stores import DATABASE

_BOOT: Final = 120.0
_STOP: Final = 20.0


class Member:
    """One node: `cluster_node` in a process of its own."""

    def __init__(self, directory: Path, place: Path, environment: dict[str, str]) -> None:
        """Name it by its environment; nothing runs yet."""
        self.name = environment["ACTORFLOW_NODE_NAME"]
        self._command = [
            sys.executable,
            "-m",
            "actorflow.cli.bench.cluster_node",
            str(directory),
            str(place / self.name),
        ]
        self._environment = environment
        self._log = place / f"{self.name}.log"
        self._process: Any = None
        self._asked: dict[int, tuple[trio.Event, list[Any]]] = {}
        self._last = 0

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Run the process until it ends; started when it is up."""
        self._asked, self._last = {0: (trio.Event(), [])}, 0
        up, _ = self._asked[0]
        async with trio.open_nursery() as nursery:
            with self._log.open("ab") as log:
                self._process = await trio.lowlevel.open_process(
                    self._command, stdin=PIPE, stdout=PIPE, stderr=log, env=self._environment
                )
            try:
                nursery.start_soon(self._listen)
                with trio.fail_after(_BOOT):
                    await up.wait()
                self._check(0)
                task_status.started()
                await self._process.wait()
            finally:
                self._process.kill()
                with trio.CancelScope(shield=True):
                    await self._process.wait()
                nursery.cancel_scope.cancel()

    async def _listen(self) -> None:
        async for line in lines_of(self._process.stdout):
            answer = json.loads(line)
            told, kept = self._asked[answer["number"]]
            kept.append(answer)
            told.set()
        for told, _ in self._asked.values():  # it has ended: nobody is answered any more
            told.set()

    async def ask(self, work: str, *args: Any) -> Any:
        """Have it do something, and return what it answers.

        Raises:
            Error: kind Internal, when that has failed or the process has ended; with the end of what it has said.
        """
        self._last += 1
        number = self._last
        told, _ = self._asked[number] = (trio.Event(), [])
        await self._process.stdin.send_all(json.dumps([number, work, *args]).encode() + b"\n")
        await told.wait()
        return self._check(number)

    def _check(self, number: int) -> Any:
        _, kept = self._asked.pop(number)
        if kept and "error" not in kept[0]:
            return kept[0]["value"]
        said = kept[0]["error"] if kept else "it has ended"
        log = self._log.read_text(errors="replace")[-2000:]
        raise Error(f"bench: node {self.name}: {said}\n{log}", INTERNAL, retryable=False)

    @property
    def runs(self) -> bool:
        """Whether its process has not ended."""
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """Kill it with SIGKILL, and wait until it is gone."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Have it stand still with SIGSTOP."""
        self._process.send_signal(signal.SIGSTOP)

    async def leave(self) -> None:
        """Have it stop in order, and wait until it has; one that takes too long is killed."""
        await self._process.stdin.aclose()
        with trio.move_on_after(_STOP):
            await self._process.wait()


class Crew:
    """Some nodes that share a database."""

    def __init__(self, members: Sequence[Member], nursery: trio.Nursery) -> None:
        """Take what `crew` has made."""
        self.members = members
        self._nursery = nursery

    async def start(self, member: Member) -> None:
        """Start a node, and return when it is up."""
        await self._nursery.start(member.run)

    async def all(self, work: str, *args: Any) -> list[Any]:
        """Have each node do the same at the same time; returns their answers in order."""
        return await self.each([(work, *args)] * len(self.members))

    async def each(self, works: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Have each node do its own at the same time; returns their answers in order."""
        answers: list[Any] = [None] * len(works)

        async def ask(place: int) -> None:
            answers[place] = await self.members[place].ask(*works[place])

        async with trio.open_nursery() as nursery:
            for place in range(len(works)):
                nursery.start_soon(ask, place)
        return answers

    async def meet(self) -> None:
        """Wait until each has met every other one."""
        await self.all("met", len(self.members) - 1)


@asynccontextmanager
async def crew(count: int, directory: Path, place: Path, url: str) -> AsyncIterator[Crew]:
    """Run so many nodes of a registry for the block, each with a data directory in `place`.

    Raises:
        Error: kind Internal, when one of them does not come up.
    """
    await trio.Path(place).mkdir(parents=True)
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTORFLOW_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    shared = {
        **kept,
        DATABASE: url,
        "PYTHONPYCACHEPREFIX": str(directory.parent / "pycache"),  # compiled once, as if installed
        "ACTORFLOW_NODE_SEEDS": ",".join(addresses),
        "ACTORFLOW_NODE_SECRET": secrets.token_urlsafe(24),
    }
    named = [{"ACTORFLOW_NODE_NAME": f"bench-{n}", "ACTORFLOW_NODE_LISTEN": at} for n, at in enumerate(addresses, 1)]
    async with trio.open_nursery() as nursery:
        made = Crew([Member(directory, place, {**shared, **each}) for each in named], nursery)
        await made.start(made.members[0])  # the first one migrates the database
        async with trio.open_nursery() as starting:
            for member in made.members[1:]:
                starting.start_soon(made.start, member)
        yield made
        async with trio.open_nursery() as leaving:
            for member in made.members:
                leaving.start_soon(member.leave)
        nursery.cancel_scope.cancel()
