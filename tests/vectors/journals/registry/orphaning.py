"""A run that drops a child with the code that had started it, and says what it heard of children."""

from __future__ import annotations

from typing import Any

from actorflow.script import channel, funcs, process

MARK = "old"


async def orphaning() -> list[Any]:
    await funcs.call("app:double", 1)
    if MARK == "old":
        await process.spawn("app:waiting_py", "app:flows")
    else:
        await funcs.call("app:double", 2)
    heard, told, inbox = 0, process.events(), process.inbox()
    while True:
        picked = await channel.select(told, inbox)
        if picked.channel is inbox:
            return [MARK, heard]
        heard += 1


async def waiting() -> Any:
    return (await process.inbox().receive()).payload
