from actorflow.script import process


async def main():
    events = process.events()
    spawner = process.with_message("ask", 1).with_message("ask", 2).with_message("end")
    await spawner.spawn_monitored("app:part_talks_py", "", process.pid())
    inbox, seen = process.inbox(), []
    for _ in range(3):
        message = await inbox.receive()
        seen.append([message.topic, message.payload])
    return [seen, (await events.receive()).value]
