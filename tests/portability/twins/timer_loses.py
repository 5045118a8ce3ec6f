from actorflow.script import channel, ctx, process, time


async def main():
    await process.send(ctx.get("observer"), "please", ["send", "go", 1])
    go, late = process.listen("go"), time.after("1h")
    chosen = await channel.select(go, late)
    return [chosen.channel is go, chosen.value]
