from actorflow.script import ctx, process


async def main():
    me, name = process.pid(), ctx.get("trial")
    await process.registry.register(name)
    found = await process.registry.lookup(name)
    await process.send(name, "by name", 1)
    message = await process.inbox().receive()
    gone = await process.registry.unregister(name)
    return [found == me, message.topic, gone]
