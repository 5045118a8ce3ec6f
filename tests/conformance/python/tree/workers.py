"""Helper processes of the checks: each is the entry function of one entry."""

from __future__ import annotations

from typing import Any

from actorflow.script import ctx, errors, funcs, process, time


async def echo(*args: Any) -> list[Any]:
    """Return the arguments."""
    return list(args)


async def idle() -> str:
    """Wait for one message and return its topic."""
    message = await process.inbox().receive()
    return str(message.topic)


async def context() -> dict[str, Any]:
    """Return all context values."""
    return ctx.all()


async def refusing() -> None:
    """Fail with a business refusal."""
    raise errors.Rejected("no stock", errors.CONFLICT, {"sku": "a1"})


async def raising() -> None:
    """Fail with a bug."""
    raise ValueError("boom")


async def collecting(to: str, count: int) -> None:
    """Send what the first messages of the inbox were."""
    seen = []
    async for message in process.inbox():
        seen.append([message.topic, message.sender, message.payload])
        if len(seen) == count:
            break
    await process.send(to, "seen", seen)


async def cooperative(to: str) -> str:
    """Return the reason of the cancellation that comes as an event."""
    events = process.events()
    await process.send(to, "ready")
    event = await events.receive()
    return f"{event.type}: {event.reason}"


async def cleaning(to: str) -> None:
    """Do not read events: be interrupted, and clean up with a call."""
    try:
        await process.send(to, "ready")
        await time.sleep("1h")
    finally:
        await process.send(to, "cleaned", await funcs.call("app:add", 1, 2))


async def version_one(*args: Any) -> None:
    """Serve as version one."""
    await _serve("one", args)


async def version_two(*args: Any) -> None:
    """Serve as version two."""
    await _serve("two", args)


async def _serve(version: str, args: tuple[Any, ...]) -> None:
    async for message in process.inbox():
        match message:
            case process.Message("who", to):
                await process.send(to, "version", version, process.id(), list(args))
            case process.Message("upgrade", entry):
                await process.upgrade(entry, "upgraded")
            case process.Message("try", [entry, to]):
                try:
                    await process.upgrade(entry)
                except errors.Error as error:
                    await process.send(to, "tried", error.kind, error.message)
