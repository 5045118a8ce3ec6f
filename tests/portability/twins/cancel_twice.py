from actorflow.script import ctx, process


async def main():
    events, observer = process.events(), ctx.get("observer")
    await process.send(observer, "please", ["cancel", "once"])
    first = await events.receive()
    await process.send(observer, "please", ["cancel", "again"])
    second = await events.receive()
    return [first.reason, second.reason]
