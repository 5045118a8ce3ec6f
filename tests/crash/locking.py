"""One life of a node with runs that want two of three lock keys each, in both languages: every two of them share one."""

from __future__ import annotations

from pathlib import Path

from actorflow import app
from actorflow.notice import Notice
from tests.crash.living import HOST, PATIENCE, REGISTRY, Report, faults, known_runs, pid_of

RUNS = {
    "first-py": ("a", "b"),
    "second-lua": ("b", "c"),
    "third-py": ("c", "a"),
    "fourth-lua": ("a", "b", "c"),
}
FEWEST = 2 * len(RUNS)  # the starts, and the ends, for no two of them are under way at a time


async def live(place: Path) -> None:
    """Live once in `place`: start what is missing, and wait for the ends."""
    report = Report(place / "report.jsonl")

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for name, keys in RUNS.items():
            if name not in known:
                entry = f"app:locked_{name.rpartition('-')[2]}"
                options = {"workflow.id": name, "workflow.lock_keys": list(keys)}
                await booted.node.spawn(entry, host=HOST, args=[name, "-"], options=options)
                report.say("start", name)
        for name in RUNS:
            report.say("result", name, await booted.node.wait(pid_of(name), timeout=PATIENCE))
        for text in [text for found in await booted.stores.each(faults) for text in found]:
            report.say("fault", text)
        engine = booted.node.hosts[HOST].engine  # type: ignore[attr-defined]
        commits = engine.writer.commits
    report.say("commits", "", commits)
