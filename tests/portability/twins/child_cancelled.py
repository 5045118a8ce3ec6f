from actorflow.script import process


async def main():
    events, inbox = process.events(), process.inbox()
    pid = await process.spawn_monitored("app:part_waits_py", "", process.pid())
    await inbox.receive()
    await process.cancel(pid, "enough")
    event = await events.receive()
    return [event["from"] == pid, event.value]
