from actorflow.script import process, workflow


async def main():
    seen = []

    async def collect():
        async for message in process.inbox():
            seen.append(message.payload)

    await process.start(collect)
    return [await workflow.wait_until("enough", lambda: sum(seen) >= 3), sum(seen)]
