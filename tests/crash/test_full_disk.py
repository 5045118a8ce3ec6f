"""A disk that is full, seen through the whole node: writes are refused, everything else goes on, work resumes alone."""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow import app
from actorflow.app import Booted
from actorflow.errors import UNAVAILABLE, Error
from actorflow.node.node import Node
from actorflow.store.dialect import Sqlite
from actorflow.store.port import Reader, RunFilter
from actorflow.testing.invariant import Ledger, Signal
from tests.crash.living import HOST, REGISTRY, faults, pid_of
from tests.crash.rig import laws_of

ACTORS = "app:actors"
PATIENCE = 20
RESUMED_WITHIN = 5
PAGE = 1 << 16
ALL = 10_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "disk"
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", directory],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted, so a FULL DISK IS NOT TESTED here: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)  # noqa: S607


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "effects").mkdir()
    monkeypatch.setenv("CRASH_PLACE", str(tmp_path))


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    ballast = disk / "ballast"
    size = PAGE
    with ballast.open("ab", buffering=0) as file:
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return ballast


async def until_refused(ask: Callable[[int], Awaitable[Any]]) -> list[int]:
    """Ask until the answer is that it cannot be done now; return what was acknowledged."""
    acknowledged: list[int] = []
    with trio.fail_after(PATIENCE):
        while True:
            try:
                await ask(len(acknowledged))
            except Error as error:
                assert (error.kind, error.retryable) == (UNAVAILABLE, True), error  # noqa: PT017 - the kind is the test
                assert "disk is full" in error.message  # noqa: PT017
                return acknowledged
            acknowledged.append(len(acknowledged))


async def start(node: Node, workflow_id: str, *args: Any) -> str:
    return await node.spawn(
        "app:approval_py", host=HOST, args=[workflow_id, *args], options={"workflow.id": workflow_id}
    )


def rows(reader: Reader) -> dict[str, str]:
    return {row.workflow_id: row.state for row in reader.runs(RunFilter(), ALL)}


async def read(booted: Booted) -> dict[str, str]:
    (found,) = await booted.stores.each(rows)
    return found


async def test_work_resumes_by_itself_when_space_returns(small_disk: Path) -> None:
    async with app.boot(REGISTRY, data=small_disk / "data") as booted:
        node = booted.node
        listener = await start(node, "listener", "1h")
        sleeper = await start(node, "sleeper", "1s")
        ballast = fill(small_disk)

        started = await until_refused(lambda number: start(node, f"run-{number}", "1h"))
        sent = await until_refused(lambda _: node.send(listener, "ignored", "x" * 1000))

        actor = await node.exec("app:approval_py", host=ACTORS, args=["actor", "5ms"], timeout=PATIENCE)
        assert actor == {"by": "nobody"}, "actors and functions go on"
        await trio.sleep(1)  # and it is over, for whoever can write
        held = await read(booted)
        assert {f"run-{number}" for number in started} <= set(held)
        assert held["sleeper"] in {"waiting", "running"}, "its turn was refused"
        with pytest.raises(Error, match="disk is full"):
            await start(node, "refused", "1h")

        ballast.unlink()
        with trio.fail_after(RESUMED_WITHIN):
            assert await node.wait(sleeper) == {"by": "nobody"}
            await start(node, "later", "1h")
            await node.send(listener, "approve", {"by": "me"})
            assert await node.wait(listener) == {"by": "me"}
        for number in started:
            await node.send(pid_of(f"run-{number}"), "approve", {"by": number})
        for number in started:
            assert await node.wait(pid_of(f"run-{number}"), timeout=PATIENCE) == {"by": number}
        held = await read(booted)
        assert set(held) - {"listener", "sleeper", "later"} == {f"run-{number}" for number in started}
        (found,) = await booted.stores.each(faults)
        assert found == []
        topics = await booted.stores.about("listener", lambda store: [event.target for event in journal(store)])
        assert topics.count("ignored") == len(sent), "an acknowledged signal is lost, or a refused one is there"
    starts = {"listener", "sleeper", "later", *(f"run-{number}" for number in started)}
    approvals = {"listener": {"by": "me"}, **{f"run-{number}": {"by": number} for number in started}}
    signals = [Signal("listener", "ignored", "x" * 1000)] if sent else []
    signals += [Signal(workflow_id, "approve", by) for workflow_id, by in approvals.items()]
    ledger = Ledger(starts, starts - {"later"}, signals)
    laws_of(Sqlite(small_disk / "data" / "runs.db"), ledger)


def journal(store: Reader) -> list[Any]:
    row = next(row for row in store.runs(RunFilter(), ALL) if row.workflow_id == "listener")
    return store.journal(row.run, limit=ALL)
