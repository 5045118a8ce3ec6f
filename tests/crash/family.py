"""One life of a node with two families, one in each language: a parent, a child of each close policy, a brief one, and
an actor that monitors and links them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trio

from actorflow import app
from actorflow.errors import NOT_FOUND, Error
from actorflow.node.node import Node
from actorflow.notice import Notice
from tests.crash.living import HOST, PATIENCE, Report, faults, known_runs, pid_of, read_report

REGISTRY = Path(__file__).with_name("registry_family")
POLICIES = ("terminate", "request_cancel", "abandon")
LANGUAGES = ("lua", "py")
FEWEST = 3 * len(LANGUAGES)  # the start of a parent, its end, and what its abandoned child is told


async def live(place: Path) -> None:
    """Live once in `place`: start what is missing, watch everybody, end the parents, and say what all came to."""
    report = Report(place / "report.jsonl")
    told = {(what, name) for what, name, _ in read_report(place)}

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        with trio.fail_after(3 * PATIENCE):
            for language in LANGUAGES:
                await _family(booted.node, report, language, known, told)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        report.say("commits", "", booted.node.hosts[HOST].engine.writer.commits)  # type: ignore[attr-defined]


async def _family(node: Node, report: Report, language: str, known: set[str], told: set[tuple[str, str]]) -> None:
    parent = f"family-{language}"
    if parent not in known:
        await node.spawn(f"app:parent_{language}", host=HOST, args=[parent], options={"workflow.id": parent})
    members = [pid_of(parent), *(pid_of(f"{parent}-{name}") for name in (*POLICIES, "brief"))]
    while not all(node.hosts[HOST].alive(pid) for pid in members):  # noqa: ASYNC110 - a start has no event
        await trio.sleep(0.005)
    watcher = await node.spawn("app:watcher", host="app:actors", args=[parent, *members])
    while node.directory.find(f"watcher of {parent}") is None:  # noqa: ASYNC110 - neither has a name
        await trio.sleep(0.005)
    while node.hosts[HOST].alive(members[-1]) is True:  # noqa: ASYNC110 - its end is to come before what ends its parent
        await trio.sleep(0.005)
    await _once(node, report, told, parent, "end")
    report.say("result", parent, await node.wait(pid_of(parent), timeout=PATIENCE))
    await _once(node, report, told, f"{parent}-abandon", "go")
    for name in (*POLICIES, "brief"):
        report.say("result", f"{parent}-{name}", await _result(node, pid_of(f"{parent}-{name}")))
    await node.send(watcher, "tell")
    report.say("heard", parent, await node.wait(watcher, timeout=PATIENCE))


async def _once(node: Node, report: Report, told: set[tuple[str, str]], workflow_id: str, topic: str) -> None:
    if (topic, workflow_id) in told:
        return
    try:
        await node.send(pid_of(workflow_id), topic)
    except Error as error:
        if error.kind != NOT_FOUND:  # it has ended: an earlier life did it, and could not say so
            raise
    report.say(topic, workflow_id)


async def _result(node: Node, pid: str) -> Any:
    try:
        return await node.wait(pid, timeout=PATIENCE)
    except Error as error:
        return error.message
