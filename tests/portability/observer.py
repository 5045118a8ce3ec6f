"""An actor that twins send messages to: it writes them down, and does what they ask it to do to them."""

from typing import Any

from actorflow.script import funcs, process


async def main() -> Any:
    async for message in process.inbox():
        if message.topic == "end" and not message.sender:
            return
        if message.topic == "please":
            await _oblige(message.sender, *message.payload)
        else:
            await funcs.call("app:heard", message.topic, list(message.payloads))


async def _oblige(sender: str, verb: str, *args: Any) -> None:
    if verb == "send":
        await process.send(sender, *args)
    elif verb == "cancel":
        await process.cancel(sender, *args)
    elif verb == "flood":
        for number in range(args[0]):
            await process.send(sender, "n", number)
    else:
        await funcs.call("app:asked", sender)
