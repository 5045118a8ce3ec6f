from actorflow.script import channel, funcs, process


async def main(jobs):
    work, done = channel.new(jobs), channel.new(jobs)
    for n in range(1, jobs + 1):
        await work.send(n)
    work.close()

    async def worker():
        async for n in work:
            await done.send(await funcs.call("app:double", n))

    for _ in range(2):
        await process.start(worker)
    return sum([await done.receive() for _ in range(jobs)])
