"""One life of a node on the workflows of the crash matrix: start what is missing, signal, wait, and say what was seen.

Everything acknowledged is written to the report at once, so that it is there however the life ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import trio

from actorflow import app
from actorflow.errors import NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.store.port import Reader, RunFilter

REGISTRY = Path(__file__).with_name("registry")
HOST = "app:flows"
PATIENCE = 30
ALL = 10_000


class Flow(NamedTuple):
    """A run: its workflow id, what it runs with, and what is sent to it: (destination, topic, payload)."""

    id: str
    entry: str
    args: tuple[Any, ...] = ()
    signal: tuple[str, str, Any] | None = None
    cancelled: bool = False


def pid_of(workflow_id: str) -> str:
    return f"{{local@{HOST}|{workflow_id}}}"


def flows() -> list[Flow]:
    """Return the fixed set of runs, in the order of their start."""
    return [flow for language in ("py", "lua") for flow in _flows(language)]


def _flows(language: str) -> list[Flow]:
    def flow(name: str, entry: str, *args: Any, **more: Any) -> Flow:
        return Flow(f"{name}-{language}", f"app:{entry}_{language}", args, **more)

    asked = f"asked-{language}"
    return [
        flow("work", "work"),
        flow("asked", "approval", "1h", signal=(pid_of(asked), "approve", {"by": "me"})),
        flow("expired", "approval", "5ms"),
        flow("parent", "parent"),
        flow("pong", "pong"),
        flow("ping", "ping", pid_of(f"pong-{language}")),
        flow("named", "named", signal=(f"name of named-{language}", "call", {"n": 1})),
        flow("endless", "endless", cancelled=True),
        flow("steps", "steps"),
        flow("cancelling", "cancelling"),
        flow("locked1", "locked", language),
        flow("locked2", "locked", language),
    ]


FEWEST = sum(1 + (flow.signal is not None) + flow.cancelled for flow in flows())
"""Commits that no life does without: what it asks for one after another."""


class Report:
    """Lines of JSON, each on its own way to the disk before the next thing happens."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def say(self, what: str, name: str, detail: Any = None) -> None:
        os.write(self._handle, json.dumps([what, name, detail], sort_keys=True).encode() + b"\n")


class Life:
    """One life: `acknowledged` is what earlier lives said they had started, signalled or cancelled."""

    def __init__(self, node: Node, report: Report, acknowledged: set[tuple[str, str]]) -> None:
        self.node = node
        self.report = report
        self.acknowledged = acknowledged

    async def live(self, known: set[str]) -> None:
        for flow in flows():
            if flow.id not in known:
                options = {"workflow.id": flow.id}
                await self.node.spawn(flow.entry, host=HOST, args=[flow.id, *flow.args], options=options)
                self.report.say("start", flow.id)
        for flow in flows():
            if flow.signal is not None and ("signal", flow.id) not in self.acknowledged:
                await self._reach(flow.id, *flow.signal)
            if flow.cancelled and ("cancel", flow.id) not in self.acknowledged:
                await self._acknowledged("cancel", flow.id, self.node.cancel(pid_of(flow.id), "enough"))
        for flow in flows():
            self.report.say("result", flow.id, await self._result(flow.id))

    async def _reach(self, workflow_id: str, dest: str, topic: str, payload: Any) -> None:
        """Signal a run; one that is reached by name has the name soon."""
        with trio.fail_after(PATIENCE):
            while not self._reachable(dest, workflow_id):  # noqa: ASYNC110 - the directory has no event for a new name
                await trio.sleep(0.005)
        await self._acknowledged("signal", workflow_id, self.node.send(dest, topic, payload))

    def _reachable(self, dest: str, workflow_id: str) -> bool:
        ended = self.node.hosts[HOST].alive(pid_of(workflow_id)) is not True
        return ended or dest.startswith("{") or self.node.directory.find(dest) is not None

    async def _acknowledged(self, what: str, workflow_id: str, doing: Awaitable[None]) -> None:
        try:
            await doing
        except Error as error:
            if error.kind != NOT_FOUND:  # the run may have ended: the last life did it and could not say so any more
                raise
        self.report.say(what, workflow_id)

    async def _result(self, workflow_id: str) -> Any:
        try:
            return await self.node.wait(pid_of(workflow_id), timeout=PATIENCE)
        except Error as error:
            return error.kind


def faults(reader: Reader) -> list[str]:
    """Return what is wrong with the stored runs: broken chains, and states that do not fit."""
    rows = reader.runs(RunFilter(), ALL)
    return [f"{row.workflow_id}: {text}" for row in rows for text in reader.verify(row.run)]


def known_runs(reader: Reader) -> set[str]:
    return {row.workflow_id for row in reader.runs(RunFilter(), ALL)}


async def live(place: Path, overrides: Sequence[str] = ()) -> None:
    """Live once in `place`: the registry is shared, the data directory, ledger and report are there."""
    report = Report(place / "report.jsonl")
    acknowledged = {(line[0], line[1]) for line in read_report(place)}

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", overrides=overrides, notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for name in sorted(known):
            report.say("known", name)
        await Life(booted.node, report, acknowledged).live(known)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        engine = booted.node.hosts[HOST].engine  # type: ignore[attr-defined]
        commits = engine.writer.commits
    report.say("commits", "", commits)


def read_report(place: Path) -> list[list[Any]]:
    path = place / "report.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
