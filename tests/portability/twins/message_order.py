from actorflow.script import ctx, funcs, process


async def main(count):
    observer = ctx.get("observer")
    for n in range(1, count + 1):
        await process.send(observer, "n", n)
        if n % 3 == 0:
            await funcs.call("app:mark", n)
    await process.send(observer, "last")
    return count
