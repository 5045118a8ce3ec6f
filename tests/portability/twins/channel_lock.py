from actorflow.script import channel, funcs, process


async def main():
    lock, order = channel.new(1), []
    done = channel.new(3)
    await lock.send(True)

    async def alone(n):
        await lock.receive()
        order.append(f"in {n}")
        await funcs.call("app:mark", f"alone {n}")
        order.append(f"out {n}")
        await lock.send(True)
        await done.send(n)

    for n in (1, 2, 3):
        await process.start(alone, n)
    for _ in range(3):
        await done.receive()
    return order
