from actorflow.script import channel, funcs, process


async def main():
    done = channel.new(3)

    async def mark(name):
        await done.send(await funcs.call("app:mark", name))

    for name in ("a", "b", "c"):
        await process.start(mark, name)
    return sorted([await done.receive() for _ in range(3)])
