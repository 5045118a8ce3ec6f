from actorflow.script import process


async def main():
    me = process.pid()
    await process.send(me, "mine", {"n": 5})
    message = await process.inbox().receive()
    return [message.topic, message.n, message.sender == me]
