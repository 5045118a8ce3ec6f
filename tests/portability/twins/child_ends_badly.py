from actorflow.script import process


async def main():
    events = process.events()
    pid = await process.spawn_monitored("app:part_fails_py", "")
    event = await events.receive()
    return [event["from"] == pid, event.error.kind, event.error.details["why"]]
