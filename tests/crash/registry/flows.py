"""The workflows of the crash matrix: every kind of command and fact there is. `flows.lua` is the twin."""

from typing import Any

from actorflow.script import channel, errors, funcs, process, random, time, uuid


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
