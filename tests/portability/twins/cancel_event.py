from actorflow.script import ctx, funcs, process


async def main():
    events = process.events()
    await process.send(ctx.get("observer"), "please", ["cancel", "enough"])
    event = await events.receive()
    return [event["kind"], event.type, event.reason, await funcs.call("app:mark", "cleaned")]
