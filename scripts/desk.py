"""The desk: an actor that starts a durable workflow for each order and answers those that ask for approval.

It keeps nothing of value: orders live in their workflows. If it crashes, its supervisor starts it again, whoever sent
orders sends them again, and an order that is already open is simply found under its id.
"""

from contextlib import suppress
from typing import Any

from actorflow.script import errors, process

LIMIT = 90_000  # cents; dearer orders are declined
LANGUAGES = ("shop:order_lua", "shop:order_py")


async def take(batch: dict[str, Any]) -> None:
    """Start a workflow for each order of a batch, in Lua and Python by turns, and report their PIDs."""
    started = []
    for order in batch["orders"]:
        entry = LANGUAGES[order["number"] % len(LANGUAGES)]
        spawner = process.with_options({"workflow.id": order["id"]})
        try:
            started.append(await spawner.spawn(entry, batch.get("host", "shop:workflows"), order))
        except errors.Error as error:
            if error.kind != errors.ALREADY_EXISTS:
                raise
    if batch.get("reply_to"):
        await process.send(batch["reply_to"], "started", started)


async def decide(question: dict[str, Any]) -> None:
    """Answer one request for approval with a signal to the PID that asked."""
    with suppress(errors.Error):  # it may have ended meanwhile
        await process.send(question["pid"], "decision", {"approved": question["amount"] < LIMIT})


async def main() -> None:
    """Serve for ever."""
    await process.registry.register("desk")
    async for message in process.inbox():
        if message.topic == "orders":
            await take(message.payload)
        elif message.topic == "approval":
            await decide(message.payload)
