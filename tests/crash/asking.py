"""One life of a node whose runs are signalled, queried, updated and approved, and wait for each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from actorflow import app
from actorflow.errors import CONFLICT, NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from tests.crash.living import Report, faults, known_runs, read_report

REGISTRY = Path(__file__).with_name("registry_asking")
HOST = "app:flows"
LANGUAGES = ("py", "lua")
FEWEST = 7 * len(LANGUAGES)  # two starts, three signals, two updates
PATIENCE = 30.0


class Asking:
    """One life; what earlier lives said was acknowledged is not signalled again."""

    def __init__(self, node: Node, report: Report, acknowledged: set[tuple[str, str]]) -> None:
        self.node = node
        self.report = report
        self.acknowledged = acknowledged

    async def live(self, known: set[str]) -> None:
        for language in LANGUAGES:
            for name, args in (("watcher", [f"order-{language}"]), ("order", [])):
                run = f"{name}-{language}"
                if run not in known:
                    options = {"workflow.id": run}
                    await self.node.spawn(f"app:{name}_{language}", host=HOST, args=args, options=options)
                    self.report.say("start", run)
        for language in LANGUAGES:
            await self._order(f"order-{language}")
            for run in (f"order-{language}", f"watcher-{language}"):
                self.report.say("result", run, await self.node.wait(f"{{local@{HOST}|{run}}}", timeout=PATIENCE))

    async def _order(self, run: str) -> None:
        for number in (1, 2, 3):
            if ("signal", f"{run}/{number}") not in self.acknowledged:
                await self._signal(run, number)
        for name, number in (("first", 1), ("second", 2)):
            answer = await self.node.update(run, "add", number, id=name, timeout=PATIENCE)
            self.report.say("result", f"{run}/{name}", answer)
        self.report.say("result", f"{run}/query", await self.node.query(run, "total"))
        try:
            await self.node.approve(run, "refund", 7, by="ann")
        except Error as error:  # an earlier life has answered, and could not say so any more
            if error.kind != CONFLICT:
                raise
        lines = await self.node.approvals(run, only_open=False)
        self.report.say("result", f"{run}/by", [line.get("by") for line in lines] or ["ann"])

    async def _signal(self, run: str, number: int) -> None:
        try:
            await self.node.send(f"{{local@{HOST}|{run}}}", "number", number)
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
        self.report.say("signal", f"{run}/{number}")


async def live(place: Path) -> None:
    """Live once in `place`."""
    report = Report(place / "report.jsonl")
    acknowledged = {(line[0], line[1]) for line in read_report(place)}

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        await Asking(booted.node, report, acknowledged).live(known)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        host: Any = booted.node.hosts[HOST]
        commits = host.engine.writer.commits
    report.say("commits", "", commits)
