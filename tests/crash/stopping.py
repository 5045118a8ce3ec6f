"""One life of a node with parents that are cancelled while they wait for a child, in both languages and each way."""

from __future__ import annotations

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
from tests.crash.living import HOST, PATIENCE, Report, faults, known_runs, pid_of

REGISTRY: Final = Path(__file__).with_name("registry_stopping")
LANGUAGES: Final = ("py", "lua")
WAYS: Final = {"wait": "wait_cancellation_completed", "try": "try_cancel", "leave": "abandon"}
PARENTS: Final = [f"{way}-{language}" for way in WAYS for language in LANGUAGES]
FEWEST: Final = 2 * len(PARENTS) + len(LANGUAGES)  # starts, cancels, and what those that are left alone are told


async def live(place: Path) -> None:
    """Live once in `place`: what an earlier life has done is in the store, and is not done again."""
    report = Report(place / "report.jsonl")

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        node, stores = booted.node, booted.stores
        known = {name for names in await stores.each(known_runs) for name in names}
        for parent in PARENTS:
            if parent not in known:
                await _start(node, parent)
            report.say("start", parent)
        for parent in PARENTS:
            await _cancel(node, stores, place, parent)
        for parent in PARENTS:
            await _end(node, stores, report, parent)
        for text in [text for found in await stores.each(faults) for text in found]:
            report.say("fault", text)
        commits = node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
    report.say("commits", "", commits)


async def _start(node: Node, parent: str) -> None:
    way, _, language = parent.partition("-")
    options = {"workflow.id": parent}
    await node.spawn(f"app:parent_{language}", host=HOST, args=[parent, WAYS[way]], options=options)


async def _cancel(node: Node, stores: Stores, place: Path, parent: str) -> None:
    """Cancel a parent once, when its child has begun."""
    with trio.fail_after(PATIENCE):
        while not any((place / "effects").glob(f"* {parent} begun")):  # noqa: ASYNC110 - an effect has no event
            await trio.sleep(0.002)
    if not await _heard(stores, parent, events.CANCEL_REQUESTED):
        await node.cancel(pid_of(parent), "enough")


async def _end(node: Node, stores: Stores, report: Report, parent: str) -> None:
    child = f"{parent}-child"
    if parent.startswith("leave") and not await _heard(stores, child, events.MESSAGE_RECEIVED):
        await node.send(pid_of(child), "go")
    for run in (parent, child):
        report.say("result", run, await _result(node, run))


async def _heard(stores: Stores, run: str, kind: str) -> bool:
    def read(reader: Reader) -> bool:
        row = reader.find(run)
        held = reader.load(row.run) if row is not None else None
        return held is not None and any(fact.kind == kind for fact in (*held.events, *held.inbox))

    return any(await stores.each(read))


async def _result(node: Node, run: str) -> Any:
    try:
        return await node.wait(pid_of(run), timeout=PATIENCE)
    except Error as error:
        return error.kind
