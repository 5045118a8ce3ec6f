from actorflow.script import ctx, process


async def main(count):
    await process.send(ctx.get("observer"), "please", ["flood", count])
    inbox = process.inbox()
    return [(await inbox.receive()).payload for _ in range(count)]
