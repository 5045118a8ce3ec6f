"""One life of a node whose runs are controlled from outside: each verb is asked until it has been acknowledged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trio

from actorflow import app
from actorflow.errors import CONFLICT, Error
from actorflow.node.node import Node
from actorflow.run import state as states
from actorflow.store import view
from actorflow.store.stores import Stores
from tests.crash.living import HOST, PATIENCE, REGISTRY, Report, faults, known_runs, pid_of, read_report

LANGUAGES = ("py", "lua")
FEWEST = 9 * len(LANGUAGES)  # two starts, a signal, six verbs


class Life:
    """One life; what earlier ones have said is done is not done again."""

    def __init__(self, node: Node, stores: Stores, place: Path) -> None:
        self.node = node
        self.stores = stores
        self.place = place
        self.report = Report(place / "report.jsonl")
        self.said = {(line[0], line[1]) for line in read_report(place)}

    async def sale(self, language: str, known: set[str]) -> None:
        run = f"sale-{language}"
        await self._start("sale", language, known)
        await self._until(run, states.WAITING)
        await self._once("pause", run)
        if ("signal", run) not in self.said:
            await self.node.send(pid_of(run), "go", language)
            self.report.say("signal", run)
        await self._once("resume", run)
        await self._until(run, states.PAUSED, times=2)  # by itself
        await self._once("repin" if language == "lua" else "resume", run, name="resume again")
        await self._until(run, states.FAILED)
        (self.place / f"stock {run}").touch()
        await self._once("retry", run)
        await self._until(run, states.COMPLETED)
        row = await self._row(run)
        if ("result", run) not in self.said and row["state"] == states.COMPLETED:
            self.report.say("result", run, row["result"])
        await self._once("delete-data", run)
        await self._until(run, states.DATA_DELETED)

    async def tidy(self, language: str, known: set[str]) -> None:
        run = f"tidy-{language}"
        await self._start("tidy", language, known)
        await self._once("cancel", run)
        await self._until(run, states.CANCELLED)

    async def _start(self, name: str, language: str, known: set[str]) -> None:
        run = f"{name}-{language}"
        if run not in known:
            await self.node.spawn(f"app:{name}_{language}", host=HOST, args=[run], options={"workflow.id": run})

    async def _once(self, verb: str, run: str, name: str = "") -> None:
        """Ask for a verb that nobody has acknowledged; a node that died after its commit could not."""
        key = (name or verb, run)
        if key in self.said:
            return
        past = [change["state"] for change in (await self._row(run))["states"]]
        if verb == "delete-data" and states.DELETE_REQUESTED in past:
            return  # it may be asked for again, which is not what this is about
        try:
            await self._ask(verb, run, name or verb)
        except Error as error:
            if error.kind != CONFLICT:
                raise
        self.report.say(*key)

    async def _ask(self, verb: str, run: str, reason: str) -> None:
        if verb != "repin":
            await self.node.runs.change(verb, run, reason=reason)
            return
        bundle = self.node.registry.bundle((await self._row(run))["entry"])
        await self.node.runs.repin(run, bundle.hash, bundle.data)

    async def _row(self, run: str) -> Any:
        return await self.stores.about(run, lambda reader: view.show(reader, run))

    async def _until(self, run: str, state: str, times: int = 1) -> None:
        """Wait until a run is in a state, or has been: a state that is kept in its history so many times."""
        with trio.fail_after(PATIENCE):
            while True:
                row = await self._row(run)
                past = [change["state"] for change in row["states"]]
                if (row["state"] == state and past.count(state) in {0, times}) or past.count(state) >= times:
                    return
                if state == states.WAITING and states.PAUSED in past:
                    return
                await trio.sleep(0.005)


async def live(place: Path) -> None:
    """Live once in `place`."""
    async with app.boot(REGISTRY, data=place / "data") as booted:
        life = Life(booted.node, booted.stores, place)
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for language in LANGUAGES:
            await life.sale(language, known)
            await life.tidy(language, known)
        for language in LANGUAGES:
            for name in ("sale", "tidy"):
                row = await life._row(f"{name}-{language}")  # noqa: SLF001 - its own module
                life.report.say("states", row["workflow_id"], [change["state"] for change in row["states"]])
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            life.report.say("fault", text)
        engine = booted.node.hosts[HOST].engine  # type: ignore[attr-defined]
        commits = engine.writer.commits
    life.report.say("commits", "", commits)
