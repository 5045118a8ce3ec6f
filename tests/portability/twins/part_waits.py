from actorflow.script import funcs, process


async def main(parent):
    events = process.events()
    await process.send(parent, "ready", 1)
    event = await events.receive()
    return [event["kind"], await funcs.call("app:mark", "child cleaned")]
