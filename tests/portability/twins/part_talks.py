from actorflow.script import process


async def main(parent):
    await process.send(parent, "hello", 0)
    count = 0
    async for message in process.inbox():
        if message.topic == "end":
            return count
        count += 1
        await process.send(parent, "answer", message.payload * 10)
