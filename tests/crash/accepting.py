"""One life of a node whose runs go on with other code: each thing is asked for until it has been acknowledged."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.codec import decode
from actorflow.errors import CONFLICT, NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.store import view
from actorflow.store.stores import Stores
from tests.crash.living import HOST, REGISTRY, Report, faults, known_runs, pid_of, read_report

LANGUAGES: Final = ("py", "lua")
FEWEST: Final = 6 * len(LANGUAGES)  # a start, four signals, and the other code
PATIENCE: Final = 30


class Life:
    """One life; what earlier ones have said is done is not done again."""

    def __init__(self, node: Node, stores: Stores, place: Path) -> None:
        self.node = node
        self.stores = stores
        self.report = Report(place / "report.jsonl")
        self.said = {(line[0], line[1]) for line in read_report(place)}

    async def live(self, language: str, known: set[str]) -> None:
        run = f"swap-{language}"
        if run not in known:
            await self.node.spawn(f"app:swap_{language}", host=HOST, args=[run], options={"workflow.id": run})
        await self._once("first", run, partial(self._send, run, 1))
        await self._until(run, lambda row, kinds: kinds.count(events.FUNCTION_COMPLETED) >= 2 or row["result"])
        if events.RUN_ACCEPTED not in await self._kinds(run):
            await self._once("pause", run, partial(self.node.runs.change, "pause", run))
        await self._once("second", run, partial(self._send, run, 2))
        await self._once("accept", run, partial(self._accept, run))
        await self._once("child", run, partial(self._send, f"{run}-child", 3))
        await self._until(run, lambda _row, kinds: events.RESULT_SUPERSEDED in kinds)
        await self._once("third", run, partial(self._send, run, 4))
        await self._until(run, lambda row, _kinds: row["state"] == states.COMPLETED)
        self.report.say("result", run, (await self._row(run))["result"])

    async def _send(self, run: str, number: int) -> None:
        """Send a signal, unless a life before did and could not say so."""
        held: Any = await self.stores.about(run, lambda reader: reader.load(view.find(reader, run).run))
        facts = [fact for fact in (*held.events, *held.inbox) if fact.kind == events.MESSAGE_RECEIVED]
        if all(decode(fact.payload)[1] != [number] for fact in facts):
            await self.node.send(pid_of(run), "go", number)

    async def _accept(self, run: str) -> None:
        """Accept other code, unless a life before did and could not say so."""
        if events.RUN_ACCEPTED in await self._kinds(run):
            return
        bundle = self.node.registry.bundle((await self._row(run))["entry"])
        bundle = replace(bundle, source=bundle.source.replace('"old"', '"new"', 1))
        await self.node.runs.accept(run, source=bundle.hash, bundle=bundle.data)

    async def _once(self, what: str, run: str, asking: Any) -> None:
        if (what, run) in self.said:
            return
        try:
            await asking()
        except Error as error:
            if error.kind not in {CONFLICT, NOT_FOUND} or what == "accept":
                raise
        self.report.say(what, run)

    async def _row(self, run: str) -> Any:
        return await self.stores.about(run, lambda reader: view.show(reader, run))

    async def _kinds(self, run: str) -> list[str]:
        lines: Any = await self.stores.about(run, lambda reader: view.history(reader, run))
        return [line["kind"] for line in lines]

    async def _until(self, run: str, there: Any) -> None:
        with trio.fail_after(PATIENCE):
            while not there(await self._row(run), await self._kinds(run)):  # noqa: ASYNC110 - a store has no events
                await trio.sleep(0.005)


async def live(place: Path) -> None:
    """Live once in `place`."""
    async with app.boot(REGISTRY, data=place / "data") as booted:
        life = Life(booted.node, booted.stores, place)
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for language in LANGUAGES:
            await life.live(language, known)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            life.report.say("fault", text)
        engine = booted.node.hosts[HOST].engine  # type: ignore[attr-defined]
        commits = engine.writer.commits
    life.report.say("commits", "", commits)
