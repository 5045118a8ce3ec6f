from actorflow.script import channel, funcs, process


async def main():
    out = channel.new(0)

    async def fill():
        for n in (1, 2, 3):
            await out.send(n)
            await funcs.call("app:mark", f"sent {n}")
        out.close()

    await process.start(fill)
    total = 0
    async for item in out:
        total += item
    return [total, True, not out.closed]
