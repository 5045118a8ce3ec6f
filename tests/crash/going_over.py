"""One life of a node with runs that are asked to add numbers while they continue as new ones, in both languages."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.run import event as events
from actorflow.store.port import Reader
from actorflow.store.stores import Stores
from tests.crash.living import ALL, HOST, PATIENCE, REGISTRY, Report, faults, known_runs, pid_of, read_report

LANGUAGES: Final = ("py", "lua")
NUMBERS: Final = 9
LONG: Final = ("slow", "later")
"""What the first run never ends, and what the last one only takes: asked before anything else."""
FEWEST: Final = len(LANGUAGES) * (1 + len(LONG) + 2 * NUMBERS)
"""Each run's start, the two long updates, and for each number the update and its answer, one after another."""


class Life:
    """One life: what earlier lives have heard is asked again, and must be answered the same."""

    def __init__(self, node: Node, stores: Stores, place: Path) -> None:
        self.node = node
        self.stores = stores
        self.report = Report(place / "report.jsonl")
        self.said = {(line[0], line[1]) for line in read_report(place)}

    async def live(self, language: str, known: set[str]) -> None:
        run = f"over-{language}"
        if run not in known:
            await self.node.spawn(f"app:over_{language}", host=HOST, args=[run, 1, []], options={"workflow.id": run})
        self.report.say("start", run)
        async with trio.open_nursery() as nursery:
            for name in LONG:
                nursery.start_soon(self._ask, run, name, f"{run}/{name}")
                await self._arrived(run, name)
            for number in range(NUMBERS):
                await self._ask(run, "add", f"{run}/{number}", number)
        self.report.say("result", run, await self.node.wait(pid_of(run), timeout=PATIENCE))
        for turns in await self.stores.each(partial(_turns, run)):
            self.report.say("chain", run, turns)

    async def _ask(self, run: str, name: str, update: str, *args: Any) -> None:
        try:
            answer = await self.node.update(run, name, *args, id=update, timeout=3 * PATIENCE)
        except Error as error:
            answer = [error.kind, "continued as new" in error.message]
        self.report.say("answer", update, answer)

    async def _arrived(self, run: str, name: str) -> None:
        """Wait until an update is in the store: what is asked after it comes after it."""
        if ("arrived", f"{run}/{name}") in self.said:
            return
        with trio.fail_after(PATIENCE):
            while not any(await self.stores.each(partial(_has, run, name))):  # noqa: ASYNC110 - a store has no events
                await trio.sleep(0.002)
        self.report.say("arrived", f"{run}/{name}")


def _has(workflow_id: str, name: str, reader: Reader) -> bool:
    row = reader.find(workflow_id)
    links = reader.chain(row.run, limit=ALL) if row is not None else []
    loaded = [reader.load(link.run) for link in links]
    facts = [fact for held in loaded for fact in (*held.events, *held.inbox)]
    return any((fact.kind, fact.target) == (events.MESSAGE_RECEIVED, name) for fact in facts)


def _turns(workflow_id: str, reader: Reader) -> list[str]:
    row = reader.find(workflow_id)
    return [one.state for one in reader.chain(row.run, limit=ALL)] if row else []


async def live(place: Path) -> None:
    """Live once in `place`."""
    report = Report(place / "report.jsonl")

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for language in LANGUAGES:
            await Life(booted.node, booted.stores, place).live(language, known)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        commits = booted.node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
    report.say("commits", "", commits)
