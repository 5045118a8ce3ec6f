"""Wrong arguments: each is the script's own error, which it may catch, and none a fault that ends the process."""

from __future__ import annotations

from typing import Any

from actorflow.script import (
    channel,
    crypto,
    errors,
    expr,
    funcs,
    logger,
    process,
    queue,
    random,
    registry,
    security,
    text,
)

NOBODY = "{local@app:actors|0xfffff}"
NO_TEXT: tuple[Any, ...] = (None, 5, b"x", ["app:idle"])
NO_MAP: tuple[Any, ...] = (5, "text", b"x", ["a"])
NO_NUMBER: tuple[Any, ...] = (None, "5", True, [1])


def taking_texts() -> list[Any]:
    """Return calls of one argument that is a text, a channel, a function or the like."""
    names, tokens = process.registry, security.TokenStore("app:tokens")
    return [
        process.spawn, process.exec, process.monitor, process.unmonitor, process.link, process.unlink, process.cancel,
        process.terminate, process.with_name, process.with_message, process.with_actor, process.with_scope,
        process.listen, process.unlisten, process.io, process.gather, process.start, channel.select, names.register,
        names.lookup, names.unregister, funcs.call, funcs.async_, funcs.with_actor, funcs.with_scope, errors.new,
        text.Splitter,
        lambda wrong: process.spawn("app:idle", wrong),
        lambda wrong: process.send(wrong, "topic", 1),
        lambda wrong: process.send(process.pid(), wrong, 1),
        lambda wrong: process.subscribe(wrong, channel.new()),
        lambda wrong: process.cancel(NOBODY, wrong),
        lambda wrong: process.upgrade(wrong or []),
        lambda wrong: names.register("name", wrong),
        lambda wrong: errors.new("message", wrong),
        lambda wrong: tokens.create(wrong, security.Scope()),
        lambda wrong: tokens.create(security.Actor("a"), wrong),
    ]  # fmt: skip


def taking_maps() -> list[Any]:
    """Return calls of one argument that is a map."""
    return [
        process.with_context, process.with_options, funcs.with_context, funcs.with_options, registry.find,
        lambda wrong: process.with_options({(wrong if isinstance(wrong, int) else 1): 1}),
        lambda wrong: crypto.jwt.encode(wrong, "key"),
        lambda wrong: expr.eval("1", wrong),
        lambda wrong: logger.info("line", wrong),
        lambda wrong: queue.publish("app:queue", 1, wrong),
        lambda wrong: security.can("action", "resource", wrong),
        lambda wrong: registry.Changes().create("a:b", "registry.entry", {}, wrong),
    ]  # fmt: skip


def taking_numbers() -> list[Any]:
    """Return calls of one argument that is a number."""
    return [
        channel.new, random.randbytes, random.getrandbits, registry.snapshot_at, registry.apply_version,
        lambda wrong: random.randint(wrong, 3),
        lambda wrong: random.uniform(0, wrong),
        lambda wrong: random.sample([1], wrong),
        lambda wrong: process.registry.register("name", "", wrong),
    ]  # fmt: skip


async def wrong_arguments() -> None:
    """Try them all."""
    negative: tuple[Any, ...] = (channel.new, random.randbytes)
    tried = [(call, wrong) for call in taking_texts() for wrong in NO_TEXT]
    tried += [(call, wrong) for call in taking_maps() for wrong in NO_MAP]
    tried += [(call, wrong) for call in taking_numbers() for wrong in NO_NUMBER]
    for number, (call, wrong) in enumerate([*tried, *((call, -1) for call in negative)]):
        kind = await kind_of(call, wrong)
        assert kind == errors.INVALID, (number, wrong, kind)


async def kind_of(call: Any, wrong: Any) -> str:
    """Return the kind of the error that a call raises, at once or when awaited."""
    try:
        made = call(wrong)
        if type(made).__name__ in {"coroutine", "generator"}:
            await made
    except errors.Error as error:
        return error.kind
    return "no error"
