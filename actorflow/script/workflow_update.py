"""Updates: asking a running workflow to do something, and getting its answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from actorflow.errors import Cancelled, failure_of, invalid
from actorflow.script import logger, process
from actorflow.script.current import running
from actorflow.script.message import Message


async def on_update(name: str, handle: Callable[..., Any], *, validate: Callable[..., Any] | None = None) -> None:
    """Have `handle(*args)` answer the update `name`: what it returns is the answer, what it raises the error.

    Each update runs as a task of its own, in the order of arrival until it first waits. One that is still under way
    when the workflow ends or continues as new is not answered: wait for `all_handlers_finished` first.
    `validate(*args)` is asked before anything is recorded, as a query is: it rejects by raising, or by returning False.

    A message on the topic `name` does the same; its sender gets `ack`, then `ok` or `error`, as messages.

    Raises:
        Error: kind Invalid, for an empty name, one that begins with `@`, or what is no function.
    """
    for function in (handle, validate):
        if function is not None and not callable(function):
            raise invalid(f"workflow.on_update: got {function!r:.80} for {name!r}, expected a function")
    channel = process.listen(name, message=True)
    running().set_handler("update", name, handle)
    if validate is not None:
        running().set_handler("validate", name, validate)

    async def serve() -> None:
        async for message in channel:
            _ = await process.start(_handle, name, handle, message)

    _ = await process.start(serve)


def all_handlers_finished() -> bool:
    """Tell whether no update is under way: what a workflow waits for before it ends or continues as new.

    await workflow.wait_until("updates are done", workflow.all_handlers_finished)
    """
    return running().handling == 0


async def _handle(name: str, handle: Callable[..., Any], message: Message) -> None:
    running().handling += 1
    try:
        await _answer(name, handle, message)
    finally:
        running().handling -= 1


async def _answer(name: str, handle: Callable[..., Any], message: Message) -> None:
    sender = message.sender
    if sender:
        await process.send(sender, "ack")
    try:
        answer = handle(*message.payloads)
        answer = await answer if inspect.isawaitable(answer) else answer
        if sender:
            await process.send(sender, "ok", answer)
    except (Exception, Cancelled) as error:
        failure = failure_of(error)
        if sender:
            await process.send(sender, "error", failure)
        else:
            logger.error(f"update {name}: {failure.message}")
        if isinstance(error, Cancelled):
            raise
