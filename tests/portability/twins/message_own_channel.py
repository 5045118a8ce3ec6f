from actorflow.script import channel, process


async def main():
    box = channel.new(1)
    process.subscribe("news", box)
    first = await box.receive()
    gone = process.unsubscribe(box)
    await process.send(process.pid(), "news", 2)
    rest = await process.inbox().receive()
    return [first, gone, rest.topic, rest.payload]
