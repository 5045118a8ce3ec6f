"""Runs that together have every kind of journal event; what they do is in their journals for ever."""

from contextlib import suppress
from typing import Any

from actorflow.script import errors, funcs, process, random, registry, time, uuid, workflow


async def work(peer: str) -> dict[str, Any]:
    drawn = [uuid.v4(), random.randint(1, 6)]
    doubled = await funcs.call("app:double", 21)
    try:
        await funcs.call("app:refuse")
    except errors.Error as error:
        refused = error.kind
    future = funcs.async_("app:slow")
    future.cancel()
    await time.sleep("1ms")
    kind = (await registry.get("app:double")).kind
    await process.registry.register("worker")
    child = await process.spawn("app:child_py", "app:flows", 3)
    event = await process.events().receive()
    executed = await process.exec("app:child_py", "app:flows", 4)
    step = await workflow.step("twice", "app:double", 2)
    closed = await workflow.step("closure", lambda: funcs.call("app:double", 5))
    try:
        await process.send(peer, "hello", {"n": 1})
    except errors.Error as error:
        unsent = error.kind
    try:
        await process.cancel(peer)
    except errors.Error as error:
        uncancelled = error.kind
    await workflow.on_update("add", lambda n: n + 1)
    version = workflow.version("change", 1, 2)
    message = await process.inbox().receive()
    return {
        "drawn": len(drawn), "doubled": doubled, "refused": refused, "kind": kind, "same": event["from"] == child,
        "executed": executed, "step": step, "closed": closed, "unsent": unsent, "uncancelled": uncancelled,
        "version": version, "message": message.payload,
    }  # fmt: skip


async def child(n: int) -> int:
    return await funcs.call("app:double", n)


async def chain(n: int) -> int:
    if n == 2:
        await process.registry.register("chain")
    with suppress(errors.Error):
        await process.upgrade("app:missing")
    await process.inbox().receive()
    if n:
        await workflow.continue_as_new(n - 1)
    return n


async def endless() -> None:
    with suppress(TimeoutError):
        await workflow.approval("review", expiry="1ms")
    await time.sleep("24h")


async def failing() -> None:
    await funcs.call("app:refuse")


async def watched(peer: str) -> list[Any]:
    workflow.attrs(search={"n": 1}, memo={"m": "x"})
    await workflow.tokens.set("who", "ann")
    reached = await workflow.wait_for("", peer, "completed")
    woken = await workflow.suspend("a look")
    await workflow.pause("by itself")
    return [reached["state"], woken, await workflow.tokens.get("who")]
