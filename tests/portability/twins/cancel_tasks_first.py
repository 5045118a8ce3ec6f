from actorflow.script import channel, ctx, errors, funcs, process, time


async def main():
    ready = channel.new(2)

    async def task(n):
        await ready.send(n)
        try:
            await time.sleep("1h")
        except errors.Cancelled:
            await funcs.call("app:mark", f"task {n}")

    for n in (1, 2):
        await process.start(task, n)
    await ready.receive()
    await ready.receive()
    await process.send(ctx.get("observer"), "please", ["cancel", "enough"])
    try:
        await time.sleep("1h")
    except errors.Cancelled:
        await funcs.call("app:mark", "main")
        return False
