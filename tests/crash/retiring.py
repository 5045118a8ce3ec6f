"""One life of a node whose ended runs are removed: with large values apart, children, and runs that stay because they are open."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.errors import NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.store.port import Reader, RunFilter
from tests.crash.living import ALL, HOST, PATIENCE, REGISTRY, Report, faults, known_runs, pid_of, read_report

LANGUAGES: Final = ("py", "lua")
FEWEST: Final = 6 * len(LANGUAGES)  # four starts, two signals
LARGE: Final = "large " * 100
_OVERRIDES: Final = ("app:flows:retention={completed: 1ms}", "app:flows:limits={offload: 64}")


async def live(place: Path) -> None:
    """Live once: start what no life has started, hear what it comes to, and remove what has ended."""
    report = Report(place / "report.jsonl")
    done = {(what, name) for what, name, _ in read_report(place)}
    async with app.boot(REGISTRY, data=place / "data", overrides=_OVERRIDES) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for language in LANGUAGES:
            await _runs(booted.node, report, language, done, known)
        await _remove(booted)
        (left,) = await booted.stores.each(_left)
        report.say("left", "", left)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        commits = booted.node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
    report.say("commits", "", commits)


async def _runs(node: Node, report: Report, language: str, done: set[tuple[str, str]], known: set[str]) -> None:
    for name, entry in (("work", "work"), ("asked", "approval"), ("open", "approval"), ("parent", "parent")):
        run = f"{name}-{language}"
        word = "start" if name == "open" else "began"  # the rig looks for every acknowledged start, and others go
        if run not in known and (word, run) not in done:
            args = [run, "1h"] if entry == "approval" else [run]
            await node.spawn(f"app:{entry}_{language}", host=HOST, args=args, options={"workflow.id": run})
        report.say(word, run)
    for name, topic in (("open", "other"), ("asked", "approve")):
        run = f"{name}-{language}"
        if (topic, run) not in done:
            await _send(node, run, topic)
        report.say(topic, run)
    for name in ("work", "asked", "parent"):
        run = f"{name}-{language}"
        if ("result", run) not in done:
            report.say("result", run, await node.wait(pid_of(run), timeout=PATIENCE))


async def _send(node: Node, run: str, topic: str) -> None:
    try:
        await node.send(pid_of(run), topic, {"by": LARGE})
    except Error as error:
        if error.kind != NOT_FOUND:  # it has ended: an earlier life sent it, and could not say so
            raise


async def _remove(booted: app.Booted) -> None:
    """Sweep until only open runs are there: some may not be due yet, or wait until their parents are gone."""
    remover: Any = booted.node.hosts[HOST].engine.remover  # type: ignore[attr-defined]
    with trio.fail_after(PATIENCE):
        while any((await booted.stores.each(_left))[0]["ended"]):
            await remover.sweep()
            await trio.sleep(0.002)


def _left(reader: Reader) -> dict[str, list[str]]:
    rows = reader.runs(RunFilter(), ALL)
    return {
        "open": sorted(row.workflow_id for row in rows if row.result is None),
        "ended": sorted(row.workflow_id for row in rows if row.result is not None),
    }
