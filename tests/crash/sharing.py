"""A process for tests that is one of several nodes on one database: it starts some runs and turns its part of all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from typing import Any

import trio
from sqlalchemy import URL

from actorflow.machine.op import Op
from actorflow.store.crash import CrashPoint
from actorflow.store.server import ServerStore
from tests.conformance.workflow.durable import WORKFLOWS, Durable
from tests.databases import database

STEPS = 12
PLACE = "ACTORFLOW_TEST_EFFECTS"
"""The file that gets a line for each call that has ended."""


def order(number: int) -> Generator[tuple[Any, ...], Any, Any]:
    """Charge for one step after the other, with a rest in between."""
    total = 0
    for step in range(STEPS):
        total += yield (Op.CALL, "app:charge", (number, step), {})
        yield (Op.SLEEP, 400_000_000)
    return total


async def charge(number: int, step: int) -> int:
    """Take a moment, write that it was done, and return how much."""
    await trio.sleep(0.02)
    with open(os.environ[PLACE], "ab", buffering=0) as effects:  # noqa: ASYNC230, PTH123 - one write, whole or not at all
        effects.write(f"{number} {step}\n".encode())
    return step


def result() -> int:
    """Return what a run comes to."""
    return sum(range(STEPS))


async def main(url: str, boot: int, first: int, count: int) -> None:
    """Serve for ever; once it is told to go on, start `count` runs, by numbers from `first`."""
    place = URL.create(**json.loads(url))
    durable = Durable(lambda: ServerStore(database(place), CrashPoint()))
    durable.boots = boot * 1000
    durable.add("app:order", order)
    source = "from tests.crash.sharing import charge\nasync def main(*args):\n    return await charge(*args)\n"
    durable.registry.add_python("app:charge", source)
    async with durable.node() as node:
        print("ready", flush=True)  # noqa: T201 - heard by the test
        await trio.to_thread.run_sync(sys.stdin.readline)
        for number in range(first, first + count):
            options = {"workflow.id": f"order/{number}"}
            await node.spawn("app:order", host=WORKFLOWS, args=[number], options=options)
        print("started", flush=True)  # noqa: T201 - likewise
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], *map(int, sys.argv[2:]))
