"""The workflows of the kept stores. What runs is the source in the store; this one is what made it."""

from typing import Any

from actorflow.script import funcs, process, time, uuid


async def waiting(number: int) -> list[Any]:
    """Call, draw, wait for a message, call again."""
    first = await funcs.call("app:plus", number)
    token = uuid.v4()
    message = await process.inbox().receive()
    return [first, message.payload, await funcs.call("app:plus", first), len(token)]


async def sleeping(number: int) -> int:
    """Sleep for an hour, then call."""
    await time.sleep("1h")
    return await funcs.call("app:plus", number)


async def retrying(number: int) -> int:
    """Call what fails at first."""
    return await funcs.call("app:late", number)


async def parent(number: int) -> list[Any]:
    """Run a child that waits."""
    return ["child", await process.exec("app:waiting_py", "", number)]


async def failing(number: int) -> None:
    """Fail after a call."""
    raise ValueError(f"got {await funcs.call('app:plus', number)}")
