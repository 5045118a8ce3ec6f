"""The workflows of the crash matrix: every kind of command and fact there is. `flows.lua` is the twin."""

from typing import Any

from actorflow.script import channel, errors, funcs, process, random, time, uuid, workflow


async def work(run: str) -> dict[str, Any]:
    """Draw, call, sleep; meet a function that fails once and one that refuses; call two at once."""
    token, number = uuid.v4(), random.randint(1, 1000)
    echoed = await funcs.call("app:step", run, "take", token)
    await time.sleep("3ms")
    shaken = await funcs.call("app:flaky", run, "shake", number)
    refused = ""
    try:
        await funcs.call("app:refuse", run, "refuse")
    except errors.Error as error:
        refused = error.message
    left = funcs.async_("app:step", run, "left", 1)
    right = funcs.async_("app:step", run, "right", 2)
    both = [await left, await right]
    return {"same": echoed == token and shaken == number, "refused": refused, "both": both}


async def approval(run: str, patience: str) -> dict[str, Any]:
    """Wait for a signal, but not for ever."""
    approve = process.listen("approve")
    result = await channel.select(approve.case_receive(), time.after(patience).case_receive())
    decided = result.value["by"] if result.channel is approve else "nobody"
    return {"by": await funcs.call("app:step", run, "decide", decided)}


async def child(run: str, number: int) -> int:
    """Be a child: a call and a sleep."""
    await time.sleep("2ms")
    return await funcs.call("app:step", run, f"child {number}", number + 1)


async def parent(run: str) -> dict[str, Any]:
    """Start one child and go on, run another and wait for it, then learn how the first ended."""
    events = process.events()
    pid = await process.spawn("app:child_py", "", run, 1)
    result = await process.exec("app:child_py", "", run, 10)
    event = await events.receive()
    return {"first": event.value, "same": event.pid == pid, "kind": event.kind, "second": result}


async def pong(run: str) -> str:
    """Answer one message."""
    message = await process.inbox().receive()
    await process.send(message.sender, "pong", run)
    return message.payload


async def ping(run: str, peer: str) -> dict[str, Any]:
    """Ask another run, and one that does not exist."""
    answers = process.listen("pong")
    await process.send(peer, "ping", run)
    answer = await answers.receive()
    kind = ""
    try:
        await process.send("{local@app:flows|nobody}", "ping", run)
    except errors.Error as error:
        kind = error.kind
    return {"answer": answer, "nobody": kind}


async def named(run: str) -> dict[str, Any]:
    """Be reached by name."""
    calls = process.listen("call")
    await process.registry.register(f"name of {run}")
    return {"called": await calls.receive()}


async def endless(_run: str) -> None:
    """Sleep until cancelled."""
    await time.sleep("24h")


async def steps(run: str) -> dict[str, Any]:
    """Do steps of every kind: called and inline, nested, together, over a list; sleep under a name; be undone."""
    plain = await workflow.step("plain", lambda: [1, 2])
    drawn = await workflow.step("drawn", uuid.v4)

    async def nested() -> Any:
        await workflow.sleep("nap", "2ms")
        return await workflow.step("echo", "app:step", run, "echo", drawn)

    async def item(value: int, place: int) -> Any:
        await workflow.sleep(f"nap {place}", f"{3 - place}ms")
        return await funcs.call("app:step", run, f"item {place}", value)

    both = await workflow.parallel([lambda: workflow.step("nested", nested), funcs.call("app:step", run, "beside", 5)])
    await workflow.tokens.set("beside", both[1], step="beside")
    items = await workflow.map("item", [10, 20, 30], item, limit=2)
    refused = ""
    try:
        await book(run, "refuse")
    except errors.Error as error:
        refused = error.message
    beside = await workflow.tokens.get("beside")
    return {"plain": plain, "same": both[0] == drawn, "beside": beside, "items": items, "refused": refused}


async def book(run: str, how: str) -> None:
    """Book, pay, and fail, or wait to be cancelled; what was done is undone."""
    async with workflow.saga() as saga:
        await saga.step("book", "app:step", run, "book", 1, compensate="app:undo")
        saga.defer(lambda: workflow.step("tell", "app:step", run, "tell", 1))
        await saga.step("pay", "app:step", run, "pay", 2, compensate="app:undo")
        if how == "refuse":
            await saga.step("last", "app:refuse", run, "last")
        await process.send(how, "ready", run)
        await time.sleep("24h")


async def booking(run: str, parent: str) -> None:
    """Be a saga that is cancelled."""
    await book(run, parent)


async def cancelling(run: str) -> dict[str, Any]:
    """Cancel a child in the middle of its saga, and learn how it ended."""
    events, ready = process.events(), process.listen("ready")
    pid = await process.spawn("app:booking_py", "", run, process.pid())
    await ready.receive()
    await process.cancel(pid, "enough")
    event = await events.receive()
    return {"kind": event.kind, "error": event.error.kind}


async def locked(run: str, key: str) -> str:
    """Hold a lock that others wait for."""
    await funcs.call("app:step", run, "begin", key)
    await time.sleep("1ms")
    await funcs.call("app:step", run, "end", key)
    return "free"
