"""`actorflow run why`: every reason for which a run can be where it is, with a node and without one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import trio

from actorflow import app
from actorflow.app import read_registry
from actorflow.cli.replaying import replaying
from actorflow.errors import Error
from actorflow.node.control_client import ControlClient
from actorflow.node.node import Node
from actorflow.store.run_verb import run_verbs
from actorflow.store.stores import Stores
from tests.conformance.hosts.place import FLOWS, Place, waiting_for

FUNCTIONS: Final = """
    import trio
    from actorflow.script import activity

    async def long():
        activity.heartbeat({"rows": 7})
        await trio.sleep(60)

    async def slow():
        await trio.sleep(60)

    async def fails():
        raise ConnectionError("the line broke")
"""
PYTHON: Final = """
    from actorflow.script import funcs, process, time, workflow

    async def main(how):
        if how == "timer":
            await time.sleep("1h")
        if how == "named":
            await workflow.sleep("cooling off", "1h")
        if how in ("message", "limited"):
            await process.listen("go").receive()
        if how == "condition":
            await workflow.wait_until("enough", lambda: False)
        if how == "approval":
            await workflow.approval("refund", expiry="1h")
        if how == "suspend":
            await workflow.suspend("look at it")
        if how == "wait_for":
            await workflow.wait_for("", "other", "completed")
        if how == "child":
            await process.exec("app:flow", "", "timer")
        if how == "call":
            await funcs.call("app:long")
        if how == "slot":
            funcs.async_("app:slow")
            await funcs.call("app:slow")
        if how == "retry":
            await funcs.with_options(retry={"initial_delay": "1h"}).call("app:fails")
        if how == "pause":
            await workflow.pause("look inside")
        if how == "step":
            await workflow.step("ship", "app:long")
        if how in ("update", "unhandled"):
            async def handle():
                await time.sleep("1h")
            await workflow.on_update("change", handle)
            await process.listen("never").receive()
        if how == "several":
            await workflow.parallel([
                process.listen("go").receive(), workflow.sleep("late", "2h"), workflow.sleep("soon", "1h"),
            ])
"""


class Case(NamedTuple):
    """What a run does, what `why` must say first with and without a node (patterns), and its start options."""

    how: str
    served: str
    unserved: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default, never changed


SINCE = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
CASES: Final = [
    Case("timer", rf"timer 1 due at {SINCE}, at .*flow.py:\d+"),
    Case("named", rf"cooling off \(timer 1\) due at {SINCE}, at .*flow.py:\d+"),
    Case("message", r"message: topic go, at .*flow.py:\d+"),
    Case("condition", r"condition enough, at .*flow.py:\d+"),
    Case("approval", rf"approval refund \(request 2\) until {SINCE}; answer it with `actorflow approve`.*"),
    Case("suspend", r"suspended until it is resumed: look at it \(request 1\); `actorflow run wake` .*"),
    Case("wait_for", r"state of workflow other \(request 1\), at .*flow.py:\d+"),
    Case("child", r"child app:flow \(request 1\), at .*flow.py:\d+"),
    Case(
        "call",
        rf"call app:long \(request 1\) runs here: attempt 1 since {SINCE}, last heard of at {SINCE}: .*7.*, at .*flow.py.*",
        rf"call app:long \(request 1\), attempt 1, last heard of at {SINCE}: .*7.*",
    ),
    Case(
        "step", r"step ship: call app:long \(request 1\) runs here: attempt 1 since .*", r"step ship: call app:long.*"
    ),
    Case(
        "slot",
        r"call app:slow \(request 2\) waits for a slot: 1 of 1 run, 0 others wait, at .*flow.py:\d+",
        r"call app:slow \(request 2\), at .*flow.py:\d+",
    ),
    Case("retry", rf"call app:fails attempt 2 at {SINCE} after: ConnectionError: the line broke, at .*flow.py:\d+"),
    Case("pause", r"paused by .*: look inside"),
    Case("update", r"update .* was accepted, and is not answered yet"),
    Case("unhandled", r"update 'chnage' \(8\) waits: its script has no handler of that name; did you mean 'change'.*"),
    Case("held", r"created: .*(held|released).*", options={"workflow.hold": True}),
    Case("delayed", rf"begins at {SINCE}", options={"workflow.start_delay": "1h"}),
    Case("queued", r"created: waits .*", options={"workflow.id": "taken", "workflow.on_conflict": "queue"}),
    Case("locked", r"created: waits for lock one", options={"workflow.lock_key": "one"}),
    Case("limited", rf"fails at {SINCE}: its time is over then", options={"workflow.run_timeout": "1h"}),
]


def place_of(tmp_path: Path) -> Place:
    place = Place(tmp_path, {"lifecycle": {"auto_start": True, "stop_timeout": "100ms"}})
    for name in ("long", "fails"):
        place.python(name, FUNCTIONS, "function", method=name)
    place.python("slow", FUNCTIONS, "function", method="slow", limits={"concurrency": 1})
    place.python("flow", PYTHON, "workflow")
    place.save()
    return place


async def inbox(node: Node, run: str) -> list[Any]:
    host: Any = node.hosts[FLOWS]
    found: list[Any] = await host.engine.writer.read(lambda store: store.inbox(store.find(run).run))
    return found


async def start_all(node: Node, place: Path) -> None:
    """Start what others wait for, and a run for each case."""
    await node.spawn("app:flow", host=FLOWS, args=["timer"], options={"workflow.id": "taken"})
    await node.spawn("app:flow", host=FLOWS, args=["timer"], options={"workflow.id": "l", "workflow.lock_key": "one"})
    for case in CASES:
        options = {"workflow.id": case.how, **case.options}
        pid = await node.spawn("app:flow", host=FLOWS, args=[case.how], options=options)
        (place / case.how).write_text(pid)
        if case.how == "update":
            with trio.fail_after(30):
                await node.update(pid, "change", id="7", wait_for="accepted")
        if case.how == "unhandled":
            await waiting_for(node, pid)
            for seconds in (0.1, 1, 10):  # where the store is slow, it has not come there yet
                with pytest.raises(Error, match="did you mean 'change'; it has: change"):
                    await node.update(pid, "chnage", id="8", timeout=seconds)
                if await inbox(node, case.how):
                    break


async def missing(ask: Callable[[str], Awaitable[list[str]]], place: Path, *, served: bool) -> dict[str, list[str]]:
    """Return the cases whose reason is not said, with what is said instead, after giving them time to come there."""
    found: dict[str, list[str]] = {}
    for case in CASES:
        wanted = case.served if served else case.unserved or case.served
        with trio.move_on_after(20 if served else 10):
            while True:
                found[case.how] = await ask((place / case.how).read_text())
                if any(re.fullmatch(wanted, reason) for reason in found[case.how]):
                    del found[case.how]
                    break
                await trio.sleep(0.02)
    return found


async def test_every_reason_is_said_with_a_node_and_without(tmp_path: Path) -> None:
    place, pids = place_of(tmp_path), tmp_path / "pids"
    pids.mkdir()
    async with app.boot(place.path, data=tmp_path / "data") as booted:
        client = ControlClient(booted.data.path)

        async def asked(run: str) -> list[str]:
            answer: Any = await trio.to_thread.run_sync(client.request, "run.why", {"run": run})
            return list(answer["reasons"])

        await start_all(booted.node, pids)
        assert await missing(asked, pids, served=True) == {}
        several = await booted.node.spawn("app:flow", host=FLOWS, args=["several"])
        await until(lambda: asked(several), "late .*due at.*")  # both timers are of one commit
        told = await asked(several)
        assert [text.partition(" ")[0] for text in told if "due at" in text] == ["soon", "late"], (
            "the next wake-up first"
        )
        assert told.index(next(text for text in told if text.startswith("message"))) == len(told) - 1
    stores = Stores(tmp_path / "data", read_registry(place.path))
    await stores.open_existing()
    try:
        why = run_verbs(stores, served=False, look=replaying(stores))["run.why"]

        async def looked(run: str) -> list[str]:
            answer: Any = await why({"run": run})
            reasons: list[str] = answer["reasons"]
            assert answer["state"] == "paused" or reasons[0] == "no node serves it: start one with `actorflow up`"
            return reasons

        assert await missing(looked, pids, served=False) == {}
    finally:
        await stores.close()


async def test_a_paused_run_says_by_whom_why_and_the_ways_out(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    async with app.boot(place.path, data=tmp_path / "data") as booted:
        pid = await booted.node.spawn("app:flow", host=FLOWS, args=["message"])
        await booted.node.runs.change("pause", pid, reason="the shop is closed", by="ann")
        verbs = run_verbs(booted.stores, served=True)
        answer: Any = await verbs["run.why"]({"run": pid})
        assert answer["reasons"][0] == "paused by ann: the shop is closed"
        assert answer["reasons"][1].startswith("ways out: `actorflow run resume`")


async def test_a_run_whose_host_does_not_run_says_so(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    async with app.boot(place.path, data=tmp_path / "data") as booted:
        client = ControlClient(booted.data.path)
        pid = await booted.node.spawn("app:flow", host=FLOWS, args=["message"])
        await booted.node.stop_host(FLOWS, 1)
        answer: Any = await trio.to_thread.run_sync(client.request, "run.why", {"run": pid})
        assert answer["reasons"][0] == "its host app:flows does not run: `actorflow services` shows why"


async def until(ask: Callable[[], Awaitable[list[str]]], pattern: str) -> None:
    found: list[str] = []
    with trio.move_on_after(20):
        while True:
            found = await ask()
            if any(re.fullmatch(pattern, reason) for reason in found):
                return
            await trio.sleep(0.02)
    raise AssertionError(f"got {found}, expected {pattern}")
