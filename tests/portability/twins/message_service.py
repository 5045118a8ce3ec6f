from actorflow.script import ctx, funcs, process


async def main():
    total, observer = 0, ctx.get("observer")
    async for message in process.inbox():
        if message.topic == "end":
            return total
        total += message.payload
        await process.send(observer, "total", total)
        await funcs.call("app:mark", total)
