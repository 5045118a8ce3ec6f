"""Workflows that programs in other languages use, and that use theirs; the twins of theirs.lua and buying.lua."""

from typing import Any

from actorflow.script import errors, funcs, process, workflow


async def theirs(name: Any, count: Any) -> Any:
    total = [0]

    def positive(n: Any) -> None:
        if n < 0:
            raise errors.Rejected("negative")

    def add(n: Any) -> Any:
        total[0] += n
        return {"total": total[0]}

    workflow.set_query("total", lambda: total[0])
    await workflow.on_update("add", add, validate=positive)
    items = process.listen("item")
    return {"name": name, "items": [await items.receive() for _ in range(count)], "total": total[0]}


async def buying(queue: Any) -> Any:
    charge = funcs.new().with_options({"activity.task_queue": queue})
    card = {"number": "4111", "limit": 100}
    charged = await charge.call("app:charge", card, 50)
    try:
        await charge.call("app:charge", card, 500)
    except errors.Error as error:
        refused = [error.kind, error.message, error.retryable]
    packing = process.with_options({"workflow.task_queue": queue})
    events = process.events()
    pid = await packing.spawn("Packing", "", "o1")
    await process.send(pid, "box", {"size": 3})
    await process.send(pid, "close")
    packed = (await events.receive()).value
    try:
        await packing.exec("Packing", "", "broken")
    except errors.Error as error:
        broken = [error.kind, error.message]
    return {"charged": charged, "refused": refused, "packed": packed, "broken": broken}
