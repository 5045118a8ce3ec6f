"""What a user's script may expect of the types of `actorflow.script`; `test_typing.py` has mypy read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_type

from actorflow.script import (
    Event,
    Message,
    channel,
    crypto,
    ctx,
    env,
    errors,
    events,
    funcs,
    process,
    queue,
    registry,
    security,
    sql,
    store,
    time,
    wait,
)
from actorflow.script import hash as digests


@dataclass
class Quote:
    """A record of the user's own."""

    price: float


async def starts_and_calls() -> None:
    """Whatever takes `returns` gives that."""
    made = process.with_name("shop").with_message("go", 1).with_context(tenant="acme")
    assert_type(await made.spawn_linked_monitored("app:worker", "app:actors", 1), str)
    assert_type(await process.exec("app:worker", returns=Quote), Quote)
    assert_type(await funcs.call("app:quote", 1, returns=Quote), Quote)
    assert_type(await funcs.with_options(timeout=timedelta(seconds=3)).call("app:quote", returns=Quote), Quote)
    future = funcs.async_("app:quote", returns=Quote)
    assert_type(await future, Quote)
    assert_type(await future.response().receive(), Quote | errors.Error)
    assert_type(await (await process.start(doubled, 1)), int)
    assert_type(await process.io(doubled, 1), int)


async def listens() -> None:
    """Each channel knows what it brings."""
    assert_type(await process.inbox().receive(), Message)
    assert_type(await process.events().receive(), Event)
    assert_type(await process.listen("job", message=True).receive(), Message)
    async for tick in time.ticker("1s"):
        assert_type(tick, datetime)
    async with process.timeout(5), await events.subscribe("orders", "order.*") as subscription:
        async for event in subscription:
            assert_type(event, Event)
    chosen = await channel.select(process.inbox(), time.after(1), default=True)
    assert_type(chosen.ok, bool)
    own: channel.Channel[int] = channel.new(1)
    await own.send(1)
    assert_type(await own.receive(), int)


async def uses_resources() -> AsyncIterator[Any]:
    """The modules with their kinds."""
    async with await store.get("app:store") as cache:
        async for entry in cache.list("user:"):
            assert_type(entry["key"], str)
    async with (await sql.get("app:db")).begin("serializable", read_only=True) as tx:
        yield await tx.query("SELECT 1")
    assert_type((await queue.message()).attempts, int)
    assert_type(security.actor(), security.Actor | None)
    assert_type((await registry.Changes().update("app:a", data={}).apply()).previous, int)
    assert_type(crypto.pbkdf2("password", b"salt", 1000, 32), bytes)
    assert_type(digests.sha256("data", raw=True), bytes)


def function() -> float:
    """A function waits in its thread, and has the facts of its call."""
    assert_type(wait(env.get("CITY", None)), str | None)
    assert_type(ctx.invocation_id, str)
    return (ctx.deadline or 0.0) + ctx.attempt


async def doubled(number: int) -> int:
    """Something to start."""
    return number * 2
