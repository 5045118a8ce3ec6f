from actorflow.script import channel, funcs, process, time


async def main():
    go, late = process.listen("go"), time.after("5ms")
    chosen = await channel.select(go, late)
    return [chosen.channel is late, await funcs.call("app:mark", "nobody came")]
