"""A run whose code changes under it: what it did with the old code is dropped, twice."""

from __future__ import annotations

from typing import Any

from actorflow.script import funcs, process, time, uuid

MARK = "old"


async def changing() -> list[Any]:
    drawn = uuid.v4()
    await funcs.call("app:double", 1 if MARK == "old" else 2)
    if MARK == "newer":
        await time.sleep("1ms")
    else:
        await funcs.call("app:shortly")
    return [MARK, len(drawn), (await process.inbox().receive()).payload]
