"""A saga that is cancelled, and cancelled again while it is undone: the first rules cut that short."""

from actorflow.script import process, workflow


async def undoing() -> None:
    async with workflow.saga() as saga:
        await saga.step("first", "app:double", 1, compensate={"call": "app:double", "input": 3})
        await saga.step("second", "app:double", 2, compensate="app:later")
        await process.inbox().receive()
