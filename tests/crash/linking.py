"""One life of a node with chains of runs, by schedule and by retries, and with runs that are started with messages."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import trio

from actorflow import app
from actorflow.codec import decode
from actorflow.duration import MILLISECOND
from actorflow.errors import CONFLICT, Error
from actorflow.node.node import Node
from actorflow.store.port import Reader, RunFilter
from hosts.workflow import chain, start_terms
from tests.crash.living import ALL, HOST, PATIENCE, Report, faults, known_runs, pid_of

REGISTRY = Path(__file__).with_name("registry_links")
LANGUAGES = ("py", "lua")
LINKS = 3
TIMES = 2
FEWEST = 4 * len(LANGUAGES)  # three starts, and the end of a schedule
MESSAGES = [("n", (1,)), ("n", (2,)), ("n", (3,)), ("last", ())]
_STEP = 20 * MILLISECOND


class Quick:
    """A schedule that is due every 20 ms, in place of those that people write: they count in seconds at least."""

    def __init__(self, _text: str) -> None:
        pass

    def after(self, now: int) -> int:
        return (now // _STEP + 1) * _STEP


def starts(language: str) -> dict[str, tuple[str, list[Any], dict[str, Any], list[Any]]]:
    """Return the runs by workflow id: entry, arguments, options, messages."""
    policy = {"initial_interval": 2, "maximum_attempts": TIMES + 1}
    return {
        f"cron-{language}": (f"app:link_{language}", [], {"workflow.cron_schedule": "* * * * *"}, []),
        f"shaky-{language}": (f"app:shaky_{language}", [TIMES], {"workflow.retry_policy": policy}, []),
        f"mail-{language}": (f"app:mail_{language}", [], {}, MESSAGES),
    }


async def live(place: Path) -> None:
    """Live once in `place`: start what is missing, wait for the ends, and end the schedules after some links."""
    chain.Cron = start_terms.Cron = Quick  # type: ignore[assignment,misc]
    report = Report(place / "report.jsonl")
    async with app.boot(REGISTRY, data=place / "data") as booted:
        node = booted.node
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for language in LANGUAGES:
            for workflow_id, (entry, args, options, messages) in starts(language).items():
                if workflow_id not in known:
                    given = {"workflow.id": workflow_id, **options}
                    await node.start(entry, host=HOST, args=args, options=given, messages=messages)
        for language in LANGUAGES:
            for name in ("shaky", "mail"):
                result = await node.wait(pid_of(f"{name}-{language}"), timeout=PATIENCE)
                report.say("result", f"{name}-{language}", result)
            await _end(node, booted, f"cron-{language}")
        for language in LANGUAGES:
            for workflow_id in starts(language):
                for links in await booted.stores.each(partial(linked, workflow_id)):
                    report.say("links", workflow_id, links)
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        commits = node.hosts[HOST].engine.writer.commits  # type: ignore[attr-defined]
    report.say("commits", "", commits)


async def _end(node: Node, booted: app.Booted, workflow_id: str) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            (links,) = await booted.stores.each(partial(linked, workflow_id))
            if sum(link["state"] == "completed" for link in links) >= LINKS:
                break
            await trio.sleep(0.005)
    try:
        await node.runs.change("terminate", workflow_id)
    except Error as error:
        if error.kind != CONFLICT:  # the last life has ended it
            raise


def linked(workflow_id: str, reader: Reader) -> list[dict[str, Any]]:
    """Return the runs of a workflow id in the order of their start: how each ended, and which it says it follows."""
    rows = [row for row in reader.runs(RunFilter(prefix=workflow_id), ALL) if row.workflow_id == workflow_id]
    found = []
    for row in sorted(rows, key=lambda row: row.run):
        started = decode(reader.journal(row.run, limit=1)[0].payload)
        link = {"run_id": row.run_id, "state": row.state, "previous": started.get("previous")}
        found.append({**link, "attempt": started.get("attempt", 1)})
    return found
