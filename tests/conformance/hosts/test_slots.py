"""Slots of functions: concurrency and rate in all and for each key, fairness, priority, and `why`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

WORKING = """
import json, time
from pathlib import Path
import trio

running = []

async def main(path, item, seconds=0.02):
    running.append(item["customer"])
    with Path(path).open("a") as file:
        file.write(json.dumps([item, len(running), running.count(item["customer"]), time.monotonic()]) + "\\n")
    while Path(path).with_name("hold").exists():
        await trio.sleep(0.005)
    await trio.sleep(seconds)
    running.remove(item["customer"])
"""
CALLING = """
local function main(path, items)
  local futures = {}
  for i, item in ipairs(items) do
    futures[i] = funcs.new():with_options({priority = item.priority}):async("app:working", path, item)
  end
  for _, future in ipairs(futures) do future:response():receive() end
  return #futures
end
"""


def place_with(path: Path, **limits: Any) -> Place:
    place = Place(path)
    place.python("working", WORKING, "function", limits={"key": "1.customer", **limits})
    place.lua("calling", CALLING)
    return place


async def worked(place: Place, *runs: list[dict[str, Any]]) -> list[Any]:
    """Run a workflow for each list of items, all at once; return what the attempts noted, in order."""
    notes = place.path / "notes"
    async with place.node() as node:
        pids = [await node.spawn("app:calling", host=FLOWS, args=[str(notes), items]) for items in runs]
        for pid in pids:
            await node.wait(pid, timeout=30)
    return [json.loads(line) for line in notes.read_text().splitlines()]


def items(customer: str, count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"customer": customer, **more} for _ in range(count)]


async def test_attempts_at_a_time_are_limited_over_all_runs(tmp_path: Path) -> None:
    place, notes, hold = place_with(tmp_path, concurrency=2), tmp_path / "notes", tmp_path / "hold"
    hold.touch()
    async with place.node() as node:
        pids = [await node.spawn("app:calling", host=FLOWS, args=[str(notes), items(name, 4)]) for name in "ab"]
        await until(lambda: notes.exists() and len(notes.read_text().splitlines()) == 2)
        hold.unlink()
        for pid in pids:
            await node.wait(pid, timeout=30)
    lines = [json.loads(line) for line in notes.read_text().splitlines()]
    assert len(lines) == 8
    assert max(running for _, running, _, _ in lines) == 2


async def test_attempts_of_one_key_are_limited_and_delay_no_other(tmp_path: Path) -> None:
    notes = await worked(place_with(tmp_path, concurrency=2, per_key={"concurrency": 1}), items("a", 8) + items("b", 2))
    assert max(of_key for _, _, of_key, _ in notes) == 1
    order = [item["customer"] for item, _, _, _ in notes]
    assert order.index("b") <= 2
    assert "b" not in order[5:]


async def test_attempts_begin_by_the_rate(tmp_path: Path) -> None:
    first = time.monotonic()
    notes = await worked(place_with(tmp_path, rate="4/1s"), items("a", 10))
    assert [number for number, (*_, at) in enumerate(notes) if at - first < (number - 3) / 4] == []


async def test_as_many_attempts_as_the_rate_counts_begin_at_once(tmp_path: Path) -> None:
    place, notes = place_with(tmp_path, rate="4/1h"), tmp_path / "notes"
    async with place.node() as node:
        pid = await node.spawn("app:calling", host=FLOWS, args=[str(notes), items("a", 5)])
        await until(lambda: notes.exists() and len(notes.read_text().splitlines()) == 4)
        await until(lambda: "its rate is reached" in str([info.waits for info in node.processes()]))
        await node.terminate(pid)


async def test_a_high_priority_is_served_first(tmp_path: Path) -> None:
    wanted = items("a", 3, priority=5) + items("b", 2, priority=1)
    notes = await worked(place_with(tmp_path, concurrency=1), wanted)
    assert [item["customer"] for item, _, _, _ in notes] == ["a", "b", "b", "a", "a"]


async def test_a_call_that_waits_for_a_slot_says_so(tmp_path: Path) -> None:
    place = place_with(tmp_path, concurrency=1)
    place.lua("slow", "local function main(path) return funcs.call('app:working', path, {customer = 'x'}, 60) end")
    async with place.node() as node:
        notes = str(place.path / "notes")
        first = await node.spawn("app:slow", host=FLOWS, args=[notes])
        await until((place.path / "notes").exists)
        second = await node.spawn("app:slow", host=FLOWS, args=[notes])

        def told() -> str:
            return " ".join(text for info in node.processes() if info.pid == second for text in info.waits)

        await until(lambda: "waits for a slot: 1 of 1 run" in told())
        await node.terminate(second)
        await node.terminate(first)


async def test_calls_have_the_priority_of_their_run_unless_they_say_their_own(tmp_path: Path) -> None:
    place = place_with(tmp_path, concurrency=1)
    place.lua("slow", "local function main(path) return funcs.call('app:working', path, {customer = 'first'}) end")
    notes, hold = place.path / "notes", place.path / "hold"
    hold.touch()
    async with place.node() as node:

        async def run(customer: str, options: dict[str, Any], **more: Any) -> str:
            args = [str(notes), items(customer, 1, **more)]
            return await node.spawn("app:calling", host=FLOWS, args=args, options=options)

        pids = [await node.spawn("app:slow", host=FLOWS, args=[str(notes)])]
        await until(notes.exists)
        pids += [
            await run("low", {"workflow.priority": -1}),
            await run("own", {"workflow.priority": -5}, priority=1),
            await run("high", {"workflow.priority": {"priority_key": 2}}),
            await run("plain", {}),
        ]
        await until(lambda: sum("waits for a slot" in str(info.waits) for info in node.processes()) == 4)
        hold.unlink()
        for pid in pids:
            await node.wait(pid, timeout=30)
    served = [json.loads(line)[0]["customer"] for line in notes.read_text().splitlines()]
    assert served == ["first", "own", "high", "plain", "low"]
