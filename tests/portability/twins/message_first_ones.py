from actorflow.script import process


async def main():
    inbox, seen = process.inbox(), []
    for _ in range(3):
        message = await inbox.receive()
        seen.append([message.topic, message.payload])
    return seen
