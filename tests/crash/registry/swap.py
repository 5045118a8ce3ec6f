"""A run whose code is swapped under it, with much left behind by what is dropped. `swap.lua` is the twin."""

from typing import Any

from actorflow.script import funcs, process, time, workflow

MARK = "old"


async def swap(run: str) -> list[Any]:
    """Take, leave all sorts of things, wait for signals."""
    inbox = process.inbox()
    first = await inbox.receive()
    taken = await funcs.call("app:step", run, "take", 1)
    if MARK == "old":
        workflow.attrs(search={"mark": "old"})
        await process.start(workflow.approval, "look")
        await process.start(time.sleep, 86_400)
        await process.with_options({"workflow.id": f"{run}-child"}).spawn("app:left_py", "app:flows")
    done = await funcs.call("app:step", run, MARK, 2)
    second, third = await inbox.receive(), await inbox.receive()
    return [MARK, taken, done, first.payload, second.payload, third.payload]


async def child() -> Any:
    """Outlive the part that started it."""
    return (await process.inbox().receive()).payload
