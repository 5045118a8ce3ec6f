from actorflow.script import ctx, process


async def main():
    observer = ctx.get("observer")
    await process.send(observer, "please", ["send", "answer", {"n": 7}])
    message = await process.inbox().receive()
    await process.send(observer, "thanks", message.n)
    return [message.topic, message.n, message.sender == observer]
