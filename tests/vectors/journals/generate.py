"""Records journals beside those that are here; never changes one.

Run as `python -m tests.vectors.journals.generate RELEASE [BEGINNING]`: each file is `RELEASE-WORKFLOW.cbor` with the source, the
name of the run's host and the rows of its journal.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import trio

from actorflow import app
from actorflow.codec import encode
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.run.rule import RULES
from actorflow.store.port import Reader, RunFilter
from actorflow.value import Limits
from tests.conformance.process.rig import until

HERE = Path(__file__).parent
HOST = "app:flows"
WIDE = Limits(128, 2**40)


async def record() -> dict[str, bytes]:
    """Return the recorded journals by name: each run of each language, in both its open and its ended state."""
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as data:
        async with app.boot(HERE / "registry", data=data) as booted:
            for language in ("py", "lua"):
                await _live(booted.node, language)
            for journals in await booted.stores.each(_journals):
                found |= journals
    return found


async def _live(node: Node, language: str) -> None:
    async def spawn(name: str, *args: Any, **more: Any) -> str:
        options = {"workflow.id": f"{name}-{language}", **more}
        return await node.spawn(f"app:{name}_{language}", host=HOST, args=args, options=options)

    work = await spawn("work", f"{{local@{HOST}|nobody}}")
    chain, endless, failing = (
        await spawn("chain", 2),
        await spawn("endless"),
        await spawn("failing", **{"workflow.start_delay": "1ms"}),
    )
    await node.cancel(endless, "enough")
    for _ in range(3):
        await node.send(chain, "go")
    for pid in (chain, endless, failing):
        try:
            await node.wait(pid, timeout=20)
        except Error as error:
            print(pid, error.kind)  # noqa: T201 - two of them are meant to fail
    await until(lambda: any(info.pid == work and "inbox" in str(info.waits) for info in node.processes()))
    await node.update(work, "add", 1)
    await node.send(work, "last", {"n": 9})
    print(await node.wait(work, timeout=20))  # noqa: T201
    await _control(node, language, await spawn("watched", f"work-{language}"))
    await _changing(node, language, await spawn("changing"))
    host: Any = node.hosts[HOST]
    for rules in RULES:
        host.rules = rules  # as while it is shared with a node that knows no newer ones
        orphaning = await spawn("orphaning", **{"workflow.id": f"orphaning{rules}-{language}"})
        undoing = await spawn("undoing", **{"workflow.id": f"undoing{rules}-{language}"})
        await _orphaning(node, language, orphaning)
        await _undoing(node, undoing)
    print(await node.wait(await spawn("stopping"), timeout=20))  # noqa: T201


async def _control(node: Node, language: str, watched: str) -> None:
    run = f"watched-{language}"
    while (await node.runs.show(run, view="pikku"))["wait"] != "suspended":  # noqa: ASYNC110 - a store has no events
        await trio.sleep(0.01)
    await node.wake(watched, {"n": 1})
    await node.wait(watched, until="paused", timeout=20)
    bundle = node.registry.bundle(f"app:watched_{language}")
    await node.runs.repin(run, bundle.hash, bundle.data)
    print(await node.wait(watched, timeout=20))  # noqa: T201
    await node.runs.change("retry", f"failing-{language}")
    try:
        await node.wait(f"{{local@{HOST}|failing-{language}}}", timeout=20)
    except Error as error:
        print(error.kind)  # noqa: T201


async def _changing(node: Node, language: str, changing: str) -> None:
    """Let a run go on with other code than it began with: from its first steps on, then from the answer of a call on."""
    name = f"changing-{language}"
    for mark in ("new", "newer"):
        host: Any = node.hosts[HOST]
        while not (await host.told(name)).calls or "shortly" not in str(host.engine.calls.all()):  # noqa: ASYNC110
            await trio.sleep(0.005)
        await node.runs.change("pause", name)
        if mark == "newer":  # what the dropped call brings is kept
            await trio.sleep(0.5)
        await _accept(node, name, f"app:changing_{language}", mark)
    await node.send(changing, "go", 1)
    print(await node.wait(changing, timeout=20))  # noqa: T201


async def _orphaning(node: Node, language: str, orphaning: str) -> None:
    """Let a run drop a child, and that child end."""
    entry, run = f"app:waiting_{language}", orphaning.rpartition("|")[2].rstrip("}")
    await until(lambda: any(info.entry == entry for info in node.processes()))
    child = next(info.pid for info in node.processes() if info.entry == entry)
    await node.runs.change("pause", run)
    await _accept(node, run, f"app:orphaning_{language}", "new")
    await until(lambda: any(info.pid == orphaning and "inbox" in str(info.waits) for info in node.processes()))
    await node.send(child, "go", 1)
    await node.wait(child, timeout=20)
    await trio.sleep(0.2)
    await node.send(orphaning, "go", 1)
    print(await node.wait(orphaning, timeout=20))  # noqa: T201


async def _undoing(node: Node, undoing: str) -> None:
    """Cancel a run, and once more while it is undone."""
    await until(lambda: any(info.pid == undoing and "inbox" in str(info.waits) for info in node.processes()))
    for _ in range(2):
        await node.cancel(undoing, "enough")
        await trio.sleep(0.05)
    try:
        await node.wait(undoing, timeout=20)
    except Error as error:
        print(undoing, error.kind)  # noqa: T201
    await trio.sleep(0.3)  # what comes late is kept


async def _accept(node: Node, run: str, entry: str, mark: str) -> None:
    bundle = node.registry.bundle(entry)
    bundle = replace(bundle, source=bundle.source.replace('"old"', f'"{mark}"', 1))
    await node.runs.accept(run, source=bundle.hash, bundle=bundle.data)


def _journals(reader: Reader) -> dict[str, bytes]:
    rows = reader.runs(RunFilter(), 1_000)
    return {f"{row.workflow_id.replace('/', '_')}-{row.run}": _journal(reader, row.run) for row in rows}


def _journal(reader: Reader, run: int) -> bytes:
    held = reader.load(run)
    events = [list(event) for event in held.events]
    return encode({"bundle": reader.bundle(held.row.bundle_hash), "host": held.row.host, "events": events}, WIDE)


def main() -> None:
    """Write what is not there yet, of the workflows whose names begin with the second argument."""
    release, wanted = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    for name, data in trio.run(record).items():
        if not name.startswith(wanted):
            continue
        file = HERE / f"{release}-{name}.cbor"
        if file.exists():
            print(f"{file.name} is there and stays as it is")  # noqa: T201
        else:
            file.write_bytes(data)


if __name__ == "__main__":
    main()
