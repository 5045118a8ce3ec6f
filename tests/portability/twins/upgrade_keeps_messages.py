from actorflow.script import process


async def main(left, seen=None):
    seen = [*(seen or []), (await process.inbox().receive()).payload]
    if left > 0:
        await process.upgrade(None, left - 1, seen)
    return seen
