"""Workflows that fail, wait, and answer."""

from typing import Any

from actorflow.script import channel, errors, funcs, process, workflow


async def stuck() -> Any:
    try:
        await funcs.call("app:hang")
    except errors.Cancelled as error:
        return f"stopped: {error}"


async def failing(order: Any) -> Any:
    await funcs.call("app:refuse", order)


async def lacking(what: Any) -> Any:
    if what == "pause":
        await workflow.pause("for a while")
    elif what == "approval":
        await workflow.approval("yes", reason="or no")
    elif what == "wait_for":
        await workflow.wait_for("app:order", "x", "completed")


async def asked() -> Any:
    state = {"count": 0}
    workflow.set_query("count", lambda: state["count"])
    inbox = process.inbox()
    while True:
        message = await inbox.receive()
        if message.topic == "add":
            await process.send(message.sender, "ack")
            if message.payload < 0:
                await process.send(message.sender, "error", "negative")
                continue
            state["count"] += message.payload
            await process.send(message.sender, "ok", state["count"])
        else:
            return state["count"]


async def counting(n: Any, seen: Any = 0) -> Any:
    if n:
        await process.upgrade(None, n - 1, seen + 1)
    return {"seen": seen, "tokens": workflow.version("change", 1, 2)}


async def suspended() -> Any:
    return await workflow.suspend("until woken")


async def described() -> Any:
    workflow.attrs(search={"customer": "acme", "amount": 3}, memo={"note": "hello"})
    try:
        workflow.attrs(search={"nobody_knows": "x"})
    except errors.Error as error:
        return error.kind


async def versioned() -> Any:
    first = workflow.version("first", 0, 3)
    await funcs.call("app:reserve", "version")
    return [first, workflow.version("first", 1, 3), workflow.version("second", 2, 2)]


async def child(parent: Any) -> Any:
    await process.send(parent, "hello", {"from": process.pid()})
    return await funcs.call("app:reserve", "family")


async def family() -> Any:
    inbox, events = process.inbox(), process.events()
    pid = await process.spawn("app:child", "", process.pid())
    message = await inbox.receive()
    event = await events.receive()
    return [message.payload["from"] == pid, event.result["value"]]


async def collecting(count: Any) -> Any:
    inbox = process.inbox()
    return [(await inbox.receive()).payload for _ in range(count)]


async def gathering() -> Any:
    inbox, seen = process.inbox(), []
    while (found := (await inbox.receive()).payload) is not None:
        seen.append(found)
    return seen


async def pausing() -> Any:
    for number in range(3):
        await funcs.call("app:double", number)
    await workflow.sleep("long", "1h")


async def going_on(policy: Any, step: Any = 0, pid: Any = None) -> Any:
    inbox, events = process.inbox(), process.events()
    if step == 0:
        child = await process.with_options({"workflow.parent_close_policy": policy}).spawn("app:suspended", "")
        updated = await inbox.receive()
        await process.send(updated.sender, "ack")
        await inbox.receive()
        await process.upgrade(None, policy, 1, child)
    heard = []
    while (got := await channel.select(inbox, events)).channel is not inbox or got.value.topic != "end":
        heard.append(got.value.type if got.channel is events else got.value.topic)
    return [step, pid, heard]


async def ends_early() -> Any:
    inbox = process.inbox()
    updated = await inbox.receive()
    await process.send(updated.sender, "ack")
    await inbox.receive()
    return "ended"


async def patient(order: Any) -> Any:
    bounded = funcs.new().with_options({"activity.start_to_close_timeout": "8s"})
    return await bounded.call("app:lingers", order)


async def spinning_py() -> Any:
    while True:
        pass


async def going_over(count: Any, seen: Any = ()) -> Any:
    inbox = process.inbox()
    for _ in range(50):
        seen = [*seen, (await inbox.receive()).payload]
        if len(seen) == count:
            return seen
    return await process.upgrade(None, count, seen)
