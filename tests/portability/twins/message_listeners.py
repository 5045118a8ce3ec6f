from actorflow.script import process


async def main():
    raw = process.listen("raw")
    whole = process.listen("whole", message=True)
    one, two = await raw.receive(), await whole.receive()
    other = await process.inbox().receive()
    return [one, two.topic, two.payload, other.topic, process.unlisten(raw), process.unlisten(raw)]
