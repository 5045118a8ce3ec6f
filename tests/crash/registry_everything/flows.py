"""One workflow that uses every durable feature there is, and the runs it needs. `flows.lua` is the twin."""

from typing import Any

from actorflow.script import channel as channels
from actorflow.script import ctx, errors, funcs, process, random, sql, time, uuid, workflow

QUICK = funcs.with_options(retry={"initial_delay": "2ms"})
SHORT = funcs.with_options(retry={"initial_delay": "2ms", "backoff_factor": 1}, timeout="20ms")


async def everything(run: str, language: str, generation: int = 1, told: Any = None) -> dict[str, Any]:
    """Do everything, in two runs of one chain."""
    if generation == 2:
        return await ending(run, told)
    numbers = process.listen("number")
    total: list[int] = []

    def add(number: int) -> int:
        total.append(number)
        return sum(total)

    workflow.set_query("total", lambda: sum(total))
    await workflow.on_update("add", add, validate=lambda number: number > 0)
    await process.registry.register(f"name of {run}")
    result = {"calls": await calls(run), "steps": await steps(run), "times": await times()}
    seen: list[int] = []
    while len(seen) < 3:
        number = await numbers.receive()
        if number not in seen:
            seen.append(number)
    result |= {"seen": seen, "waits": await waits(run, total)}
    await workflow.pause("look inside")
    result["child"] = await process.exec("app:child_py", "", run, 10)
    for policy in ("terminate", "request_cancel", "abandon"):
        options = {"workflow.id": f"{policy} of {run}", "workflow.parent_close_policy": policy}
        _ = await process.with_options(options).spawn("app:left_py", "", run, policy)
    return await workflow.continue_as_new(run, language, 2, result)


async def calls(run: str) -> dict[str, Any]:
    """Draw, mark, and call functions of every sort."""
    token, number = uuid.v4(), random.randint(1, 1000)
    version = workflow.version("total", 1, 2)
    workflow.attrs(search={"order": run}, memo={"note": "all"})
    await workflow.tokens.set("token", token, step="begin")
    echoed = await QUICK.call("app:step", run, "take", token)
    shaken = await QUICK.call("app:flaky", run, "shake", number)
    refused, late = "", ""
    try:
        await funcs.call("app:refuse", run, "refuse")
    except errors.Error as error:
        refused = error.message
    try:
        await SHORT.call("app:never")
    except errors.Error as error:
        late = error.kind
    db = await sql.get("app:db")
    await db.execute("CREATE TABLE IF NOT EXISTS kept (run TEXT PRIMARY KEY, number INTEGER)")
    await db.execute("INSERT OR REPLACE INTO kept VALUES (?, 5)", run)
    left, right = funcs.async_("app:step", run, "left", 1), funcs.async_("app:step", run, "right", 2)
    return {
        "same": echoed == token and shaken == number and await workflow.tokens.get("token") == token,
        "version": version,
        "beaten": await QUICK.call("app:beating"),
        "booked": await QUICK.call("app:book", run),
        "refused": refused,
        "late": late,
        "kept": await db.query("SELECT number FROM kept WHERE run = ?", run),
        "both": [await left, await right],
    }


async def steps(run: str) -> dict[str, Any]:
    """Do steps, one by one, together and over a list; undo what failed."""
    plain = await workflow.step("plain", lambda: [1, 2])
    drawn = await workflow.step("drawn", uuid.v4)

    async def nested() -> Any:
        await workflow.sleep("nap", "2ms")
        return await workflow.step("echo", "app:step", run, "echo", drawn)

    async def item(value: int, place: int) -> Any:
        return await funcs.call("app:step", run, f"item {place}", value)

    both = await workflow.parallel([lambda: workflow.step("nested", nested), funcs.call("app:step", run, "beside", 5)])
    items = await workflow.map("item", [10, 20, 30], item, limit=2)
    refused = ""
    try:
        await book(run, "refuse")
    except errors.Error as error:
        refused = error.message
    return {"plain": plain, "same": both[0] == drawn, "items": items, "refused": refused}


async def times() -> dict[str, Any]:
    """Tick, wait for what does not come, and sleep; time does not go back."""
    began = time.now()
    ticker = time.ticker("2ms")
    for _ in range(2):
        await ticker.response().receive()
    ticker.stop()
    silence = process.listen("silence")
    timer = time.timer("1h")
    result = await channels.select(silence.case_receive(), time.after("2ms").case_receive())
    stopped = timer.stop()
    await time.sleep("1ms")
    return {"silent": result.channel is not silence, "stopped": stopped, "later": time.now() > began}


async def waits(run: str, total: list[int]) -> dict[str, Any]:
    """Wait for a condition, people, another run, and somebody to wake it up."""
    complete = await workflow.wait_until("complete", lambda: sum(total) >= 3, timeout="1h")
    answer = await workflow.approval("refund", schema={"type": "integer"}, expiry="1h")
    nobody = ""
    try:
        await workflow.approval("nobody", expiry="3ms")
    except TimeoutError:
        nobody = "Timeout"
    pid = await process.with_options({"workflow.key": run}).spawn("app:child_py", "", run, 1)
    reached = await workflow.wait_for("app:child_py", run, "completed", timeout="1h")
    given = await workflow.suspend("look outside")
    return {
        "complete": complete, "data": answer["data"], "by": answer["by"], "nobody": nobody,
        "reached": reached["state"], "child": pid.endswith(f"|app:child_py/{run}}}"), "given": given,
    }  # fmt: skip


async def ending(run: str, told: Any) -> dict[str, Any]:
    """Cancel a child in its saga, wait for a message, look at the stock, and end."""
    events, ready, go = process.events(), process.listen("ready"), process.listen("go")
    pid = await process.spawn("app:booking_py", "", run, process.pid())
    await ready.receive()
    await process.cancel(pid, "enough")
    ended = await events.receive()
    while ended.pid != pid:
        ended = await events.receive()
    went = await go.receive()
    stock = await funcs.call("app:stock", run)
    last = await workflow.step("last", "app:step", run, "last", 7)
    return {**told, "cancelled": ended.error.kind, "went": went, "stock": stock, "last": last}


async def book(run: str, how: str) -> None:
    """Book, pay, and fail, or wait to be cancelled; what was done is undone."""
    async with workflow.saga() as saga:
        await saga.step("book", "app:step", run, "book", 1, compensate="app:undo")
        saga.defer(lambda: workflow.step("tell", "app:step", run, "tell", 1))
        await saga.step("pay", "app:step", run, "pay", 2, compensate="app:undo")
        if how == "refuse":
            await saga.step("last", "app:refuse", run, "last")
        if how:
            await process.send(how, "ready", run)
        await time.sleep("24h")


async def booking(run: str, parent: str) -> None:
    """Be a saga that is cancelled."""
    await book(run, parent)


async def child(run: str, number: int) -> int:
    """Be a child: a sleep and a call."""
    await time.sleep("1ms")
    return await funcs.call("app:step", run, f"child {number}", number + 1)


async def left(run: str, policy: str) -> str:
    """Be left by the parent: ended, asked to stop, or let alone until somebody says so."""
    go, events = process.listen("go"), process.events()
    result = await channels.select(go.case_receive(), events.case_receive())
    return await funcs.call("app:step", run, f"left {policy}", "went" if result.channel is go else result.value.kind)


async def after(run: str, key: str) -> str:
    """Have the lock after another run."""
    return await funcs.call("app:step", run, "after", key)


async def nightly(run: str) -> Any:
    """Be started by a schedule."""
    return await funcs.call("app:slot", run, ctx.get("schedule")["slot"])
