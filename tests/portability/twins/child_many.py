from actorflow.script import process


async def main(count):
    events, total = process.events(), 0
    for n in range(1, count + 1):
        await process.spawn_monitored("app:part_adds_py", "", n, n)
    for _ in range(count):
        total += (await events.receive()).value
    return total
