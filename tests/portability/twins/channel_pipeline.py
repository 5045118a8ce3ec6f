from actorflow.script import channel, funcs, process


async def main(count):
    raw, squared = channel.new(0), channel.new(0)

    async def count_up():
        for n in range(1, count + 1):
            await raw.send(n)
        raw.close()

    async def square():
        async for n in raw:
            await squared.send(n * n)
        squared.close()

    await process.start(count_up)
    await process.start(square)
    return [await funcs.call("app:double", n) async for n in squared]
