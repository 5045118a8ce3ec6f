from actorflow.script import process


async def main():
    events = process.events()
    pid = await process.spawn_monitored("app:part_adds_py", "", 1, 2)
    event = await events.receive()
    return [event["kind"], event.type, event["from"] == pid, event.value]
