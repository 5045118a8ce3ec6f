"""One life of a node with two runs, one in each language, that continue as new ones while signals arrive."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import trio

from actorflow import app
from actorflow.errors import NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from actorflow.store.port import Reader
from tests.crash.living import ALL, HOST, PATIENCE, REGISTRY, Report, faults, known_runs, pid_of, read_report

SIGNALS = 12
NAMES = ("lua", "py")
FEWEST = len(NAMES) + SIGNALS  # the starts, and the signals: those to both may be sent together


async def live(place: Path) -> None:
    """Live once in `place`: start what is missing, send the signals that were not acknowledged, wait for the ends."""
    report = Report(place / "report.jsonl")
    sent = {(name, number) for what, name, number in read_report(place) if what == "sent"}

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for name in NAMES:
            if f"chain-{name}" not in known:
                options = {"workflow.id": f"chain-{name}"}
                await booted.node.spawn(f"app:chain_{name}", host=HOST, args=[[], []], options=options)
        async with trio.open_nursery() as nursery:
            for name in NAMES:
                nursery.start_soon(_signal, booted.node, report, name, sent)
        for name in NAMES:
            report.say("result", name, await booted.node.wait(pid_of(f"chain-{name}"), timeout=PATIENCE))
            for states in await booted.stores.each(partial(_chain, f"chain-{name}")):
                report.say("chain", name, states)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        engine = booted.node.hosts[HOST].engine  # type: ignore[attr-defined]
        commits = engine.writer.commits
    report.say("commits", "", commits)


def _chain(workflow_id: str, reader: Reader) -> list[str]:
    row = reader.find(workflow_id)
    return [one.state for one in reader.chain(row.run, limit=ALL)] if row else []


async def _signal(node: Node, report: Report, name: str, sent: set[tuple[str, Any]]) -> None:
    for number in range(SIGNALS):
        if (name, number) in sent:
            continue
        try:
            await node.send(pid_of(f"chain-{name}"), "n", number)
        except Error as error:
            if error.kind != NOT_FOUND:  # the run has ended: the signal was delivered by a life that could not say so
                raise
        report.say("sent", name, number)
