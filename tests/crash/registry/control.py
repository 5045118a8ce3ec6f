"""Workflows that are paused, resumed, cancelled, retried and scrubbed. `control.lua` is the twin."""

from typing import Any

from actorflow.script import errors, funcs, process, workflow


async def sale(run: str) -> list[Any]:
    """Take, wait for a signal, pause, look at the stock, give."""
    inbox = process.inbox()
    taken = await funcs.call("app:step", run, "take", 1)
    message = await inbox.receive()
    await workflow.pause("look")
    found = await funcs.call("app:stock", run)
    return [taken, message.payload, found, await funcs.call("app:step", run, "give", 2)]


async def tidy(run: str) -> None:
    """Wait until cancelled, and tidy up then."""
    events = process.events()
    await events.receive()
    await funcs.call("app:step", run, "tidy", 3)
    raise errors.Error("tidied", errors.CANCELED, retryable=False)
